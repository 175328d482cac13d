import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

@Suite struct StreamRunTests {
    private let warehouse = MemoryDatabase(name: "warehouse")
    private let orders = TableName(schema: "public", table: "orders")
    private let items = TableName(schema: "public", table: "items")

    @discardableResult
    private func run(
        _ source: LoggedSource,
        onGap: GapPolicy = .resnapshot,
        tables: [TableRule] = [],
        faults: Faults? = nil,
        repairing isRepaired: ((TablePlan) -> Bool)? = nil
    ) async throws -> SyncRun.Result {
        let sync = SyncConfiguration(name: "test", from: "shop", to: "house", tables: tables, onGap: onGap)
        return try await SyncRun(
            RunContext(
                sync,
                from: faults.map { InterceptedSource.failing(source, $0) } ?? source,
                to: faults.map { FaultyDestination(MemoryDestination(warehouse), $0) }
                    ?? MemoryDestination(warehouse),
                readers: 1,
                retries: RetryPolicy(limit: 2, firstPause: .zero, longestPause: .zero)
            ),
            state: nil
        ).run(repairing: isRepaired)
    }

    private func ids(_ table: TableName) -> [Int64] {
        SampleTable.rows(in: warehouse.tables[table]?.batches ?? []).map(\.id).sorted()
    }

    private var stream: StreamCheckpoint? {
        get async throws { try await MemoryDestination(warehouse).stream(of: "test") }
    }

