import TandemCore
import TandemEngine
import TandemState
import TandemTesting
import Testing

/// Columns that come and go while no row changes, and columns that are chosen later.
@Suite(.blocking) struct FollowedColumnTests {
    private static let setup = """
        CREATE TABLE orders (id int PRIMARY KEY, note text, secret text);
        INSERT INTO orders SELECT n, 'note ' || n, 'secret ' || n FROM generate_series(1, 3) n
        """

    private func isEqual(_ result: Verification.TableResult) -> Bool {
        if case .equal = result.verdict { true } else { false }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func anAddedColumnComesWithTheNextRunThoughNoRowHasChanged(version: PostgresServer.Version) async throws {
        let shop = try FollowedDatabase(version, Self.setup)
        try await shop.run()
        try shop.database.execute("ALTER TABLE orders ADD COLUMN kind text NOT NULL DEFAULT 'plain', ADD COLUMN n int")
        let result = try await shop.run()
        #expect(result.report.outcomes.isEmpty, "nothing is copied again")
        #expect(
            try await shop.ask("SELECT id, kind, n FROM orders ORDER BY id") == (1...3).map { ["\($0)", "plain", "-"] }
        )
        let compared = try await shop.verify()
        #expect(isEqual(compared) && compared.leftOut.isEmpty)
        try shop.database.execute("UPDATE orders SET n = 7, kind = 'other' WHERE id = 2")
        try await shop.run()
        #expect(try await shop.ask("SELECT kind, n FROM orders WHERE id = 2") == [["other", "7"]])
        try await shop.tearDown()
    }

    /// It has values in rows that the copy shows, and no change of them is to come.
    @Test func aColumnThatIsAddedBetweenPlanAndCopyHasItsValues() async throws {
        let shop = try FollowedDatabase(.v18, Self.setup)
        try await shop.run { event in
            guard case .planned = event else { return }
            _ = try? shop.database.execute("ALTER TABLE orders ADD COLUMN n int; UPDATE orders SET n = id")
        }
        #expect(try await shop.ask("SELECT id, n FROM orders ORDER BY id") == (1...3).map { ["\($0)", "\($0)"] })
        #expect(isEqual(try await shop.verify()))
        try await shop.tearDown()
    }

    @Test func aTableThatIsRenamedBetweenPlanAndCopyIsCopiedUnderItsNewName() async throws {
        let shop = try FollowedDatabase(.v16, Self.setup)
        try await shop.run { event in
            guard case .planned = event else { return }
            _ = try? shop.database.execute("ALTER TABLE orders RENAME TO sales")
        }
        #expect(try await shop.ask("SELECT count(*) FROM sales") == [["3"]])
        try await shop.tearDown()
    }

    /// It is copied again in the same run, and known once.
    @Test func statusKnowsATableThatIsRenamedAfterThePlan() async throws {
        var shop = try FollowedDatabase(.v16, Self.setup)
        let state = try StateStore.inMemory()
        shop.state = state
        try await shop.run()
        let database = shop.database
        let result = try await shop.run { event in
            guard case .planned = event else { return }
            _ = try? database.execute(
                """
                ALTER TABLE orders RENAME TO sales; ALTER TABLE sales ADD COLUMN place float8 DEFAULT random();
                UPDATE sales SET note = 'seen' WHERE id = 1
                """
            )
        }
        #expect(result.report.outcomes.count == 1)
        #expect(try await state.tables(of: shop.sync.name).map { "\($0.source)" } == ["public.sales"])
        try await shop.tearDown()
    }

    @Test func verifyBringsAddedColumnsAndLeavesOutDroppedOnes() async throws {
        let shop = try FollowedDatabase(.v16, Self.setup)
        try await shop.run()
        try shop.database.execute("ALTER TABLE orders ADD COLUMN n int DEFAULT 5; ALTER TABLE orders DROP COLUMN note")
        let compared = try await shop.verify()
        #expect(isEqual(compared), "\(compared.verdict)")
        #expect(compared.leftOut.allSatisfy { $0.name == "note" })
        #expect(try await shop.ask("SELECT note, n FROM orders WHERE id = 2") == [["note 2", "5"]])
        try await shop.tearDown()
    }

    @Test func aColumnWhoseValuesNobodyKnowsHasTheTableCopiedAgain() async throws {
        let shop = try FollowedDatabase(.v16, Self.setup)
        try await shop.run()
        try shop.database.execute("ALTER TABLE orders ADD COLUMN place double precision DEFAULT random()")
        let result = try await shop.run()
        #expect(result.report.outcomes.count == 1)
        #expect(isEqual(try await shop.verify()))
        try await shop.tearDown()
    }

    /// The newest column, which only its being left out tells from one that was added since.
    @Test(arguments: [false, true]) func aColumnThatIsChosenLaterHasItsValues(isAddedLater: Bool) async throws {
        var shop = try FollowedDatabase(.v16, Self.setup)
        let column = isAddedLater ? "later" : "secret"
        let all = shop.sync
        var rule = TableRule(try TablePattern("public.*"))
        rule.columns = .except([NamePattern(literal: column)])
        shop.sync.tables = [rule]
        try await shop.run()
        if isAddedLater {
            try shop.database.execute("ALTER TABLE orders ADD COLUMN later text; UPDATE orders SET later = 'l' || id")
        } else {
            try shop.database.execute("UPDATE orders SET note = 'changed' WHERE id = 2")
        }
        try await shop.run()
        #expect(try await shop.verify().leftOut.isEmpty, "what is not chosen is not missed")
        shop.sync = all
        #expect(try await shop.run().report.outcomes.count == 1, "it is copied again")
        let wanted = (1...3).map { [isAddedLater ? "l\($0)" : "secret \($0)"] }
        #expect(try await shop.ask("SELECT \(column) FROM orders ORDER BY id") == wanted)
        #expect(isEqual(try await shop.verify()))
        try await shop.tearDown()
    }
}
