import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What was otherwise for a while, between two runs, and is as it was by the second.
@Suite(.blocking) struct FollowedForAWhileTests {
    private static let setup = """
        CREATE TABLE notes (id int PRIMARY KEY, note text NOT NULL);
        CREATE TABLE prices (id int PRIMARY KEY, cents bigint);
        CREATE TABLE base (id int, note text NOT NULL);
        CREATE TABLE parted (id int PRIMARY KEY, note text NOT NULL) PARTITION BY RANGE (id);
        CREATE TABLE low PARTITION OF parted FOR VALUES FROM (100) TO (200);
        ALTER TABLE base REPLICA IDENTITY FULL;
        CREATE UNIQUE INDEX by_note ON notes (note);
        INSERT INTO notes VALUES (1, 'a'), (2, 'b'), (3, 'c'); INSERT INTO prices VALUES (1, 1), (2, 2), (3, 3);
        INSERT INTO parted VALUES (100, 'x'); INSERT INTO base VALUES (7, 'y');
        """

    private static let write = "UPDATE notes SET note = note || '!' WHERE id = 2; DELETE FROM notes WHERE id = 3;"

    private struct Step {
        var sql: String
        /// What is copied again, by a part of the reason.
        var copied: [String: String] = [:]
    }

    private func check(_ way: String, _ steps: [Step], _ setup: String = setup) async throws {
        var shop = try FollowedDefinitionTests.database(way, setup)
        if way.hasSuffix("triggers") { shop.sync.tables = [TableRule(try TablePattern("public.base"), excludes: true)] }
        try await shop.run()
        for step in steps {
            let reasons = try await shop.reasons(after: step.sql)
            try await shop.checkEqual(after: step.sql)
            #expect(Set(reasons.keys) == Set(step.copied.keys), "\(step.sql): \(reasons)")
            for (table, part) in step.copied {
                #expect(reasons[table]?.contains(part) == true, "\(step.sql): \(reasons)")
            }
        }
        try await shop.tearDown()
    }

    /// The plugin passes changes over while there is none.
    @Test func aReplicaIdentityThatWasGone() async throws {
        let told = ["notes": "did not tell"]
        try await check(
            "15 wal2json",
            [
                Step(
                    sql:
                        "ALTER TABLE notes DROP CONSTRAINT notes_pkey; \(Self.write) ALTER TABLE notes ADD PRIMARY KEY (id)",
                    copied: told
                ),
                Step(
                    sql: "ALTER TABLE notes REPLICA IDENTITY NOTHING; UPDATE notes SET note = 'z' WHERE id = 1; "
                        + "ALTER TABLE notes REPLICA IDENTITY DEFAULT",
                    copied: told
                ),
                Step(sql: "ALTER TABLE notes REPLICA IDENTITY NOTHING; ALTER TABLE notes REPLICA IDENTITY DEFAULT"),
                Step(
                    sql: "BEGIN; ALTER TABLE low REPLICA IDENTITY NOTHING; UPDATE parted SET note = 'z'; "
                        + "ALTER TABLE low REPLICA IDENTITY DEFAULT; COMMIT",
                    copied: ["parted": "did not tell"]
                ),
                Step(sql: "REINDEX TABLE CONCURRENTLY notes\n---\nUPDATE notes SET note = 'r' WHERE id = 1"),
            ]
        )
    }

    @Test(arguments: ["15 pgoutput", "15 wal2json", "15 triggers", "18 pgoutput"])
    func anotherReplicaIdentity(way: String) async throws {
        let shop = try FollowedDefinitionTests.database(way, Self.setup)
        var copy = shop
        if way.hasSuffix("triggers") { copy.sync.tables = [TableRule(try TablePattern("public.base"), excludes: true)] }
        try await copy.run()
        let sql = """
            ALTER TABLE notes REPLICA IDENTITY USING INDEX by_note; UPDATE notes SET id = 9 WHERE id = 1; \(Self.write)
            INSERT INTO notes VALUES (4, 'd'); ALTER TABLE notes REPLICA IDENTITY DEFAULT; UPDATE notes SET id = 5 WHERE id = 4
            """
        _ = try await copy.reasons(after: sql)
        try await copy.checkEqual(after: sql)
        try await copy.tearDown()
    }

