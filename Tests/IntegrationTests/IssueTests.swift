import TandemCore
import TandemEngine
import TandemRows
import TandemState
import TandemTesting
import Testing

/// Rows whose values a type of the warehouse cannot hold, and that are left out of what is followed.
@Suite(.blocking) struct IssueTests {
    private static let setup = """
        CREATE TABLE orders (id int PRIMARY KEY, at timestamp, n int, note text);
        ALTER TABLE orders ALTER COLUMN note SET STORAGE EXTERNAL;
        INSERT INTO orders SELECT n, '2020-01-01', n, repeat(md5(n::text), 100) FROM generate_series(1, 3) n;
        INSERT INTO orders VALUES (4, '294276-12-31', 4, 'old')
        """
    private static let late = "'294276-12-31 23:59:59'"

    private func issues(_ shop: FollowedDatabase) async throws -> [RowIssue] {
        let destination = try shop.folder.warehouse()
        let issues = try await destination.tables(of: "followed").flatMap(\.issues)
        await destination.close()
        return issues
    }

    @Test(arguments: ["pgoutput", "wal2json"]) func aRowThatDoesNotFitIsAnIssueUntilItDoes(plugin: String) async throws
    {
        var shop = try FollowedDatabase(.v15, Self.setup)
        shop.plugin = plugin
        shop.sync.unfitValues = .issue
        try await shop.run()
        #expect(try await issues(shop).map(\.keyText) == ["id = 4"], "left out of the copy")
        try shop.database.execute(
            """
            UPDATE orders SET at = \(Self.late) WHERE id IN (1, 2);
            INSERT INTO orders VALUES (5, \(Self.late), 5, 'new'), (6, '2021-01-01', 6, 'fits')
            """
        )
        let result = try await shop.run()
        #expect(result.report.outcomes.isEmpty, "nothing is copied again")
        let found = try await issues(shop)
        #expect(found.map(\.keyText).sorted() == ["id = 1", "id = 2", "id = 4", "id = 5"])
        #expect(found.allSatisfy { $0.column == "at" && $0.code == nil && !$0.cause.contains("294276") })
        #expect(result.issues.values.first?.count == 4)
        #expect(try await shop.ask("SELECT id FROM orders ORDER BY id") == [["3"], ["6"]])
        // One fits by a whole row, one is deleted, of one the large value is not sent again.
        try shop.database.execute(
            """
            UPDATE orders SET at = '2022-02-02' WHERE id = 4; DELETE FROM orders WHERE id = 5;
            UPDATE orders SET at = '2022-02-02' WHERE id = 2
            """
        )
        #expect(try await shop.run().report.outcomes.isEmpty, "nothing is copied again")
        #expect(try await issues(shop).map(\.keyText).sorted() == ["id = 1", "id = 2"])
        let tried = try await shop.with { try await $0.retryIssues { _, _ in true } }
        #expect(tried.filter(\.isSettled).map(\.issue.keyText) == ["id = 2"])
        #expect(
            try await shop.ask("SELECT id, n, length(note) FROM orders ORDER BY id")
                == [["2", "2", "3200"], ["3", "3", "3200"], ["4", "4", "3"], ["6", "6", "4"]]
        )
        try shop.database.execute("UPDATE orders SET at = NULL, id = 10 WHERE id = 1")
        try await shop.run()
        #expect(try await issues(shop).map(\.keyText) == ["id = 10"], "it has another key, and its value was not sent")
        #expect(try await shop.with { try await $0.retryIssues { _, _ in true } }.map(\.isSettled) == [true])
        let isEqual = if case .equal = try await shop.verify().verdict { true } else { false }
        #expect(isEqual)
        try shop.database.execute("INSERT INTO orders VALUES (7, \(Self.late)); TRUNCATE orders")
        try await shop.run()
        #expect(try await issues(shop).isEmpty, "there is no row any more")
        try await shop.tearDown()
    }

    /// What is to stay so is told of no more, and is an issue again where something else is wrong with it.
    @Test func ignoredIssuesAreNotCounted() async throws {
        var shop = try FollowedDatabase(.v16, Self.setup)
        shop.sync.unfitValues = .issue
        #expect(try await shop.run().issues.values.first?.count == 1)
        let ignored = try await shop.with { try await $0.ignoreIssues { _, _ in true } }
        #expect(ignored.map(\.issue.keyText) == ["id = 4"])
        #expect(try await shop.run().issues.isEmpty)
        try shop.database.execute("UPDATE orders SET n = 7 WHERE id = 4")
        #expect(try await shop.run().issues.isEmpty, "it is the same as it was")
        #expect(try await issues(shop).map(\.isIgnored) == [true])
        try shop.database.execute("UPDATE orders SET at = now() WHERE id = 4")
        try await shop.run()
        #expect(try await issues(shop).isEmpty)
        try await shop.tearDown()
    }
}
