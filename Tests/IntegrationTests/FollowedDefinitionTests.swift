import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What changes the values that a followed table shows, while no change tells of it.
@Suite(.blocking) struct FollowedDefinitionTests {
    static let ways = ["15 pgoutput", "15 wal2json", "18 pgoutput", "15 triggers", "18 triggers"]

    static let setup = """
        CREATE TYPE state AS ENUM ('open', 'payed');
        CREATE DOMAIN standing AS state;
        CREATE TYPE pair AS (state state, n int);
        CREATE TYPE span AS RANGE (subtype = int);
        CREATE TABLE prices (id int PRIMARY KEY, cents bigint);
        CREATE TABLE notes (id int PRIMARY KEY, note text, kind varchar(10), place cidr);
        CREATE TABLE bills (id int PRIMARY KEY, state state);
        CREATE TABLE many (id int PRIMARY KEY, states state[], pairs pair[], stand standing);
        CREATE TABLE keyed (state state PRIMARY KEY, n int);
        INSERT INTO prices VALUES (1, 5), (2, 7);
        INSERT INTO notes VALUES (1, 'a', 'x', '10.0.0.0/8'), (2, 'b', 'y', '10.1.2.3/32');
        INSERT INTO bills VALUES (1, 'open'), (2, 'payed');
        INSERT INTO many VALUES (1, '{open,payed}', '{"(payed,1)"}', 'payed'), (2, NULL, NULL, 'open');
        INSERT INTO keyed VALUES ('open', 1), ('payed', 2);
        """

    /// A database that is followed in `way`.
    static func database(_ way: String, _ setup: String = setup) throws -> FollowedDatabase {
        let (server, plugin) = (way.prefix(2), String(way.dropFirst(3)))
        let version: PostgresServer.Version = server == "15" ? .v15 : server == "16" ? .v16 : .v18
        var shop = try FollowedDatabase(version, setup)
        if plugin == "triggers" {
            shop.sync.method = .fixed(.triggerBased)
            shop.sync.autoSetup = true
        } else {
            shop.plugin = plugin
        }
        return shop
    }

    /// What is asked of the catalog is the same for all; triggers are those of one server.
    private static let kinds = ways.filter { $0 != "15 triggers" }