    /// Changes come under the name of the root (pgoutput), under its own (wal2json), or fire none of its triggers.
    @Test(arguments: ["15 pgoutput", "15 wal2json", "15 triggers", "18 pgoutput", "18 triggers"])
    func aPartOfAPartitionedTable(way: String) async throws {
        let attach = "ALTER TABLE parted ATTACH PARTITION notes FOR VALUES FROM (1) TO (100);"
        let detach = "ALTER TABLE parted DETACH PARTITION notes;"
        let isPgOutput = way.hasSuffix("pgoutput")
        let other = isPgOutput ? "was a partition" : "part of another table"
        let copied = way.hasSuffix("wal2json") ? [:] : ["notes": other]
        var both = copied
        // The stream tells of a part, which is gone.
        if isPgOutput { both["parted"] = "detached or dropped" }
        var emptied = ["notes": way.hasSuffix("triggers") ? "" : "rewritten"]
        // Which of its parts were emptied by themselves is not told.
        if isPgOutput { emptied["parted"] = "truncated" }
        try await check(
            way,
            [
                Step(
                    sql:
                        "\(attach) UPDATE parted SET note = 'w' WHERE id = 1; DELETE FROM parted WHERE id = 2; \(detach)",
                    copied: both
                ),
                Step(
                    sql:
                        "BEGIN; \(attach) INSERT INTO parted VALUES (4, 'd'); \(detach) COMMIT; INSERT INTO notes VALUES (5, 'e')",
                    copied: both
                ),
                Step(sql: "\(attach) TRUNCATE parted; \(detach)", copied: emptied),
            ]
        )
    }

    @Test(arguments: ["15 pgoutput", "15 wal2json", "15 triggers", "18 triggers"])
    func aChildOfAnotherTable(way: String) async throws {
        let copied = way.hasSuffix("triggers") ? ["notes": "part of another table"] : [:]
        try await check(
            way,
            [
                Step(
                    sql: "ALTER TABLE notes INHERIT base; UPDATE base SET note = 'w' WHERE id = 1; "
                        + "DELETE FROM base WHERE id = 2; ALTER TABLE notes NO INHERIT base",
                    copied: copied
                )
            ]
        )
    }

    /// A table that is published cannot be.
    @Test(arguments: ["15 wal2json", "18 triggers"]) func unlogged(way: String) async throws {
        func steps(_ table: String, _ change: String) -> [Step] {
            [
                Step(
                    sql: "ALTER TABLE \(table) SET UNLOGGED; \(change); ALTER TABLE \(table) SET LOGGED",
                    copied: [table: "rewritten"]
                ),
                Step(sql: "VACUUM FULL \(table)"),
            ]
        }
        try await check(
            way,
            steps("notes", "UPDATE notes SET note = 'u' WHERE id = 1")
                + steps("prices", "DELETE FROM prices WHERE id = 1") + [
                    Step(
                        sql:
                            "ALTER TABLE prices SET UNLOGGED; INSERT INTO prices VALUES (9, 9); ALTER TABLE prices SET LOGGED; "
                            + "GRANT SELECT ON prices TO PUBLIC",
                        copied: ["prices": "rewritten"]
                    )
                ]
        )
    }

    @Test(arguments: ["15 triggers", "18 triggers"]) func triggersThatWereOff(way: String) async throws {
        try await check(
            way,
            [
                Step(
                    sql: "ALTER TABLE notes DISABLE TRIGGER ALL; \(Self.write) ALTER TABLE notes ENABLE TRIGGER ALL",
                    copied: ["notes": "disabled"]
                ),
                Step(sql: "SET session_replication_role = replica; UPDATE notes SET note = 'r' WHERE id = 1"),
            ]
        )
    }

