import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting

@testable import TandemEngine

/// One history: a database in memory that applications work on while a sync brings it into another, by runs that are
/// bounded, follow, are cut off and fail. In the end both hold the same.
///
/// Everything happens on a ``SeededExecutor``, so that the same seeds bring back the same history.
struct SeededRun: Sendable {
    /// Of what happens to the source, and what fails.
    let world: UInt64
    /// Of the order in which tasks go on.
    let order: UInt64
    private let executor: SeededExecutor
    private let warehouse: MemoryDatabase
    private let trace = Trace()
    /// Whether rows that are deleted stay, and are marked.
    private var marks: Bool { world.isMultiple(of: 3) }
    /// How many rows a stream holds back of a table that is copied.
    private var holdLimit: Int { [1000, 6, 2][Int(world % 7) % 3] }

    init(world: UInt64, order: UInt64) {
        (self.world, self.order) = (world, order)
        executor = SeededExecutor(seed: order)
        warehouse = MemoryDatabase(name: "warehouse", clock: executor.clock)
    }

    struct Outcome: Equatable {
        /// What happened, with the time of it.
        var trace: [String]
        /// The jobs in their order.
        var picks: [UInt32]
        /// What each table holds at the destination.
        var content: [String]
        /// Where it differs from the source.
        var differences: [String]
    }

    func run() throws -> Outcome {
        let shop = try executor.run { try await live() }
        return Outcome(
            trace: trace.lines,
            picks: executor.picks,
            content: Self.content(of: warehouse),
            differences: differences(from: shop)
        )
    }

    /// What has happened until now.
    var lines: [String] { trace.lines }

    // MARK: The history

