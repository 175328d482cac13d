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

    @Test(arguments: ways) func aTableIsReadAgainWhereItsValuesChangeWithoutAChange(way: String) async throws {
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

    @Test(arguments: ways) func whatShowsTheSameCopiesNothing(way: String) async throws {
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