    /// Its worker fires no statement's triggers, and is gone by the time that anybody looks, or not.
    @Test(arguments: ["15 triggers", "18 triggers"]) func aSubscription(way: String) async throws {
        let setup =
            Self.setup + "CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (base); INSERT INTO heir VALUES (1, 'h');"
        var shop = try FollowedDefinitionTests.database(way, setup)
        shop.sync.tables = [TableRule(try TablePattern("public.base"), excludes: true)]
        let upstream = TestDatabase(server: shop.database.server, name: try shop.database.server.makeDatabase())
        defer { try? upstream.drop() }
        let slot = "s_" + shop.database.name
        try upstream.execute(
            """
            CREATE TABLE notes (id int PRIMARY KEY, note text NOT NULL); INSERT INTO notes VALUES (10, 'copied'), (11, 'k');
            CREATE TABLE prices (id int PRIMARY KEY, cents bigint); CREATE TABLE heir (id int PRIMARY KEY, note text NOT NULL);
            CREATE TABLE parted (id int PRIMARY KEY, note text NOT NULL);
            CREATE PUBLICATION all_of_it FOR ALL TABLES
            """
        )
        try upstream.execute("SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput')")
        try await shop.run()
        let host = "host=\(PostgresServer.host) port=\(upstream.server.port) user=\(PostgresServer.user)"
        try shop.database.execute(
            "CREATE SUBSCRIPTION \(slot) CONNECTION '\(host) dbname=\(upstream.name)' PUBLICATION all_of_it "
                + "WITH (create_slot = false, slot_name = '\(slot)')"
        )
        try shop.database.server.awaitRow(
            "SELECT 1 FROM pg_subscription_rel HAVING count(*) = 4 AND bool_and(srsubstate = 'r')",
            in: shop.database.name
        )
        if way.hasPrefix("18") {
            #expect(try await shop.reasons(after: "INSERT INTO prices VALUES (8, 8)").isEmpty)
            try await shop.checkEqual(after: "the subscription's copy")
        }
        try upstream.execute(
            """
            INSERT INTO notes VALUES (12, 'l'), (13, 'm'), (14, 'n'); UPDATE notes SET note = 'u' WHERE id = 12;
            DELETE FROM notes WHERE id = 13; UPDATE notes SET id = 20 WHERE id = 11; INSERT INTO parted VALUES (150, 'p');
            INSERT INTO heir VALUES (5, 'h'); TRUNCATE prices; INSERT INTO prices VALUES (99, 1)
            """
        )
        try shop.database.server.awaitRow("SELECT 1 FROM prices WHERE id = 99", in: shop.database.name)
        try shop.database.execute("DROP SUBSCRIPTION \(slot)")
        #expect(try await shop.reasons(after: "INSERT INTO notes VALUES (30, 'local')").isEmpty)
        #expect(try await shop.ask("SELECT count(*) FROM public.notes") == [["8"]])
        try await shop.checkEqual(after: "the subscription")
        try await shop.tearDown()
    }