    @Test func copiesFirstAndThenBringsWhatChanged() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        let first = try await run(source)
        #expect(first.report.outcomes.count == 1 && first.stream?.changes == 0)
        try source.insert(SampleTable(orders, ids: 5..<7))
        let second = try await run(source)
        #expect(second.report.outcomes.isEmpty)
        #expect(second.stream?.tables == [orders: 2])
        #expect(ids(orders) == Array(0..<7))
        #expect(try await stream?.checkpoint == Checkpoint("1"))
        #expect(source.state.withLock { $0.confirmed } == ["1"])
    }

    @Test func aMethodThatIsRefusedIsPassedOverUntilAStreamHasBegun() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        source.state.withLock { $0.refusal = NotFollowable(description: "No slot is free") }
        let first = try await run(source)
        #expect(first.plan.tables.map(\.method) == [.fullTable])
        #expect(first.plan.tables.first?.reason.hasSuffix(" Not LOG_BASED: No slot is free.") == true)
        #expect(first.report.outcomes.count == 1 && first.stream == nil && ids(orders) == Array(0..<5))
        #expect(try await stream == nil)
        source.state.withLock { $0.refusal = nil }
        #expect(try await run(source).plan.tables.map(\.method) == [.logBased])
        // Whoever has followed it once does not fall back to copying everything.
        source.state.withLock { $0.refusal = NotFollowable(description: "No slot is free") }
        await #expect(throws: NotFollowable.self) { try await run(source) }
        #expect(try await stream != nil)
    }

    @Test func aStreamThatCannotBeginJustNowIsTriedAgain() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        let fault = TestFault(isTransient: true)
        source.state.withLock { $0.hindrances = [fault, fault] }
        #expect(try await run(source).plan.tables.map(\.method) == [.logBased])
        let other = LoggedSource([SampleTable(items, ids: 0..<3)])
        try await MemoryDestination(warehouse).forget("test", tables: nil)
        other.state.withLock { $0.hindrances = [fault, fault, fault] }
        await #expect(throws: TestFault.self) { try await run(other) }
        #expect(try await stream == nil)
    }

    @Test func aTableThatIsNewIsCopiedAndTheOthersAreNot() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        var schema = SampleTable(items, ids: []).schema
        schema.id = 9
        source.database.put(.init(schema: schema, batches: SampleTable(items, ids: 0..<3).batches()))
        let result = try await run(source)
        #expect(result.report.outcomes.map(\.copy.target) == [items])
        #expect(source.state.withLock { $0.requests.last?.tables.count } == 2)
    }

    @Test func aTableThatIsLeftOutLeavesTheStreamAndIsCopiedAgainWhenItComesBack() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        let rule = TableRule(try TablePattern("public.orders"))
        try await run(source, tables: [rule])
        let copies = try await MemoryDestination(warehouse).tables(of: "test")
        #expect(copies.filter { $0.stream == nil }.map(\.target) == [items])
        #expect(try await run(source).report.outcomes.map(\.copy.target) == [items])
    }

    @Test func missingChangesMeanThatEveryTableIsCopiedAgain() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        try source.replace(SampleTable(orders, ids: 7..<9))
        let first = try await stream?.id
        source.database.loseLog()
        #expect(try await run(source).report.outcomes.count == 1)
        #expect(ids(orders) == [7, 8])
        #expect(try await stream?.id != first)
    }

    @Test func missingChangesAreAnErrorWhereThatIsAskedFor() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        let first = try await stream?.id
        source.database.loseLog()
        await #expect(throws: StreamError.self) { try await run(source, onGap: .fail) }
        #expect(ids(orders) == Array(0..<5))
        #expect(try await stream?.id == first)
    }

    @Test func aTableThatCannotFollowIsCopiedAgain() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        try source.replace(SampleTable(orders, ids: 0..<9))
        try source.insert(SampleTable(items, ids: 3..<4))
        let result = try await run(source)
        #expect(result.report.outcomes.map(\.copy.target) == [orders])
        #expect(ids(orders) == Array(0..<9))
        #expect(ids(items) == Array(0..<4))
    }

    @Test func aTransactionThatIsCutOffByATableToBeCopiedAgainIsAppliedOnce() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        try source.insert(SampleTable(items, ids: 3..<4))
        source.state.withLock { $0.cut = [1: "its columns changed"] }
        #expect(try await run(source).report.outcomes.map(\.copy.target) == [orders])
        #expect(ids(items) == Array(0..<4))
    }

    @Test func aColumnThatRowsHadWhileItWasLeftOutIsCopiedOnceItIsChosen() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        var rule = TableRule(try TablePattern("public.orders"))
        rule.columns = .except([NamePattern(literal: "amount")])
        try await run(source, tables: [rule])
        #expect(try await MemoryDestination(warehouse).tables(of: "test").map(\.leftOut) == [[3]])
        #expect(try await run(source, tables: [rule]).report.outcomes.isEmpty)
        #expect(try await run(source).report.outcomes.count == 1)
        #expect(ids(orders) == Array(0..<5))
    }

    @Test func columnsThatAStreamPassesOverAreRemembered() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        try source.insert(SampleTable(orders, ids: 5..<6))
        source.state.withLock { $0.amend = { $0.leftOut = [4] } }
        try await run(source)
        #expect(try await MemoryDestination(warehouse).tables(of: "test").map(\.leftOut) == [[4]])
    }

    @Test func aStreamThatBreaksGoesOnFromWhereTheDestinationIs() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        try source.insert(SampleTable(orders, ids: 5..<6))
        try source.insert(SampleTable(orders, ids: 6..<7))
        source.state.withLock { $0.failures = [TestFault(isTransient: true)] }
        try await run(source)
        #expect(ids(orders) == Array(0..<7))
        let starts = source.state.withLock { $0.requests.map { "\($0.start.checkpoint)" } }
        #expect(starts == ["0", "0", "1"])
    }

    @Test func aRenamedTableIsRenamedAndNotCopied() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        source.database.rename(orders, to: items)
        let result = try await run(source)
        #expect(result.report.outcomes.isEmpty)
        #expect(ids(items) == Array(0..<5))
        #expect(warehouse.tables[orders] == nil)
    }

    @Test func tablesThatTradeNamesKeepTheirCopies() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        let aside = TableName(schema: "public", table: "aside")
        for (old, new) in [(orders, aside), (items, orders), (aside, items)] { source.database.rename(old, to: new) }
        try source.insert(SampleTable(orders, ids: 3..<4))
        #expect(try await run(source).report.outcomes.isEmpty)
        #expect(ids(items) == Array(0..<5) && ids(orders) == Array(0..<4))
        #expect(Set(warehouse.tables.keys) == [orders, items])
    }

    @Test func tablesTakeEachOthersNamesInAChain() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        let old = TableName(schema: "public", table: "orders_old")
        source.database.rename(orders, to: old)
        source.database.rename(items, to: orders)
        #expect(try await run(source).report.outcomes.isEmpty)
        #expect(ids(old) == Array(0..<5) && ids(orders) == Array(0..<3))
        #expect(Set(warehouse.tables.keys) == [orders, old])
        // What the log says after that goes where it belongs.
        try source.insert(SampleTable(orders, ids: 3..<4))
        try source.insert(SampleTable(old, ids: 5..<6))
        #expect(try await run(source).report.outcomes.isEmpty)
        #expect(ids(old) == Array(0..<6) && ids(orders) == Array(0..<4))
    }

    @Test func aTableThatTakesTheNameOfADroppedOneTakesThePlaceOfItsCopy() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        source.database.drop(orders)
        source.database.rename(items, to: orders)
        #expect(try await run(source).report.outcomes.isEmpty)
        #expect(ids(orders) == Array(0..<3))
        #expect(Set(warehouse.tables.keys) == [orders])
    }

    /// Its changes are passed over from then on, so that it must not count as followed for a moment.
    @Test(arguments: FaultPoint.allCases, 1..<8)
    func aTableThatLeavesTheStreamIsCopiedAgainWhateverHappens(point: FaultPoint, count: Int) async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        try source.replace(SampleTable(orders, ids: 0..<9))
        try source.insert(SampleTable(items, ids: 3..<4))
        let faults = Faults(at: point, after: count, isTransient: false)
        do { try await run(source, faults: faults) } catch is TestFault {}
        try await run(source)
        #expect(ids(orders) == Array(0..<9) && ids(items) == Array(0..<4), "\(faults.log)")
    }

    @Test func repairCopiesAFollowedTableAgain() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        let target = orders
        let result = try await run(source, repairing: { $0.target == target })
        #expect(result.report.outcomes.map(\.copy.target) == [orders])
    }
}