    private func live() async throws -> MemoryDatabase {
        var shop = RandomShop(seed: world, keyless: !marks, clock: executor.clock)
        let faults = faults(chance: 0.03, limit: 8)
        for _ in 0..<4 {
            let follows = shop.number(0..<3) > 0
            let actions = shop.number(2..<20)
            let isCut = shop.number(0..<3) == 0
            shop = try await withThrowingTaskGroup(of: Void.self) { [shop] group in
                group.addTask { try await sync(shop.database, follows: follows, faults) }
                var shop = shop
                for _ in 0..<actions {
                    try await executor.clock.sleep(for: .milliseconds(1 << shop.number(0..<15)))
                    note("shop " + (try shop.act()))
                }
                if follows { try await executor.clock.sleep(for: .seconds(shop.number(0..<60))) }
                if follows || isCut { group.cancelAll() }
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { throw error }
                }
                return shop
            }
        }
        // What follows comes to hold everything without being asked to.
        try await withThrowingTaskGroup(of: Void.self) { [database = shop.database] group in
            group.addTask { try await sync(database, follows: true, self.faults(chance: 0, limit: 0)) }
            group.addTask { try await executor.clock.sleep(for: .seconds(240)) }
            _ = try await group.next()
            group.cancelAll()
        }
        // A table whose log is gone is copied again, and the next copy hides that. Nobody else lets go of it.
        let gaps = trace.lines.filter { $0.contains("The log ") }
        if !gaps.isEmpty { throw Difference(description: "changes were let go of too early: \(gaps)") }
        let found = differences(from: shop.database)
        if !found.isEmpty { throw Difference(description: "what follows has not come to \(found)") }
        // What is there is not copied once more.
        let last = try await bounded(shop.database, self.faults(chance: 0, limit: 0))
        if !last.isEmpty { throw Difference(description: "copied without need: \(last)") }
        return shop.database
    }

    struct Difference: Error, CustomStringConvertible { let description: String }

    /// Runs until a run gets to its end, each like the first after a crash.
    private func sync(_ shop: MemoryDatabase, follows: Bool, _ faults: Faults) async throws {
        while true {
            do {
                let result = try await syncRun(shop, follows: follows, faults).run()
                if result.report.failures.isEmpty { return }
                note("failures \(result.report.failures.map(\.failure.message))")
            } catch let error as TestFault {
                note("run ends: \(error.isTransient)")
            }
            try await executor.clock.sleep(for: .seconds(1))
        }
    }

    private func bounded(_ shop: MemoryDatabase, _ faults: Faults) async throws -> [TableName] {
        let result = try await syncRun(shop, follows: false, faults).run()
        if let failure = result.report.failures.first { throw Difference(description: failure.failure.message) }
        return result.report.outcomes.map(\.copy.target)
    }

    private func syncRun(_ shop: MemoryDatabase, follows: Bool, _ faults: Faults) -> SyncRun {
        let retries = RetryPolicy(limit: 3, firstPause: .milliseconds(100), longestPause: .seconds(1))
        return SyncRun(
            RunContext(
                // A gap is a fault of the engine's: nobody else lets go of the log.
                SyncConfiguration(
                    name: "seeded",
                    from: "shop",
                    to: "house",
                    deletes: marks ? .soft : .hard,
                    onGap: .fail
                ),
                from: InterceptedSource.failing(MemorySource(shop, holdLimit: holdLimit), faults),
                to: FaultyDestination(MemoryDestination(warehouse), faults),
                readers: 1,
                retries: retries,
                follows: follows,
                clock: executor.clock,
                observe: { note($0) }
            ),
            state: nil
        )
    }

    private func faults(chance: Double, limit: Int) -> Faults {
        let pauses = Mutex(SeededGenerator(seed: order &+ 1))
        return Faults(
            seed: world &+ 1,
            chance: chance,
            limit: limit,
            pausing: { [executor] in
                let length = pauses.withLock { Int.random(in: 0..<12, using: &$0) }
                if length < 6 {
                    await Task.yield()
                } else {
                    try await executor.clock.sleep(for: .milliseconds(1 << length))
                }
            },
            noting: { note($0) }
        )
    }

    private func note(_ event: RunEvent) {
        if case .tableFailed(let table, let failure) = event {
            note("event tableFailed \(table.schema.name): \(failure.message)")
        } else {
            note("event \(Mirror(reflecting: event).children.first?.label ?? "\(event)")")
        }
    }

    private func note(_ line: String) { trace.note("\(executor.clock.time) \(line)") }

    private final class Trace: Sendable {
        private let state = Mutex<[String]>([])
        var lines: [String] { state.withLock { $0 } }
        func note(_ line: String) { state.withLock { $0.append(line) } }
    }
}

// MARK: What both ends hold

extension SeededRun {
    /// The rows of tables, as they lie there.
    private static func content(of database: MemoryDatabase) -> [String] {
        database.tables.sorted { $0.key < $1.key }.flatMap { name, table in
            ["\(name) \(table.schema.columns.map(\.name))"] + rows(of: table, table.schema.columns.map(\.name))
        }
    }

    private static func rows(of table: MemoryDatabase.Table, _ names: [String]) -> [String] {
        let indexes = names.map { name in table.schema.columns.firstIndex { $0.name == name } }
        let mark = table.schema.columns.firstIndex { $0.name == MetadataColumns.deletedAtName }
        return table.batches.flatMap { batch in
            (0..<batch.rowCount).filter { row in mark.map { batch.columns[$0].isNull(row) } ?? true }.map { row in
                indexes.map { index in
                    guard let index else { return "no column" }
                    return batch.columns[index].text(row, as: table.schema.columns[index].type) ?? "null"
                }.joined(separator: " ")
            }
        }
    }

    private func differences(from shop: MemoryDatabase) -> [String] {
        let copies = warehouse.tables
        return shop.tables.sorted { $0.key < $1.key }.compactMap { name, table in
            guard let copy = copies[name] else { return "\(name): no copy" }
            let names = table.schema.columns.map(\.name)
            let (wanted, found) = (Self.rows(of: table, names).sorted(), Self.rows(of: copy, names).sorted())
            return wanted == found ? nil : "\(name) \(names): \(found) instead of \(wanted)"
        }
    }
}
