import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct TriggerSetupTests {
    static let levels = [false, true]

    /// A commit costs more than what is made in it.
    @Test func manyTablesShareTransactions() throws {
        let server = try PostgresServer(.v16)
        defer { server.stop() }
        let stage = try TriggerStage(
            TestDatabase(server),
            (1...45).map { "CREATE TABLE t\($0) (id int PRIMARY KEY);" }.joined()
        )
        let tables = try (1...45).map { try stage.number("t\($0)") }
        let setup = TriggerSetup(session: stage.session, config: stage.config) { _ in }
        func transactions() throws -> Int { Int(try stage.database.execute("SELECT txid_current()")) ?? 0 }
        let before = try transactions()
        #expect(try setup.apply(tables).count == 45)
        // What they share, three groups, and the one that asks.
        #expect(try transactions() - before <= 5)
        let facts = try TriggerFacts.of(tables, stage.session, config: stage.config)
        let faults = facts.captures.values.flatMap(\.faults)
        #expect(facts.captures.count == 45 && faults.isEmpty)
        #expect(try setup.apply(tables).isEmpty)
    }

    /// Whoever writes waits behind the one who waits for a lock.
    @Test func nobodyWaitsLongBehindASetup() async throws {
        let stage = try TriggerStage(
            .v16,
            """
            CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE p (id serial PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p DEFAULT
            """
        )
        let writer = try stage.database.session()
        let other = try stage.database.session()
        for table in ["t", "p"] {
            let number = try stage.number(table)
            try writer.execute("BEGIN; INSERT INTO \(table) DEFAULT VALUES")
            try other.execute("SET lock_timeout = '500ms'")
            let isWaiting = Atomic(false)
            let config = stage.config
            async let made = Blocking.run { interruption in
                let session = try Session(config, in: .test, interruption: interruption)
                defer { session.close() }
                return try TriggerSetup(session: session, config: config) { _ in
                    isWaiting.store(true, ordering: .relaxed)
                }.apply([number])
            }
            while !isWaiting.load(ordering: .relaxed) {
                try other.execute("INSERT INTO \(table) DEFAULT VALUES")
                try other.execute("UPDATE \(table) SET id = -id WHERE id = 7")
            }
            try writer.execute("COMMIT")
            #expect(try await made.count == 1)
            #expect(try stage.facts(table)?.faults == [])
        }
    }

    @Test(arguments: PostgresServer.Version.allCases, levels)
    func everyChangeIsNoted(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(
            version,
            before10: byRow,
            "CREATE TABLE t (note text, id int PRIMARY KEY); INSERT INTO t SELECT 'x', i FROM generate_series(1, 3) i"
        )
        #expect(try stage.facts("t")?.faults == [.notSetUp])
        #expect(try stage.capture("t") == [TableName(schema: "public", table: "t")])
        let facts = try #require(try stage.facts("t"))
        #expect(facts.isSound && facts.faults.isEmpty && facts.keyNumbers == [2])
        try stage.database.execute("INSERT INTO t VALUES ('y', 4), ('y', 5)")
        #expect(try stage.take("t") == ["r 4", "r 5"])
        try stage.database.execute("UPDATE t SET note = 'z' WHERE id < 3")
        #expect(try stage.take("t") == ["r 1", "r 2"])
        try stage.database.execute("UPDATE t SET id = id + 10 WHERE id = 2")
        #expect(try stage.take("t") == ["r 12", "r 2"])
        try stage.database.execute("UPDATE t SET id = id + 20 WHERE id IN (4, 5)")
        #expect(try stage.take("t") == ["r 24", "r 25", "r 4", "r 5"])
        try stage.database.execute("DELETE FROM t WHERE id = 3")
        #expect(try stage.take("t") == ["r 3"])
        try stage.database.execute("TRUNCATE t")
        #expect(try stage.take("t") == ["t"])
        try stage.database.execute("COPY t (id) FROM PROGRAM 'echo 7'")
        #expect(try stage.take("t") == ["r 7"])
        try stage.database.execute("INSERT INTO t VALUES ('a', 7), ('b', 8) ON CONFLICT (id) DO UPDATE SET note = 'c'")
        #expect(try stage.take("t") == ["r 7", "r 8"])
        try stage.database.execute(
            "BEGIN; INSERT INTO t VALUES ('a', 30); SAVEPOINT s; INSERT INTO t VALUES ('a', 31); ROLLBACK TO s; COMMIT"
        )
        #expect(try stage.take("t") == ["r 30"])
        try stage.database.execute("BEGIN; DELETE FROM t; ROLLBACK")
        try stage.database.execute("UPDATE t SET note = '' WHERE id = 999; DELETE FROM t WHERE id = 999")
        #expect(try stage.take("t") == [])
        try stage.database.execute("SET session_replication_role = replica; DELETE FROM t WHERE id = 7")
        #expect(try stage.take("t") == ["r 7"])
        if version != .v15 || !byRow {
            try stage.database.execute(
                """
                MERGE INTO t USING (VALUES (8), (9), (30)) s (id) ON t.id = s.id
                WHEN MATCHED AND s.id = 30 THEN DELETE WHEN MATCHED THEN UPDATE SET note = 'm'
                WHEN NOT MATCHED THEN INSERT VALUES ('m', s.id)
                """
            )
            #expect(try stage.take("t") == ["r 30", "r 8", "r 9"])
        }
        #expect(try stage.capture("t") == [])
        #expect(try stage.facts("t")?.mark == facts.mark)
        #expect(try stage.gaps("t") == [])
    }

    /// Roles that write need no rights on what is Tandem's, and what they put in the way changes nothing.
    @Test(arguments: PostgresServer.Version.allCases, levels)
    func everybodyWhoMayWriteIsNoted(version: PostgresServer.Version, byRow: Bool) throws {
        let stage = try TriggerStage(
            version,
            before10: byRow,
            """
            CREATE TABLE t (id int PRIMARY KEY, note text);
            """
        )
        let role = "writer_\(stage.database.name)"
        try stage.capture("t")
        try stage.database.execute(
            """
            CREATE ROLE \(role); GRANT ALL ON t TO \(role); CREATE SCHEMA mine AUTHORIZATION \(role);
            SET ROLE \(role); SET search_path = mine, pg_catalog;
            CREATE FUNCTION mine.wrong(int, int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken in'; END $$;
            CREATE FUNCTION mine.wrong(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken in'; END $$;
            CREATE FUNCTION mine.wrong(oid, oid) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken in'; END $$;
            CREATE OPERATOR mine.= (LEFTARG = int, RIGHTARG = int, PROCEDURE = mine.wrong);
            CREATE OPERATOR mine.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = mine.wrong);
            CREATE OPERATOR mine.= (LEFTARG = oid, RIGHTARG = oid, PROCEDURE = mine.wrong);
            CREATE FUNCTION mine.txid_current() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
            CREATE TEMP TABLE new_rows (id int); CREATE TEMP TABLE old_rows (id int);
            INSERT INTO public.t VALUES (1, 'a'), (2, 'b'); UPDATE public.t SET id = 3 WHERE id OPERATOR(pg_catalog.=) 2;
            """
        )
        #expect(try stage.take("t") == ["r 1", "r 2", "r 3"])
        for statement in ["SELECT * FROM tandem.captures", "DELETE FROM \(TriggerNames.log(try stage.number("t")))"] {
            #expect(throws: (any Error).self) {
                try stage.database.execute("SET ROLE \(role); \(statement)")
            }
        }
        try stage.database.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }

    @Test func keysOfAllShapes() throws {
        let stage = try TriggerStage(
            .v16,
            """
            CREATE DOMAIN code AS text NOT NULL; CREATE TYPE mood AS ENUM ('sad', 'glad');
            CREATE TABLE "We""ird $note$ %s" ("a ""b%s" code, tandem_reason mood, TG_OP numeric, v text,
              PRIMARY KEY (tandem_reason, "a ""b%s", TG_OP));
            CREATE TABLE u (new_rows int NOT NULL, v text); CREATE UNIQUE INDEX ON u (new_rows) INCLUDE (v);
            CREATE TABLE k (id numeric PRIMARY KEY); CREATE TABLE keyless (id int); CREATE TABLE l (id int[] PRIMARY KEY);
            CREATE TABLE b (id bit(3), c char(4), "char" "char", PRIMARY KEY (id, c, "char"));
            """
        )
        let name = #""We""ird $note$ %s""#
        #expect(try stage.capture(name, "u", "k", "keyless", "l", "b").count == 4)
        try stage.database.execute("INSERT INTO \(name) VALUES ('x', 'glad', 1), ('y', 'sad', 2)")
        #expect(try stage.take(name) == ["r glad x 1", "r sad y 2"])
        try stage.database.execute("UPDATE \(name) SET v = 1 WHERE tg_op = 2; TRUNCATE \(name)")
        #expect(try stage.take(name) == ["r sad y 2", "t"])
        try stage.database.execute("INSERT INTO u VALUES (1); INSERT INTO k VALUES (1.0); UPDATE k SET id = 1.00")
        #expect(try stage.take("u") == ["r 1"])
        #expect(try stage.take("k") == ["r 1.0", "r 1.00"])
        #expect(try stage.facts("keyless") == nil && stage.facts("l") == nil)
        try stage.database.execute("INSERT INTO b VALUES (B'101', 'x', 'y')")
        #expect(try stage.take("b") == ["r 101 x    y"])
        for name in [name, "u", "k", "b"] { #expect(try stage.facts(name)?.faults == []) }
    }

    @Test(arguments: TriggerSetupTests.levels) func aStatementOfManyRows(byRow: Bool) throws {
        let stage = try TriggerStage(.v18, before10: byRow, "CREATE TABLE t (a int, b text, PRIMARY KEY (a, b))")
        try stage.capture("t")
        try stage.database.execute("INSERT INTO t SELECT i, i FROM generate_series(1, 30000) i")
        #expect(try stage.take("t") == (1...30000).map { "r \($0) \($0)" }.sorted())
        try stage.database.execute("UPDATE t SET a = -a")
        #expect(try stage.take("t").count == 60000)
        try stage.database.execute("DELETE FROM t")
        #expect(try stage.take("t").count == 30000)
    }
}
