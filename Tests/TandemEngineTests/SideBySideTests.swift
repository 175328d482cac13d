import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// A run that follows some tables by one log and some by another, in time that passes only while nobody can go on.
@Suite(.blocking) struct SideBySideTests {
    private let executor = SeededExecutor(seed: 1)
    private let shop: MemoryDatabase
    private let warehouse: MemoryDatabase
    /// The first comes by the log, the second as if by triggers.
    private let tables = ["t1", "t4"].map { TableName(schema: "public", table: $0) }

    init() {
        shop = MemoryDatabase(name: "shop", keepsLog: true, clock: executor.clock)
        warehouse = MemoryDatabase(name: "warehouse", clock: executor.clock)
        let id = ColumnSchema(name: "id", type: .int64, nativeType: "bigint", id: 1)
        for (index, name) in tables.enumerated() {
            let schema = TableSchema(name: name, id: TableID(index + 1), columns: [id], identity: [0])
            shop.put(.init(schema: schema, batches: [Self.row(0)]))
        }
    }

    private static func row(_ id: Int64) -> RowBatch {
        RowBatch(rowCount: 1, columns: [Column(storage: .int64([id]))], byteCount: 0)
    }

    private var counts: [Int] {
        tables.map { warehouse.tables[$0]?.batches.reduce(0) { $0 + $1.rowCount } ?? 0 }
    }

    private func write(_ id: Int64) throws { try shop.commit(tables.map { ($0, .write([Self.row(id)])) }) }

    /// Follows `source` until `body` ends.
    private func follow(
        _ source: any Source,
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in },
        while body: @escaping @Sendable () async throws -> Void
    ) throws {
        let context = RunContext(
            SyncConfiguration(name: "test", from: "shop", to: "house"),
            from: source,
            to: FaultyDestination(MemoryDestination(warehouse)),
            readers: 1,
            follows: true,
            clock: executor.clock,
            observe: observe
        )
        try executor.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await SyncRun(context, state: nil).run() }
                group.addTask { try await body() }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    @Test func bothStreamsStayOpenAndBringChangesAtOnce() throws {
        let opened = Mutex<[Method]>([])
        let source = InterceptedSource(
            TwoMethods(source: MemorySource(shop)),
            log: { log in
                InterceptedLog(log) { stream, request in
                    if request.end == nil { opened.withLock { $0.append(request.start.method) } }
                    return stream
                }
            }
        )
        try follow(source) { [executor] in
            try await executor.clock.sleep(for: .seconds(5))
            for id in 1..<100 {
                try write(Int64(id))
                try await executor.clock.sleep(for: .milliseconds(1))
                #expect(counts == [id + 1, id + 1])
            }
            try await executor.clock.sleep(for: .seconds(600))
        }
        #expect(opened.withLock { $0.sorted { $0.rawValue < $1.rawValue } } == [.logBased, .triggerBased])
    }

    @Test func oneGoesOnWithoutTheOtherWhichIsTriedAgain() throws {
        let isBroken = Atomic(true)
        let failures = Mutex<[Method]>([])
        var source = TwoMethods(source: MemorySource(shop))
        source.preparing = { if isBroken.load(ordering: .relaxed) { throw TestFault(isTransient: false) } }
        // What `auto` has chosen is looked after before.
        try follow(TwoMethods(source: MemorySource(shop))) { [executor] in
            try await executor.clock.sleep(for: .seconds(5))
        }
        try follow(
            source,
            observe: { event in
                if case .streamFailed(let method, _, _, _) = event { failures.withLock { $0.append(method) } }
            },
            while: { [executor] in
                try await executor.clock.sleep(for: .seconds(60))
                try write(1)
                try await executor.clock.sleep(for: .milliseconds(1))
                #expect(counts == [2, 1])
                isBroken.store(false, ordering: .relaxed)
                try await executor.clock.sleep(for: .seconds(600))
                #expect(counts == [2, 2])
            }
        )
        #expect(failures.withLock { $0.count > 1 && Set($0) == [.triggerBased] })
    }

    @Test func itEndsWhereNothingCanGoOn() throws {
        try follow(TwoMethods(source: MemorySource(shop))) { [executor] in
            try await executor.clock.sleep(for: .seconds(5))
        }
        let source = InterceptedSource(
            TwoMethods(source: MemorySource(shop)),
            log: { log in
                InterceptedLog(log, preparing: { throw TestFault(isTransient: false) }) { stream, _ in stream }
            }
        )
        #expect(throws: TestFault.self) {
            try follow(source) { [executor] in try await executor.clock.sleep(for: .seconds(3600)) }
        }
    }
}
