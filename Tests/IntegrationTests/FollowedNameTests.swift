import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// Changes under names that tables had only for a while: wal2json tells tables by nothing else.
@Suite(.blocking) struct FollowedNameTests {
    private func isEqual(_ shop: FollowedDatabase) async throws -> Bool {
        if case .equal = try await shop.verify().verdict { true } else { false }
    }

    @Test(arguments: ["pgoutput", "wal2json"], [false, true])
    func changesUnderFormerNamesAreNotLost(plugin: String, isRenamedTwice: Bool) async throws {
        var shop = try FollowedDatabase(.v15, "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
        shop.plugin = plugin
        try await shop.run()
        try shop.database.execute("INSERT INTO a VALUES (2); ALTER TABLE a RENAME TO b; INSERT INTO b VALUES (3)")
        if isRenamedTwice { try shop.database.execute("ALTER TABLE b RENAME TO c; INSERT INTO c VALUES (4)") }
        try await shop.run()
        let count = try await shop.ask("SELECT count(*) FROM \(isRenamedTwice ? "c" : "b")")
        #expect(count == [[isRenamedTwice ? "4" : "3"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    @Test(arguments: ["pgoutput", "wal2json"])
    func changesOfAPartitionThatIsGoneAreNotLost(plugin: String) async throws {
        let setup = """
            CREATE TABLE a (id int PRIMARY KEY, note text) PARTITION BY LIST (id);
            CREATE TABLE a_1 PARTITION OF a FOR VALUES IN (1); CREATE TABLE a_2 PARTITION OF a FOR VALUES IN (2);
            INSERT INTO a VALUES (1, 'x'), (2, 'y')
            """
        var shop = try FollowedDatabase(.v15, setup)
        shop.plugin = plugin
        try await shop.run()
        try shop.database.execute(
            "DELETE FROM a WHERE id = 2; ALTER TABLE a DETACH PARTITION a_2; DROP TABLE a_2; UPDATE a SET note = 'z'"
        )
        try await shop.run()
        #expect(try await shop.ask("SELECT id, note FROM a") == [["1", "z"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }
}
