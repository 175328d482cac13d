import GRDB

/// The tables of a state file. A migration that was released is never changed.
enum StateSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: runs, table states, issues") { db in
            try db.execute(
                sql: """
                    CREATE TABLE run (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        sync TEXT NOT NULL,
                        started DOUBLE NOT NULL,
                        ended DOUBLE,
                        outcome TEXT NOT NULL,
                        rows INTEGER NOT NULL DEFAULT 0,
                        bytes INTEGER NOT NULL DEFAULT 0,
                        error TEXT,
                        remedy TEXT,
                        pid INTEGER NOT NULL,
                        pid_start TEXT
                    );
                    CREATE INDEX run_by_sync ON run (sync, id);
                    CREATE TABLE table_state (
                        sync TEXT NOT NULL,
                        source_schema TEXT NOT NULL,
                        source_table TEXT NOT NULL,
                        target_schema TEXT NOT NULL,
                        target_table TEXT NOT NULL,
                        source_id INTEGER NOT NULL,
                        phase TEXT NOT NULL,
                        started DOUBLE,
                        ended DOUBLE,
                        rows INTEGER NOT NULL DEFAULT 0,
                        bytes INTEGER NOT NULL DEFAULT 0,
                        copied DOUBLE,
                        checkpoint TEXT,
                        origin TEXT,
                        moment DOUBLE,
                        error TEXT,
                        remedy TEXT,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (sync, source_schema, source_table)
                    ) WITHOUT ROWID;
                    CREATE TABLE issue (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        sync TEXT NOT NULL,
                        source_schema TEXT NOT NULL,
                        source_table TEXT NOT NULL,
                        row_key TEXT NOT NULL,
                        column_name TEXT NOT NULL,
                        cause TEXT NOT NULL,
                        count INTEGER NOT NULL,
                        first_seen DOUBLE NOT NULL,
                        last_seen DOUBLE NOT NULL,
                        run INTEGER NOT NULL,
                        UNIQUE (sync, source_schema, source_table, row_key, column_name, cause)
                    );
                    """
            )
        }
        migrator.registerMigration("2: what was followed") { db in
            try db.execute(
                sql: """
                    ALTER TABLE run ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE run ADD COLUMN transactions INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE run ADD COLUMN stream_time DOUBLE;
                    """
            )
        }
        migrator.registerMigration("3: tables by their numbers") { db in
            try db.execute(sql: "CREATE INDEX table_by_id ON table_state (sync, source_id)")
        }
        migrator.registerMigration("4: what was followed since a copy") { db in
            try db.execute(sql: "ALTER TABLE table_state ADD COLUMN changes INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("5: tables by ids of any kind") { db in
            try db.execute(
                sql: """
                    ALTER TABLE table_state ADD COLUMN source TEXT NOT NULL DEFAULT '';
                    UPDATE table_state SET source = CAST(source_id AS TEXT);
                    DROP INDEX table_by_id;
                    ALTER TABLE table_state DROP COLUMN source_id;
                    CREATE INDEX table_by_source ON table_state (sync, source);
                    """
            )
        }
        return migrator
    }
}
