import Foundation
import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// One history, of which every table joins a stream that follows another one already.
struct JoiningSimulation {
    private let seed: UInt64
    private let way: Simulation.Way
    private let database: TestDatabase
    private let warehouse: TestDatabase?
    private let folder: TemporaryFolder
    private let sync: SyncConfiguration
    private let writings = Writings()
    private let seen = Seen()

    init(seed: UInt64, _ way: Simulation.Way, deletes: DeletePolicy) throws {
        (self.seed, self.way) = (seed, way)
        database = try TestDatabase(way.version)
        warehouse = way.isIntoPostgres ? try TestDatabase(way.version) : nil
        folder = try TemporaryFolder()
        sync = SyncConfiguration(
            name: "joining",
            from: "shop",
            to: "warehouse",
            method: .auto,
            tables: deletes == .soft ? [TableRule(try TablePattern("*.events"), excludes: true)] : [],
            deletes: deletes
        )
    }

    func run() async throws {
        try database.execute("CREATE TABLE first (id int PRIMARY KEY); INSERT INTO first VALUES (0)")
        try await bounded()
        let options = RandomHistory.Options(prepares: true)
        // The names of prepared transactions, which are the server's, begin with that of the schema.
        let schema = "joining_\(way.plugin)_\(way.isIntoPostgres ? "database" : "file")"
        var history = RandomHistory(seed: seed, schema: schema, options: options)
        let before = history.setup + (0..<10).flatMap { _ in history.nextTransaction() }
        try database.execute(before.joined(separator: ";\n") + ";")
        let transactions = (0..<40).map { _ in history.nextTransaction() }
        let faults = Faults(seed: seed &+ 1, chance: 0.05, limit: 4)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await follow(faults) }
            for (number, transaction) in transactions.enumerated() {
                try database.execute(transaction.joined(separator: ";\n") + ";")
                try database.execute("INSERT INTO first VALUES (\(number + 1))")
                writings.add()
                try await Task.sleep(for: .milliseconds(Int((seed &* 31 &+ UInt64(number) &* 17) % 40)))
            }
            writings.finish()
            try await eventually("all join, seed \(seed), faults at \(faults.log)") { seen.areAllFollowed }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
        try await bounded()
        let (source, destination) = try ends()
        let results = try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil)
            .verify().results
        for result in results {
            if case .equal = result.verdict { continue }
            Issue.record("seed \(seed), faults at \(faults.log): \(result.copy.target) \(result.verdict)")
        }
        #expect(results.count > 3)
        try await source.tearDown(knownTo: destination)
        await close(source, destination)
        try database.drop()
        try warehouse?.drop()
    }

    /// Follows until it is cancelled, with new connections after each fault that ends a run, as after a crash.
    private func follow(_ faults: Faults) async throws {
        while !Task.isCancelled {
            let (source, destination) = try ends()
            do {
                let held = InterceptedSource.held(source, by: Turn(writings: writings, count: Int(seed % 4)))
                _ = try await SyncRun(
                    RunContext(
                        sync,
                        from: InterceptedSource.failing(held, faults),
                        to: FaultyDestination(destination, faults),
                        readers: 2,
                        retries: RetryPolicy(limit: 3, firstPause: .zero, longestPause: .zero),
                        follows: true,
                        observe: { seen.note($0) }
                    ),
                    state: nil
                ).run()
            } catch is TestFault {
                await close(source, destination)
            } catch {
                await close(source, destination)
                throw error
            }
        }
    }

    private func bounded() async throws {
        let (source, destination) = try ends()
        let run = SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil)
        let result = try await run.closing { try await $0.run() }
        #expect(result.report.failures.isEmpty)
    }

    private func ends() throws -> (any Source, any Destination) {
        (try database.source(plugin: way.plugin), try warehouse?.destination() ?? folder.warehouse())
    }

    private func close(_ source: any Source, _ destination: any Destination) async {
        await source.close()
        await destination.close()
    }
}

/// Which tables are to be followed, and which are.
private final class Seen: Sendable {
    private let tables = Mutex((planned: Set<TableName>(), followed: Set<TableName>()))

    var areAllFollowed: Bool { tables.withLock { $0.planned == $0.followed && $0.planned.count > 1 } }

    func note(_ event: RunEvent) {
        func names(_ tables: [TablePlan]) -> Set<TableName> { Set(tables.map(\.schema.name)) }
        tables.withLock { tables in
            if case .planned(let plan) = event { tables = (names(plan.tables.filter { $0.method == .logBased }), []) }
            if case .following(_, let followed, _) = event { tables.followed = names(followed) }
            if case .joined(let table, _, _) = event { tables.followed.insert(table.schema.name) }
        }
    }
}

/// Transactions that are written while others wait for some of them.
// Unchecked because the condition guards what changes.
private final class Writings: @unchecked Sendable {
    let condition = NSCondition()
    private(set) var count = 0
    private(set) var isOver = false

    func add() { change { $0.count += 1 } }
    func finish() { change { $0.isOver = true } }

    private func change(_ body: (Writings) -> Void) {
        condition.withLock {
            body(self)
            condition.broadcast()
        }
    }
}

/// Has each batch wait for some transactions.
// Unchecked because the condition guards what changes.
private final class Turn: RowGate, @unchecked Sendable {
    private let writings: Writings
    private let count: Int
    private var isOpen = false

    init(writings: Writings, count: Int) {
        self.writings = writings
        self.count = count
    }

    func note(_ request: StreamRequest) {}

    /// Not for long: a transaction that is to come may empty the table that is being read, and so wait for its reader.
    func pass() {
        let limit = Date.now.addingTimeInterval(0.5)
        writings.condition.withLock {
            let end = writings.count + count
            while !isOpen, !writings.isOver, writings.count < end {
                guard writings.condition.wait(until: limit) else { return }
            }
        }
    }

    func open() {
        writings.condition.withLock {
            isOpen = true
            writings.condition.broadcast()
        }
    }
}
