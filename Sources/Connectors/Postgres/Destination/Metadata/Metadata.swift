import TandemCore
import TandemRows

/// What Tandem remembers in the database it writes to: the tables of schema `tandem`.
struct Metadata {
    static let schema = "tandem"
    static let version = 9
    /// What the comment on each of our tables begins with, unless users have given it another. What is not ours, as
    /// ``Relations`` tells it, is never dropped or replaced.
    static let mark = "copied by tandem"
    /// Those who prepare or sweep take turns under this number.
    static let lock: Int64 = 0x74_616E_6465_6D00

    let session: Session

    init(_ session: Session) { self.session = session }

    static func table(_ name: String) -> String { SQL.name(TableName(schema: schema, table: name)) }

    /// Makes the tables where they are missing. Inside a transaction.
    func prepare() throws {
        if try storedVersion() == Self.version { return }
        try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Self.lock))")
        // Another one may have made them while this one waited.
        if let version = try storedVersion() {
            if version < Self.version { try upgrade(from: version) }
            return
        }
        try refuseStrangers()
        try session.makeSchema(Self.schema)
        try session.execute(
            """
            CREATE TABLE \(Self.table("version")) (version integer NOT NULL);
            INSERT INTO \(Self.table("version")) VALUES (\(Self.version));
            CREATE TABLE \(Self.table("loads")) (
                ticket bigint NOT NULL, schema_name text NOT NULL, table_name text NOT NULL,
                note text, is_text boolean, PRIMARY KEY (schema_name, table_name)
            );
            CREATE TABLE \(Self.table("tables")) (
                sync text NOT NULL, schema_name text NOT NULL, table_name text NOT NULL,
                source_schema text NOT NULL, source_table text NOT NULL, source_id bigint NOT NULL,
                columns jsonb NOT NULL, key_columns jsonb NOT NULL, row_count bigint NOT NULL,
                checkpoint text NOT NULL, position text, origin text NOT NULL, source_time double precision NOT NULL,
                stream text, left_out text, own_columns text, parts text, cursor text, issues text, patchwork boolean,
                definition text, relation bigint, kept_columns text,
                copied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
                PRIMARY KEY (schema_name, table_name)
            );
            CREATE TABLE \(Self.table("streams")) (
                sync text NOT NULL, method text NOT NULL, id text NOT NULL, checkpoint text NOT NULL,
                source_time double precision, applied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
                PRIMARY KEY (sync, method)
            );
            \(Self.createMade);
            """
        )
    }

    private static let createMade = """
        CREATE TABLE \(table("made")) (
            sync text NOT NULL, project text NOT NULL, kind text NOT NULL, name text NOT NULL, place text NOT NULL,
            replacing text, PRIMARY KEY (sync, kind, name, place)
        )
        """

    private func upgrade(from version: Int) throws {
        let added = [
            2: "ADD COLUMN left_out text, ADD COLUMN own_columns text", 3: "ADD COLUMN parts text",
            4: "ADD COLUMN cursor text", 5: "ADD COLUMN issues text", 7: "ADD COLUMN patchwork boolean",
            8: "ADD COLUMN definition text", 9: "ADD COLUMN relation bigint, ADD COLUMN kept_columns text",
        ]
        let columns = added.keys.sorted().filter { version < $0 }.compactMap { added[$0] }.joined(separator: ", ")
        let sixth = """
            ALTER TABLE \(Self.table("streams")) ADD COLUMN method text NOT NULL DEFAULT 'LOG_BASED';
            ALTER TABLE \(Self.table("streams")) DROP CONSTRAINT streams_pkey, ADD PRIMARY KEY (sync, method);
            """
        let seventh = "ALTER TABLE \(Self.table("loads")) ADD COLUMN note text, ADD COLUMN is_text boolean;"
        try session.execute(
            """
            \(columns.isEmpty ? "" : "ALTER TABLE \(Self.table("tables")) \(columns);")
            \(version < 6 ? sixth : "")
            \(version < 7 ? seventh : "")
            \(version < 8 ? "\(Self.createMade);" : "")
            \(Self.noteRelations);
            UPDATE \(Self.table("version")) SET version = \(Self.version)
            """
        )
    }

    /// Whose a table is stood in its comment only, before 9.
    private static let noteRelations = """
        UPDATE \(table("tables")) t SET relation = c.oid::pg_catalog.int8
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = t.schema_name AND c.relname = t.table_name
          AND pg_catalog.obj_description(c.oid, 'pg_class') LIKE '\(mark)%'
        """

    private static let tables = ["loads", "made", "streams", "tables", "version"]

    func exists() throws -> Bool { try storedVersion() != nil }

    /// - Throws: ``PostgresError/destination(_:_:)`` where something of a user's has one of the names.
    func refuseStrangers() throws {
        guard let stranger = try OwnTables.stranger(Self.tables, session) else { return }
        let name = TableName(schema: Self.schema, table: stranger)
        throw PostgresError.destination(session.endpoint, .strangeMetadata(name))
    }

    /// Which version the tables are of; `nil` where there are none.
    ///
    /// - Throws: ``PostgresError/destination(_:_:)`` if that is newer than this program.
    func storedVersion() throws -> Int? {
        guard try OwnTables.exists("tables", session) else { return nil }
        let version = try session.query("SELECT max(version) FROM \(Self.table("version"))").value.flatMap { Int($0) }
        guard let version, version <= Self.version else {
            throw PostgresError.destination(session.endpoint, .newerMetadata(version: version ?? 0))
        }
        return version
    }

    /// Drops all that this program made but users' tables, and says what that was. Inside a transaction.
    func remove() throws -> [String] {
        guard try exists() else { return [] }
        var removed: [String] = []
        for load in try loads() {
            try session.execute("DROP TABLE IF EXISTS \(SQL.name(load.name))")
            removed.append("table \(load.name), left over from a run")
        }
        for name in Self.tables {
            try session.execute("DROP TABLE IF EXISTS \(Self.table(name))")
            removed.append("table \(Self.schema).\(name)")
        }
        return try removed + (removeSchemaIfEmpty() ? ["schema \(Self.schema)"] : [])
    }

    /// Drops the schema if nothing is left in it: users, and this program at the other end, may have things of their
    /// own there. Inside a transaction.
    func removeSchemaIfEmpty() throws -> Bool {
        let question = """
            SELECT NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                AND d.refobjid = n.oid) AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
            FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
            """
        guard try session.query(question, [Self.schema]).value == "t" else { return false }
        try session.execute("DROP SCHEMA \(SQL.identifier(Self.schema))")
        return true
    }
}

extension Session {
    /// Makes a schema, if there is none of that name. Inside a transaction.
    func makeSchema(_ name: String) throws {
        // Not IF NOT EXISTS, which wants the right to make one even where there is one.
        let question = "SELECT true FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
        guard try query(question, [name]).value == nil else { return }
        try execute("CREATE SCHEMA IF NOT EXISTS \(SQL.identifier(name))")
    }

    /// One of several transactions that write, begun with the settings of all of ours and made durable by its COMMIT.
    func writing<Value>(_ body: () throws -> Value) throws -> Value {
        try DestinationServer.check(self)
        return try transaction(.readWrite) {
            try execute(
                """
                SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
                WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
                """
            )
            return try body()
        }
    }
}
