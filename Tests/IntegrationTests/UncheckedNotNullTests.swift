import TandemCore
import TandemTesting
import Testing

@testable import TandemEngine

/// `NOT NULL … NOT VALID` (Postgres 18): the column is called NOT NULL, and rows have nulls in it all the same.
@Suite(.blocking) struct UncheckedNotNullTests {
    private static let setup = """
        CREATE TABLE t (k int UNIQUE, v text);
        INSERT INTO t VALUES (NULL, 'a'), (NULL, 'b'), (1, 'c');
        ALTER TABLE t ADD CONSTRAINT nn NOT NULL k NOT VALID
        """
    private static let byIndex = "ALTER TABLE t REPLICA IDENTITY USING INDEX t_k_key"

    /// The log would tell the rows with nulls apart by nothing.
    @Test func anIndexOverNullsIsNoIdentity() async throws {
        var shop = try FollowedDatabase(.v18, "\(Self.setup); \(Self.byIndex)")
        shop.sync.tables = [TableRule(try TablePattern("public.t"))]
        await #expect { try await shop.run() } throws: { error in
            "\(error)".contains("Column k of the index that is its replica identity may hold nulls")
        }
        shop.sync.method = .auto
        try await shop.run()
        try shop.database.execute("DELETE FROM t WHERE v = 'a'; INSERT INTO t VALUES (5, 'n')")
        try await shop.run()
        #expect(try await shop.ask("SELECT v FROM public.t ORDER BY v") == [["b"], ["c"], ["n"]])
        // Once it is checked, it does.
        try shop.database.execute("DELETE FROM t WHERE k IS NULL; ALTER TABLE t VALIDATE CONSTRAINT nn")
        shop.sync.method = .fixed(.logBased)
        try await shop.run()
        try shop.database.execute("DELETE FROM t WHERE v = 'c'")
        try await shop.run()
        #expect(try await shop.ask("SELECT v FROM public.t ORDER BY v") == [["n"]])
        try await shop.tearDown()
    }

    /// A table that comes to be told apart by such an index while it is followed: no row goes that is there.
    @Test func aFollowedTableComesToIt() async throws {
        let shop = try FollowedDatabase(.v18, "\(Self.setup); ALTER TABLE t REPLICA IDENTITY FULL")
        try await shop.run()
        try shop.database.execute("UPDATE t SET v = 'd' WHERE k = 1")
        try await shop.run()
        try shop.database.execute("\(Self.byIndex); DELETE FROM t WHERE v = 'a'; INSERT INTO t VALUES (5, 'n')")
        let failures = try await shop.with { try await $0.run() }.report.failures
        #expect(failures.count == 1)
        let found = try await shop.ask("SELECT v FROM public.t ORDER BY v")
        #expect(found.contains(["b"]) && found.contains(["d"]))
        try shop.database.execute("ALTER TABLE t REPLICA IDENTITY FULL")
        try await shop.run()
        #expect(try await shop.ask("SELECT v FROM public.t ORDER BY v") == [["b"], ["d"], ["n"]])
        try await shop.tearDown()
    }

    /// A cursor is read with its nulls.
    @Test func nullsOfACursorAreRead() async throws {
        var shop = try CursorDatabase(
            .init(version: .v18),
            """
            CREATE TABLE t (id int PRIMARY KEY, stamp int, v text);
            INSERT INTO t VALUES (1, NULL, 'a'), (2, 5, 'b');
            ALTER TABLE t ADD CONSTRAINT nn NOT NULL stamp NOT VALID
            """
        )
        try shop.read("public.t", by: ["stamp"])
        try await shop.run()
        try shop.database.execute(
            """
            ALTER TABLE t DROP CONSTRAINT nn; INSERT INTO t VALUES (3, NULL, 'c');
            ALTER TABLE t ADD CONSTRAINT nn NOT NULL stamp NOT VALID
            """
        )
        #expect(try await shop.reading().isMerged)
        for result in try await shop.verify() {
            guard case .equal = result.verdict else { Issue.record("\(result.verdict)"); continue }
        }
        try shop.tearDown()
    }
}