    @Test(arguments: ["15 pgoutput", "18 pgoutput"]) func anotherPublication(way: String) async throws {
        let shop = try FollowedDefinitionTests.database(way, Self.setup)
        try await shop.run()
        let name = "\"" + (try shop.database.execute("SELECT pubname FROM pg_publication ORDER BY 1 LIMIT 1")) + "\""
        let before = try shop.database.execute(
            "SELECT count(*) FROM pg_publication_tables WHERE pubname = \(name.replacing("\"", with: "'"))"
        )
        #expect(before != "0")
        let steps = [
            "ALTER PUBLICATION \(name) SET (publish = 'insert'); \(Self.write) "
                + "ALTER PUBLICATION \(name) SET (publish = 'insert, update, delete, truncate')",
            "ALTER PUBLICATION \(name) DROP TABLE notes; INSERT INTO notes VALUES (7, 'g'); "
                + "ALTER PUBLICATION \(name) ADD TABLE notes",
            "ALTER PUBLICATION \(name) SET TABLE notes WHERE (id < 5), prices, base, parted; UPDATE notes SET note = 'n' WHERE id > 5; "
                + "ALTER PUBLICATION \(name) SET TABLE notes, prices, base, parted",
        ]
        for step in steps {
            let reasons = try await shop.reasons(after: step)
            #expect(reasons["notes"]?.contains("publication") == true, "\(step): \(reasons)")
            try await shop.checkEqual(after: step)
        }
        let columns =
            "ALTER PUBLICATION \(name) SET TABLE notes (id), prices, base, parted; INSERT INTO notes VALUES (8, 'h'); "
            + "ALTER PUBLICATION \(name) SET TABLE notes, prices, base, parted"
        #expect(Array(try await shop.reasons(after: columns).keys) == ["notes"])
        try await shop.checkEqual(after: columns)
        #expect(try await shop.reasons(after: "ALTER PUBLICATION \(name) OWNER TO CURRENT_USER").isEmpty)
        // A table that joins is added to it, which has nothing to do with the others.
        let joining = "CREATE TABLE later (id int PRIMARY KEY); GRANT SELECT ON notes TO PUBLIC"
        try shop.database.execute(joining)
        let copied = try await shop.run().report.outcomes.map(\.copy.target.table)
        #expect(copied == ["later"])
        #expect(
            try await shop.reasons(after: "INSERT INTO later VALUES (1); INSERT INTO notes VALUES (11, 'k')").isEmpty
        )
        try await shop.checkEqual(after: joining)
        try await shop.tearDown()
    }

    /// Of an administrator's, by name, by schema and of all tables; and what makes it another one for a while.
    @Test(arguments: ["15", "18"], ["TABLE notes, prices", "TABLES IN SCHEMA public", "ALL TABLES"])
    func anAdministratorsPublication(version: String, members: String) async throws {
        let creation = "CREATE PUBLICATION app FOR \(members)"
        let setup = """
            CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO notes VALUES (1, 'a'), (2, 'b');
            CREATE TABLE prices (id int PRIMARY KEY); CREATE SCHEMA other; \(creation)
            """
        var shop = try FollowedDatabase(version == "15" ? .v15 : .v18, setup)
        shop.plugin = "pgoutput"
        shop.publication = "app"
        shop.sync.tables = [TableRule(try TablePattern("public.*"))]
        try await shop.run()
        var number = 10
        let write = "UPDATE notes SET note = note || 'x' WHERE id = 1; INSERT INTO notes VALUES (NUMBER, 'n');"
        var steps = [
            "ALTER PUBLICATION app SET (publish = 'insert'); \(write) "
                + "ALTER PUBLICATION app SET (publish = 'insert, update, delete, truncate')",
            "DROP PUBLICATION app; \(write) \(creation)",
            "ALTER PUBLICATION app RENAME TO away; \(write) ALTER PUBLICATION away RENAME TO app",
        ]
        if members.hasPrefix("TABLES") {
            let moved = write.replacing(" notes ", with: " other.notes ")
            steps += [
                "ALTER TABLE notes SET SCHEMA other; \(moved) ALTER TABLE other.notes SET SCHEMA public",
                "ALTER PUBLICATION app DROP TABLES IN SCHEMA public; \(write) ALTER PUBLICATION app ADD TABLES IN SCHEMA public",
            ]
        }
        for step in steps {
            number += 1
            // A statement each, as an administrator does it.
            let parts = step.replacing("NUMBER", with: "\(number)").split(separator: "; ").joined(separator: "\n---\n")
            let reasons = try await shop.reasons(after: parts)
            #expect(reasons["notes"]?.contains("publication") == true, "\(step): \(reasons)")
            try await shop.checkEqual(after: step)
        }
        let harmless = "GRANT SELECT ON notes TO PUBLIC; ALTER PUBLICATION app OWNER TO CURRENT_USER; ANALYZE notes"
        #expect(try await shop.reasons(after: harmless).isEmpty)
        #expect(try await shop.reasons(after: "INSERT INTO notes VALUES (99, 'z')").isEmpty)
        try await shop.checkEqual(after: "all of it")
        try await shop.tearDown()
    }
}
