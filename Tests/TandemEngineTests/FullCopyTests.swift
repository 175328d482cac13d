import Synchronization
import TandemCore
import TandemEngine
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@Suite struct FullCopyTests {
    private let warehouse = MemoryDatabase(name: "warehouse")
    private let retries = RetryPolicy(limit: 3, firstPause: .zero, longestPause: .zero)

    private func name(_ table: String) -> TableName { TableName(schema: "public", table: table) }

    private func database(_ tables: [SampleTable]) -> MemoryDatabase {
        MemoryDatabase(name: "shop", tables: tables.map { .init(schema: $0.schema, batches: $0.batches()) })
    }

    private func plan(
        _ source: any Source,
        unfit: UnfitPolicy = .text,
        retires: [String: String] = [:]
    ) async throws -> SyncPlan {
        let tables = try await source.catalog().tables.map { table in
            TablePlan(
                source: table,
                target: table.schema.name,
                method: .fullTable,
                reason: "a test",
                schema: table.schema,
                targetNames: table.schema.columns.map(\.name),
                retires: retires[table.schema.name.table].map(name)
            )
        }
        return SyncPlan(sync: "test", unfit: unfit, tables: tables)
    }

    private func copy(
        _ source: any Source,
        plan: SyncPlan? = nil,
        observe: @escaping @Sendable (RunEvent) -> Void = { _ in }
    )
        async throws -> FullCopy.Report
    {
        let chosen: SyncPlan
        if let plan { chosen = plan } else { chosen = try await self.plan(source) }
        return try await FullCopy(context(of: source, retries, observe), of: chosen).run()
    }

    private func context(
        of source: any Source,
        _ retries: RetryPolicy,
        clock: RunClock = .system,
        _ observe: @escaping @Sendable (RunEvent) -> Void
    ) -> RunContext {
        RunContext(
            SyncConfiguration(name: "test", from: "shop", to: "warehouse"),
            from: source,
            to: MemoryDestination(warehouse),
            readers: 2,
            retries: retries,
            clock: clock,
            observe: observe
        )
    }

    private func rows(_ table: String) -> [SampleTable.Row]? {
        warehouse.tables[name(table)].map { SampleTable.rows(in: $0.batches) }
    }

    @Test func everyTableArrivesWhole() async throws {
        let orders = SampleTable(name("orders"), ids: 0..<5000)
        let report = try await copy(MemorySource(database([orders, SampleTable(name("empty"), ids: [])])))
        #expect(report.failures.isEmpty)
        #expect(rows("orders") == orders.rows)
        #expect(rows("empty") == [])
        let copies = try await MemoryDestination(warehouse).tables(of: "test")
        #expect(copies.map(\.rows).sorted() == [0, 5000])
    }

    @Test func aColumnWhoseValuesDoNotFitIsReadAgainAsText() async throws {
        let orders = SampleTable(name("orders"), ids: 0..<10)
        let source = InterceptedSource.failing(
            MemorySource(database([orders])),
            faults: [name("orders"): [.init(UnfitValues(columns: [2]), afterBatches: 0)]]
        )
        let retyped = Mutex([[String]]())
        let report = try await copy(source) { event in
            if case .tableRetyped(_, let columns) = event { retyped.withLock { $0.append(columns) } }
        }
        #expect(retyped.withLock { $0 } == [["amount"]])
        #expect(report.outcomes.first?.copy.schema.columns[2].type == .text)
        let amounts = warehouse.tables[name("orders")]?.batches.first?.columns[2]
        #expect(amounts?.text(1, as: .text) == "31")
    }

    @Test func aTextColumnThatDoesNotFitIsAFailureAndNoLoop() async throws {
        let orders = SampleTable(name("orders"), ids: 0..<10)
        let source = InterceptedSource.failing(
            MemorySource(database([orders])),
            faults: [name("orders"): [.init(UnfitValues(columns: [1]), afterBatches: 0)]]
        )
        let report = try await copy(source)
        #expect(report.failures.first?.failure.message.contains("cannot even be read as text") == true)
    }

    @Test func aFailedTableLeavesItsOldCopyAndTheOthersGoOn() async throws {
        let tables = ["a", "b", "c"].map { SampleTable(name($0), ids: 0..<3000) }
        _ = try await copy(MemorySource(database(tables)))
        let grown = ["a", "b", "c"].map { SampleTable(name($0), ids: 0..<4000) }
        let source = InterceptedSource.failing(
            MemorySource(database(grown)),
            faults: [name("b"): [.init(TestFault(isTransient: false), afterBatches: 2)]]
        )
        let report = try await copy(source)
        #expect(report.failures.map(\.table.target) == [name("b")])
        #expect(rows("a")?.count == 4000)
        #expect(rows("b")?.count == 3000)
        #expect(rows("c")?.count == 4000)
    }

    @Test(arguments: [1, 2, 3])
    func aPassingFaultIsTriedAgainFromTheTableOn(times: Int) async throws {
        let tables = ["a", "b"].map { SampleTable(name($0), ids: 0..<3000) }
        let faults = Array(repeating: ReadFault(TestFault(isTransient: true), afterBatches: 1), count: times)
        let source = InterceptedSource.failing(MemorySource(database(tables)), faults: [name("b"): faults])
        let snapshots = Mutex(0)
        let report = try await copy(source) { if case .snapshotTaken = $0 { snapshots.withLock { $0 += 1 } } }
        #expect(report.failures.isEmpty)
        #expect(rows("b") == tables[1].rows)
        #expect(snapshots.withLock { $0 } == times + 1)
    }

    @Test func aSourceThatKeepsFailingEndsTheRunWithNothingChanged() async throws {
        let tables = ["a", "b"].map { SampleTable(name($0), ids: 0..<3000) }
        _ = try await copy(MemorySource(database(tables)))
        let grown = ["a", "b"].map { SampleTable(name($0), ids: 0..<4000) }
        let faults = Array(repeating: ReadFault(TestFault(isTransient: true), afterBatches: 1), count: 20)
        let source = InterceptedSource.failing(MemorySource(database(grown)), faults: [name("b"): faults])
        await #expect(throws: TestFault.self) { try await copy(source) }
        #expect(rows("a")?.count == 3000)
        #expect(rows("b")?.count == 3000)
    }

    @Test func cancellingLeavesTheOldCopies() async throws {
        let tables = ["a", "b"].map { SampleTable(name($0), ids: 0..<3000) }
        _ = try await copy(MemorySource(database(tables)))
        let grown = ["a", "b"].map { SampleTable(name($0), ids: 0..<4000) }
        let source = InterceptedSource.failing(
            MemorySource(database(grown)),
            faults: [name("b"): [.init(CancellationError(), afterBatches: 1)]]
        )
        await #expect(throws: CancellationError.self) { try await copy(source) }
        #expect(rows("a")?.count == 3000)
    }

    @Test func aRenamedTableLeavesItsOldName() async throws {
        _ = try await copy(MemorySource(database([SampleTable(name("old"), ids: 0..<5)])))
        let source = MemorySource(database([SampleTable(name("new"), ids: 0..<6)]))
        _ = try await copy(source, plan: plan(source, retires: ["new": "old"]))
        #expect(rows("old") == nil)
        #expect(rows("new")?.count == 6)
    }

    @Test func pausesGrowUpToTheLongestAndEnd() async throws {
        let faults = Array(repeating: ReadFault(TestFault(isTransient: true), afterBatches: 0), count: 20)
        let orders = SampleTable(name("orders"), ids: 0..<10)
        let source = InterceptedSource.failing(MemorySource(database([orders])), faults: [name("orders"): faults])
        let pauses = Mutex([Duration]())
        let slept = Mutex([Duration]())
        // Hours of it, of which nobody waits for one.
        let policy = RetryPolicy(limit: 4, firstPause: .seconds(3600), longestPause: .seconds(3 * 3600))
        let clock = RunClock(
            elapsed: { slept.withLock { $0.reduce(.zero, +) } },
            wall: { 0 },
            pause: { pause in slept.withLock { $0.append(pause) } }
        )
        let context = context(of: source, policy, clock: clock) { event in
            if case .retrying(_, let pause, _) = event { pauses.withLock { $0.append(pause) } }
        }
        await #expect(throws: TestFault.self) {
            _ = try await FullCopy(context, of: plan(source)).run()
        }
        #expect(pauses.withLock { $0 } == [1, 2, 3, 3].map { .seconds($0 * 3600) })
        #expect(slept.withLock { $0 } == pauses.withLock { $0 })
    }
}
