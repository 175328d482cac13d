import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Tables that are copied while a stream goes on.
@Suite struct BackfillTests {
    private let warehouse = MemoryDatabase(name: "warehouse")
    private let orders = TableName(schema: "public", table: "orders")
    private let items = TableName(schema: "public", table: "items")

    private func run(
        _ source: LoggedSource,
        to destination: (any Destination)? = nil,
        follows: Bool = false,
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws {
        _ = try await SyncRun(
            RunContext(
                SyncConfiguration(name: "test", from: "shop", to: "house"),
                from: source,
                to: destination ?? MemoryDestination(warehouse),
                readers: 1,
                retries: RetryPolicy(limit: 2, firstPause: .zero, longestPause: .zero),
                follows: follows,
                observe: observe
            ),
            state: nil
        ).run()
    }

    private func ids(_ table: TableName) -> [Int64] {
        SampleTable.rows(in: warehouse.tables[table]?.batches ?? []).map(\.id).sorted()
    }

    /// Calls `body` while changes are followed.
    private func following(
        _ source: LoggedSource,
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in },
        _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await run(source, follows: true, observe: observe) }
            try await body()
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    private func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            try #require(ContinuousClock.now < limit, "\(what)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private func add(_ table: TableName, number: TableID, ids: Range<Int>, to source: LoggedSource) {
        let sample = SampleTable(table, ids: ids)
        var schema = sample.schema
        schema.id = number
        source.database.put(.init(schema: schema, batches: sample.batches()))
    }

    @Test func othersGoOnWhileATableIsCopiedAndItJoinsThem() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        try source.insert(SampleTable(orders, ids: 5..<6))
        add(items, number: 9, ids: 0..<3, to: source)
        source.state.withLock { $0.isCopyHeld = true }
        try await following(source) {
            try await eventually("the copy begins") { source.state.withLock { $0.snapshots } == 2 }
            try source.insert(SampleTable(items, ids: 3..<4))
            try source.insert(SampleTable(orders, ids: 6..<9))
            try await eventually("the others go on") { ids(orders) == Array(0..<9) }
            #expect(warehouse.tables[items] == nil)
            let kept = source.state.withLock { $0.confirmed.compactMap { Int($0) }.max() ?? 0 }
            #expect(kept < 2, "what the table needs is kept at the source")
            source.state.withLock { $0.isCopyHeld = false }
            try await eventually("it joins") { ids(items) == Array(0..<4) }
            try source.insert(SampleTable(items, ids: 4..<5))
            try source.insert(SampleTable(orders, ids: 9..<10))
            try await eventually("both are followed") {
                ids(items) == Array(0..<5) && ids(orders) == Array(0..<10)
            }
            try await eventually("all is confirmed") { source.state.withLock { $0.confirmed.last } == "5" }
        }
        let copies = try await MemoryDestination(warehouse).tables(of: "test")
        #expect(copies.allSatisfy { $0.stream != nil } && Set(copies.map(\.stream)).count == 1 && copies.count == 2)
        #expect(source.state.withLock { $0.snapshots } == 2)
        // The bounded run, and the stream that went on all the while: nothing was read once more.
        #expect(source.state.withLock { $0.requests.map { $0.end == nil } } == [false, true])
        #expect(source.state.withLock { $0.holdings } == [.begun, .joined])
    }

    /// Where nothing, or not all, can be held, what has changed is read once more.
    @Test(arguments: [(false, Int.max), (true, 1)]) func whatIsNotHeldIsReadOnceMore(can: Bool, limit: Int) async throws
    {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)], holdLimit: limit)
        try await run(source)
        add(items, number: 9, ids: 0..<3, to: source)
        source.state.withLock { ($0.isCopyHeld, $0.canHold) = (true, can) }
        try await following(source) {
            try await eventually("the copy begins") { source.state.withLock { $0.snapshots } == 2 }
            for id in 3..<6 { try source.insert(SampleTable(items, ids: id..<id + 1)) }
            try source.insert(SampleTable(orders, ids: 5..<6))
            try await eventually("the others go on") { ids(orders) == Array(0..<6) }
            source.state.withLock { $0.isCopyHeld = false }
            try await eventually("it joins") { ids(items) == Array(0..<6) }
            try source.insert(SampleTable(items, ids: 6..<7))
            try await eventually("it is followed") { ids(items) == Array(0..<7) }
        }
        let stretches = source.state.withLock {
            $0.requests.filter { $0.end != nil }.map { $0.tables.map(\.schema.id) }
        }
        #expect(stretches == [[1], [9]], "the bounded run, and what was read for this table alone")
        let reasons = source.state.withLock(\.holdings)
        #expect(reasons == (can ? [.begun, .lost("more of its rows were changed than a stream holds back")] : []))
    }

    /// A table that has joined and cannot follow later is copied again, and joins again, and it is said.
    @Test func aTableThatJoinedIsCopiedAgain() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        add(items, number: 9, ids: 0..<3, to: source)
        let reasons = Mutex<[String]>([])
        try await following(
            source,
            observe: { event in
                if case .copyingAgain(_, let reason) = event { reasons.withLock { $0.append(reason) } }
            }
        ) {
            try await eventually("it joins") { source.state.withLock { $0.holdings } == [.begun, .joined] }
            try source.replace(SampleTable(items, ids: 0..<9))
            try await eventually("it is copied again") { ids(items) == Array(0..<9) }
            try source.insert(SampleTable(items, ids: 9..<10))
            try await eventually("and followed") { ids(items) == Array(0..<10) }
        }
        #expect(reasons.withLock(\.self) == ["its rows were replaced, and no change tells how"])
        #expect(source.state.withLock { $0.holdings } == [.begun, .joined, .begun, .joined])
    }

    /// A stream that breaks has lost what it held; the copy is not made again.
    @Test func aStreamThatBreaksMeanwhileCostsNoCopy() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        add(items, number: 9, ids: 0..<3, to: source)
        source.state.withLock { ($0.isCopyHeld, $0.failures) = (true, [TestFault(isTransient: true)]) }
        try await following(source) {
            try await eventually("the copy begins") { source.state.withLock { $0.snapshots } == 2 }
            try source.insert(SampleTable(items, ids: 3..<4))
            try await eventually("another stream begins") { source.state.withLock { $0.requests.count } == 3 }
            try source.insert(SampleTable(items, ids: 4..<5))
            source.state.withLock { $0.isCopyHeld = false }
            try await eventually("it joins") { ids(items) == Array(0..<5) }
        }
        #expect(source.state.withLock { $0.snapshots } == 2)
        #expect(source.state.withLock { $0.holdings } == [.begun])
    }

    @Test func aCopyThatFailsIsMadeAgainAndTheOthersGoOn() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        add(items, number: 9, ids: 0..<3, to: source)
        source.state.withLock { state in
            state.copyFailures = (0..<6).map { TestFault(isTransient: $0.isMultiple(of: 2)) }
        }
        let failures = Mutex(0)
        try await following(
            source,
            observe: { event in
                if case .tableFailed = event { failures.withLock { $0 += 1 } }
            }
        ) {
            try source.insert(SampleTable(orders, ids: 5..<7))
            try await eventually("both arrive") { ids(orders) == Array(0..<7) && ids(items) == Array(0..<3) }
        }
        #expect(failures.withLock { $0 } == 3)
    }

    @Test func aTableThatCannotFollowIsCopiedAgainBesideTheOthers() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        source.state.withLock { $0.isCopyHeld = true }
        try await following(source) {
            try source.replace(SampleTable(items, ids: 0..<9))
            try await eventually("the copy begins") { source.state.withLock { $0.snapshots } == 2 }
            try source.insert(SampleTable(orders, ids: 5..<6))
            try await eventually("the other goes on") { ids(orders) == Array(0..<6) }
            #expect(ids(items) == Array(0..<3), "the old copy stays until the new one is whole")
            source.state.withLock { $0.isCopyHeld = false }
            try await eventually("the new copy comes") { ids(items) == Array(0..<9) }
        }
    }

    @Test func aColumnComesWithoutARowAlsoWhereARenameComesBetween() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5), SampleTable(items, ids: 0..<3)])
        try await run(source)
        let columns = try #require(source.database.tables[orders]).schema.columns
        let added = ColumnSchema(name: "added", type: .int64, nativeType: "bigint", id: 4)
        source.database.alter(orders, columns: columns + [added])
        // Of which the stream tells, and ends before it comes to the column.
        let moved = TableName(schema: "public", table: "moved")
        source.database.rename(items, to: moved)
        try source.insert(SampleTable(moved, ids: 3..<4))
        try await following(source) {
            try await eventually("the column comes") {
                warehouse.tables[orders]?.schema.columns.map(\.name) == ["id", "note", "amount", "added"]
            }
        }
        #expect(ids(moved) == Array(0..<4))
    }

    @Test func aCopyOfATableThatIsGoneMeanwhileIsGivenUp() async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        add(items, number: 9, ids: 0..<3, to: source)
        source.state.withLock { $0.isCopyHeld = true }
        try await following(source) {
            try await eventually("the copy begins") { source.state.withLock { $0.snapshots } == 2 }
            source.database.drop(items)
            // A recopy of the other has the plan made anew.
            try source.replace(SampleTable(orders, ids: 0..<5))
            source.state.withLock { $0.isCopyHeld = false }
            try await eventually("the other is copied") { source.state.withLock { $0.snapshots } >= 3 }
            try source.insert(SampleTable(orders, ids: 5..<6))
            try await eventually("and followed") { ids(orders) == Array(0..<6) }
        }
    }

    /// Whatever fails at the destination, and whether the run tries again by itself or ends as if it were killed.
    @Test(arguments: UInt64(1)...40)
    func whateverFailsEveryChangeArrivesOnce(seed: UInt64) async throws {
        let source = LoggedSource([SampleTable(orders, ids: 0..<5)])
        try await run(source)
        let faults = Faults(seed: seed, chance: 0.2, limit: 8)
        let destination = FaultyDestination(MemoryDestination(warehouse), faults)
        add(items, number: 9, ids: 0..<3, to: source)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    do { try await run(source, to: destination, follows: true) } catch is TestFault {}
                    await destination.close()
                }
            }
            for id in 0..<20 {
                try source.insert(SampleTable(orders, ids: 5 + id..<6 + id))
                try source.insert(SampleTable(items, ids: 3 + id..<4 + id))
                try await Task.sleep(for: .microseconds(id * 37 % 11 * 100))
            }
            try await eventually("all arrive, seed \(seed), faults at \(faults.log)") {
                ids(orders).count >= 25 && ids(items).count >= 23
            }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result { #expect(error is CancellationError) }
            }
        }
        #expect(ids(orders) == Array(0..<25), "seed \(seed), faults at \(faults.log)")
        #expect(ids(items) == Array(0..<23), "seed \(seed), faults at \(faults.log)")
    }
}
