import Foundation
import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Transactions of changes that end badly, and what is left then.
@Suite(.blocking) struct ApplyFaultTests {
    private let folder: WarehouseFolder
    private static let orders = TableName(schema: "shop", table: "orders")
    /// Names the folder of the file, in a process that is to be killed.
    private static let victim = "TANDEM_TEST_VICTIM"

    init() throws { folder = try WarehouseFolder() }

    private static func state(_ step: Int) -> StreamCheckpoint {
        StreamCheckpoint(id: "stream", checkpoint: Checkpoint("\(step)"))
    }

    private func publish(_ ids: Range<Int>, in destination: DuckDBDestination) async throws -> SyncedTable {
        let copy = try await folder.load(Self.orders, ids: ids, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")
        return copy
    }

    /// Step `n` takes the rows of step `n - 1` away, and writes as many of its own.
    private static func step(_ number: Int, of copy: SyncedTable, part: Int = 0, of parts: Int = 1) -> TargetChanges {
        let size = 6000 / parts
        func ids(_ step: Int) -> Range<Int> { step * 10_000 + part * size..<step * 10_000 + (part + 1) * size }
        var changes = NetChanges()
        changes.removed = SampleTable(orders, ids: ids(number - 1)).batches().map {
            RowBatch(rowCount: $0.rowCount, columns: [$0.columns[0]], byteCount: 0)
        }
        changes.written = SampleTable(orders, ids: ids(number)).batches()
        return TargetChanges(before: copy, after: copy, changes: changes)
    }

    /// A user drops a copy and makes a table of his own under its name, while it is followed.
    @Test func whatIsNotOursIsLeftAlone() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        try await destination.write([Self.step(1, of: copy)], advancing: Self.state(1), of: "sync")
        let table = "shop.orders"
        try folder.sql(
            "CREATE TABLE shop.mine AS FROM \(table); DROP TABLE \(table); ALTER TABLE shop.mine RENAME TO orders"
        )
        let before = try folder.ask("SELECT count(*)::VARCHAR, max(id)::VARCHAR FROM \(table)")
        for number in 2..<4 {
            await #expect(throws: TableMismatch.self) {
                try await destination.write([Self.step(number, of: copy)], advancing: Self.state(number), of: "sync")
            }
        }
        #expect(try folder.ask("SELECT count(*)::VARCHAR, max(id)::VARCHAR FROM \(table)") == before)
        #expect(try await destination.stream(of: "sync") == Self.state(1))
    }

    /// Runs in a process of its own, until it is killed.
    @Test(.enabled(if: ProcessInfo.processInfo.environment[victim] != nil, "is run by the test after it"))
    func appliesUntilKilled() async throws {
        let path = try #require(ProcessInfo.processInfo.environment[Self.victim])
        var config = DuckDBConfig()
        config.path = "warehouse.duckdb"
        let destination = DuckDBDestination(config, in: ConnectionContext(name: "w", folder: path, notify: { _ in }))
        let copy = try #require(try await destination.tables(of: "sync").first)
        var number = try await destination.stream(of: "sync").flatMap { Int($0.checkpoint.description) } ?? 0
        while true {
            number += 1
            let transaction = try await destination.begin("sync", refusedRows: .leaveOut)
            for part in 0..<2 { try await transaction.apply([Self.step(number, of: copy, part: part, of: 3)]) }
            let last = Self.step(number, of: copy, part: 2, of: 3)
            try await transaction.commit([last], advancing: Self.state(number))
        }
    }

    @Test(.timeLimit(.minutes(3))) func killedAtAnyMomentATransactionIsWholeOrNothing() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let destination = folder.destination()
        _ = try await publish(0..<6000, in: destination)
        var last = 0
        for round in 0... {
            // All may come before the first transaction is whole: more of them then.
            if round >= 5 && (last > 0 || round >= 50) { break }
            let victim = Process()
            victim.executableURL = URL(filePath: CommandLine.arguments[0])
            victim.arguments = ["--testing-library", "swift-testing", "--filter", "appliesUntilKilled"]
            victim.environment = ProcessInfo.processInfo.environment.merging([Self.victim: folder.path]) { $1 }
            victim.standardOutput = FileHandle.nullDevice
            victim.standardError = FileHandle.nullDevice
            try victim.run()
            // Its log shows that it is at work: then some bytes more, or less, until it is killed.
            let moment = Int.random(in: 0..<200_000, using: &random)
            var written = 0
            var size = 0
            while victim.isRunning, written < moment {
                let now = FileFacts.size(of: folder.file()) + FileFacts.size(of: folder.file() + ".wal")
                written += abs(now - size)
                if size == 0 { written = 0 }
                size = now
                sched_yield()
            }
            #expect(victim.isRunning, "it is killed, and does not end")
            kill(victim.processIdentifier, SIGKILL)
            victim.waitUntilExit()
            let reached = try await destination.stream(of: "sync").flatMap { Int($0.checkpoint.description) } ?? 0
            #expect(reached >= last)
            last = reached
            let rows = try folder.ask("SELECT count(*)::VARCHAR, min(id)::VARCHAR, max(id)::VARCHAR FROM shop.orders")
            #expect(rows == [["6000", "\(reached * 10_000)", "\(reached * 10_000 + 5999)"]], "seed \(seed)")
            #expect(try await destination.tables(of: "sync").map(\.rows) == [6000])
        }
        #expect(last > 0, "no transaction was committed, seed \(seed)")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount the small disk this needs"))
    func fullDisk() async throws {
        let disk = try SmallDisk(megabytes: 24, at: folder.file("disk"))
        let path = disk.path + "/warehouse.duckdb"
        let destination = folder.destination(path)
        let copy = try await publish(0..<6000, in: destination)
        var random = RandomBatches(SampleTable(Self.orders, ids: []).schema, seed: 1, longest: 2000)
        let rows = random.batches(rows: 20_000)
        /// Writes until the disk is full, and returns how many batches it took.
        ///
        /// - Parameter isOpen: Whether all of it is one transaction that is not committed.
        func fill(isOpen: Bool) async throws -> Int {
            var number = 0
            let open = isOpen ? try await destination.begin("sync", refusedRows: .leaveOut) : nil
            let error = await #expect(throws: DuckDBError.self) {
                while number < 100 {
                    var changes = NetChanges()
                    changes.written = rows
                    let target = TargetChanges(before: copy, after: copy, changes: changes)
                    if let open {
                        try await open.apply([target])
                    } else {
                        try await destination.write([target], advancing: Self.state(number + 1), of: "sync")
                    }
                    number += 1
                }
            }
            guard case .diskFull(path, _) = error else {
                Issue.record("\(String(describing: error))")
                return number
            }
            return number
        }
        _ = try await fill(isOpen: true)
        #expect(try await destination.tables(of: "sync").map(\.rows) == [6000])
        // DuckDB cannot give room back where not a byte is left for its log.
        try disk.resize(megabytes: 25)
        try await destination.write([Self.step(1, of: copy)], advancing: Self.state(0), of: "sync")
        #expect((FileFacts.freeBytes(at: path) ?? 0) > 16 << 20, "the room that was taken is given back")
        let committed = try await fill(isOpen: false)
        #expect(committed > 0)
        #expect(try await destination.stream(of: "sync") == Self.state(committed))
        let count = try await destination.query("SELECT count(*) FROM shop.orders").rows
        #expect(count == [["\(6000 + committed * 20_000)"]])

        try disk.resize(megabytes: 48)
        var emptied = Self.step(2, of: copy)
        emptied.changes.isEmptied = true
        try await destination.write([emptied], advancing: Self.state(200), of: "sync")
        let next = folder.destination(path)
        #expect(try await next.query("SELECT count(*), min(id) FROM shop.orders").rows == [["6000", "20000"]])
        #expect(try await next.stream(of: "sync") == Self.state(200))
    }

    @Test(.timeLimit(.minutes(5))) func anotherProcessReadsBetweenTransactions() async throws {
        let held = Mutex<LockHolder?>(nil)
        let destination = folder.destination(lockTimeout: 60) { _ in held.withLock { $0 }?.release() }
        let copy = try await publish(0..<6000, in: destination)
        for number in 1..<4 {
            // It gets the lock only if nobody here has it.
            let holder = try LockHolder(folder.file())
            held.withLock { $0 = holder }
            try await destination.write([Self.step(number, of: copy)], advancing: Self.state(number), of: "sync")
        }
        #expect(try await destination.stream(of: "sync") == Self.state(3))
        #expect(try folder.ask("SELECT min(id)::VARCHAR FROM shop.orders") == [["30000"]])
    }

    @Test func whatDoesNotFitInMemoryLiesBesideTheFile() async throws {
        for name in ["one.duckdb", "another.duckdb", "one.duckdb"] {
            let destination = folder.destination(name)
            let transaction = try await destination.begin("sync", refusedRows: .leaveOut)
            try await transaction.apply([])
            let setting = try await destination.query("SELECT current_setting('temp_directory')").rows
            #expect(setting == [[folder.file(name) + ".tmp"]])
            await transaction.rollback()
        }
    }

    @Test(.timeLimit(.minutes(5))) func cancellingUndoesATransaction() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<6000, in: destination)
        let transaction = try await destination.begin("sync", refusedRows: .leaveOut)
        try await transaction.apply([Self.step(1, of: copy)])
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 2... {
                        try await transaction.apply([Self.step(number, of: copy)])
                    }
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(try await destination.stream(of: "sync") == nil)
        try await destination.write([Self.step(1, of: copy)], advancing: Self.state(1), of: "sync")
        #expect(try folder.ask("SELECT min(id)::VARCHAR FROM shop.orders") == [["10000"]])
    }
}