    @Test(arguments: kinds) func aTableIsReadAgainWhereItsValuesChangeWithoutAChange(way: String) async throws {
        let shop = try Self.database(way)
        try await shop.run()
        let steps = [
            ("ALTER TABLE prices ALTER cents TYPE bigint USING cents * 100", ["prices": "rewritten"]),
            ("ALTER TABLE notes ALTER note TYPE text USING upper(note)", ["notes": "rewritten"]),
            ("ALTER TABLE notes ALTER place TYPE inet", ["notes": "\"place\" has another type"]),
            (
                "ALTER TYPE state RENAME VALUE 'payed' TO 'paid'",
                ["bills": "label", "many": "label", "keyed": "label"]
            ),
            (
                "BEGIN; INSERT INTO bills VALUES (3, 'paid'); ALTER TYPE state RENAME VALUE 'paid' TO 'settled'; "
                    + "INSERT INTO bills VALUES (4, 'settled'); COMMIT",
                ["bills": "label", "many": "label", "keyed": "label"]
            ),
            (
                "ALTER TYPE state RENAME VALUE 'open' TO 'x'; UPDATE keyed SET n = 3; "
                    + "ALTER TYPE state RENAME VALUE 'x' TO 'open'",
                ["bills": "label", "many": "label", "keyed": "label"]
            ),
            ("ALTER TYPE pair ADD ATTRIBUTE more text", ["many": "attributes"]),
            ("ALTER TYPE pair DROP ATTRIBUTE n", ["many": "attributes"]),
        ]
        for (step, wanted) in steps {
            let reasons = try await shop.reasons(after: step)
            try await shop.checkEqual(after: step)
            #expect(Set(reasons.keys) == Set(wanted.keys), "\(step): \(reasons)")
            for (table, reason) in reasons { #expect(reason.contains(wanted[table] ?? "-"), "\(step): \(reason)") }
        }
        #expect(try await shop.reasons(after: "UPDATE prices SET cents = 1 WHERE id = 1").isEmpty)
        try await shop.tearDown()
    }

    @Test(arguments: ["15 triggers", "18 triggers", "18 pgoutput"])
    func anExpressionThatIsSetAnew(way: String) async throws {
        let setup = """
            CREATE TABLE made (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED);
            INSERT INTO made (id, a) VALUES (1, 1), (2, 2)
            """
        let shop = try Self.database(way, setup)
        try await shop.run()
        try await shop.checkEqual(after: "nothing")
        var steps = [
            "ALTER TABLE made DROP COLUMN b; ALTER TABLE made ADD COLUMN b int GENERATED ALWAYS AS (a * 3) STORED"
        ]
        if way.hasPrefix("18") { steps.append("ALTER TABLE made ALTER b SET EXPRESSION AS (a * 4)") }
        if way == "18 triggers" {
            steps.append("ALTER TABLE made ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL")
            steps.append("ALTER TABLE made ALTER v SET EXPRESSION AS (a + 2)")
        }
        for step in steps {
            #expect(try await !shop.reasons(after: step).isEmpty, "\(step)")
            try await shop.checkEqual(after: step)
        }
        #expect(try await shop.reasons(after: "UPDATE made SET a = 9 WHERE id = 1") == [:])
        try await shop.checkEqual(after: "an update")
        try await shop.tearDown()
    }

    /// A partition that is truncated by its own name, which pgoutput does not tell of.
    @Test(arguments: ["15 wal2json", "18 pgoutput", "18 triggers"]) func partitionsAreEmptied(way: String) async throws {
        let setup = """
            CREATE TABLE p (id int, k int, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
            CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
            CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) PARTITION BY LIST (id);
            CREATE TABLE p2a PARTITION OF p2 DEFAULT;
            CREATE TABLE bare (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
            CREATE TABLE bare1 PARTITION OF bare DEFAULT;
            INSERT INTO p VALUES (1, 1, 'a'), (2, 2, 'b'); INSERT INTO bare VALUES (1, 1), (2, 1)
            """
        let shop = try Self.database(way, setup)
        try await shop.run()
        let copiesNothing = [
            "VACUUM FULL p; CLUSTER p1 USING p1_pkey; VACUUM FULL bare", "INSERT INTO p VALUES (3, 1, 'c')",
            "VACUUM FULL p1\n---\nGRANT SELECT (id) ON p1 TO PUBLIC",
        ]
        for step in copiesNothing {
            #expect(try await shop.reasons(after: step.replacing("; ", with: "\n---\n")) == [:], "\(step)")
            try await shop.checkEqual(after: step)
        }
        let empties = [
            "TRUNCATE p2; INSERT INTO p VALUES (21, 2, 'n')", "TRUNCATE p1, p2",
            "INSERT INTO p VALUES (1, 1, 'a'), (2, 2, 'b')", "TRUNCATE p2a; TRUNCATE bare1",
            "BEGIN; TRUNCATE p; INSERT INTO p VALUES (5, 1, 'x'), (6, 2, 'y'); TRUNCATE p1; "
                + "INSERT INTO p VALUES (7, 1, 'z'); INSERT INTO bare VALUES (9, 9); COMMIT",
            "TRUNCATE bare1; INSERT INTO bare VALUES (4, 4); TRUNCATE p1; ANALYZE p1",
        ]
        for step in empties {
            _ = try await shop.reasons(after: step)
            try await shop.checkEqual(after: step)
        }
        try await shop.tearDown()
    }

    @Test(arguments: kinds) func whatShowsTheSameCopiesNothing(way: String) async throws {
        let shop = try Self.database(way)
        try await shop.run()
        let tables = ["prices", "notes", "bills", "many", "keyed"]
        let harmless = [
            "GRANT SELECT (%1), INSERT ON %t TO PUBLIC", "ALTER TABLE %t ALTER %1 SET STATISTICS 500", "ANALYZE %t",
            "VACUUM FULL %t", "CLUSTER %t USING %t_pkey", "REINDEX TABLE %t", "REINDEX TABLE CONCURRENTLY %t",
            "CREATE INDEX ON %t (%1)", "COMMENT ON COLUMN %t.%1 IS 'first'", "ALTER TABLE %t OWNER TO CURRENT_USER",
            "ALTER TABLE %t SET (fillfactor = 70)",
        ].joined(separator: "\n---\n")
        let steps = [
            harmless, harmless, "VACUUM FULL %t\n---\nGRANT SELECT (%1) ON %t TO PUBLIC\n---\nCLUSTER %t USING %t_pkey",
            "VACUUM FREEZE %t\n---\nREVOKE ALL (%1) ON %t FROM PUBLIC\n---\nALTER TABLE %t ALTER %1 SET NOT NULL",
            "TRUNCATE %t",
        ]
        for step in steps {
            let sql = tables.map { table in
                let column = table == "keyed" ? "state" : "id"
                return step.replacing("%t", with: table).replacing("%1", with: column)
            }.joined(separator: "\n---\n")
            #expect(try await shop.reasons(after: sql).isEmpty, "\(step)")
        }
        let others = [
            "ALTER TYPE state ADD VALUE 'new' BEFORE 'open'", "ALTER TABLE notes ALTER kind TYPE varchar(20)",
            "INSERT INTO prices VALUES (7, 7), (8, 8)", "TRUNCATE prices; INSERT INTO prices VALUES (9, 9)",
            "BEGIN; TRUNCATE prices; INSERT INTO prices VALUES (10, 9); COMMIT",
            "ALTER TABLE prices ADD COLUMN more int DEFAULT 1", "VACUUM FULL prices",
            "GRANT SELECT ON prices TO PUBLIC\n---\nVACUUM FULL prices",
        ]
        for step in others { #expect(try await shop.reasons(after: step) == [:], "\(step)") }
        try await shop.checkEqual(after: "all of it")
        try await shop.tearDown()
    }
}
