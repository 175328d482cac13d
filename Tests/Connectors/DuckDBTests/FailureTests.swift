import Glibc
import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Loads that end badly, and what is left then.
@Suite struct FailureTests {
    private let folder: WarehouseFolder
    private let orders = TableName(schema: "shop", table: "orders")

    init() throws { folder = try WarehouseFolder() }

    private struct Broken: Error, Equatable { var number: Int }

    private func rows(_ count: Int, readers: Int) -> BatchRows {
        let sample = SampleTable(orders, ids: 0..<count)
        return BatchRows(sample.batches(), schema: sample.schema, readers: readers)
    }

    @Test(arguments: [1, 2]) func theSourcesErrorComesThrough(readers: Int) async throws {
        let destination = folder.destination()
        for after in [0, 1, 60, 200] {
            let failing = InterceptedRows.failing(rows(300_000, readers: readers), after: after, Broken(number: after))
            await #expect(throws: Broken(number: after)) { try await destination.load(failing, into: orders) }
        }
        #expect(try await destination.load(rows(10, readers: readers), into: orders) == 10)
        try await destination.discard([orders])
        #expect(try folder.ask("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'shop'").isEmpty)
    }

    /// A table whose readers cannot be made, or wait until they are cancelled.
    private final class StuckRows: TableRows {
        let schema: TableSchema
        let readers = 2
        let failure: Broken?
        private let started = Mutex(false)
        private let gate = Gate()

        init(_ schema: TableSchema, failure: Broken? = nil) {
            self.schema = schema
            self.failure = failure
        }

        var tally: ReadTally { ReadTally() }
        func cancel() { gate.open() }

        func makeReader() throws -> any RowReader {
            if let failure { throw failure }
            started.withLock { $0 = true }
            return Reader(gate: gate)
        }

        var hasStarted: Bool { started.withLock { $0 } }

        private final class Reader: RowReader {
            private let gate: Gate
            init(gate: Gate) { self.gate = gate }
            func next() throws -> RowBatch? {
                gate.wait()
                throw CancellationError()
            }
        }
    }

    @Test func readersThatCannotBeMade() async throws {
        let schema = SampleTable(orders, ids: []).schema
        await #expect(throws: Broken(number: 1)) {
            try await folder.destination().load(StuckRows(schema, failure: Broken(number: 1)), into: orders)
        }
    }

    /// Its rows never come: only cancelling ends it.
    @Test(.timeLimit(.minutes(5))) func cancellingStopsALoad() async throws {
        let destination = folder.destination()
        let stuck = StuckRows(SampleTable(orders, ids: []).schema)
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await destination.load(stuck, into: orders) }
                while !stuck.hasStarted { await Task.yield() }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(try await destination.load(rows(10, readers: 1), into: orders) == 10)
        try await destination.discard([orders])
    }

    @Test func malformedBatchesAreRefused() async throws {
        let schema = TableSchema(
            name: orders,
            columns: [ColumnSchema(name: "n", type: .text, nativeType: "text")],
            identity: []
        )
        let storage = ByteStorage()
        let columns: [Column] = [
            Column(storage: .int32([1])),
            Column(storage: .bytes(ByteViews(views: [.init(start: 0, length: 20)], storage: storage))),
            Column(storage: .bytes(ByteViews(views: [], storage: storage))),
        ]
        for column in columns {
            let rows = BatchRows([RowBatch(rowCount: 1, columns: [column], byteCount: 0)], schema: schema)
            let error = await #expect(throws: DuckDBError.self) {
                try await folder.destination().load(rows, into: orders)
            }
            guard case .malformedBatch("n", _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount the small disk this needs"))
    func fullDisk() async throws {
        let disk = try SmallDisk(megabytes: 24, at: folder.file("disk"))
        let path = disk.path + "/warehouse.duckdb"
        let destination = folder.destination(path)
        let copy = try await folder.load(orders, ids: 0..<1000, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")

        var random = RandomBatches(RandomBatches.schema(orders, of: [.uuid, .uuid, .uuid]), seed: 1)
        let large = BatchRows(random.batches(rows: 800_000), schema: random.schema, readers: 2)
        let error = await #expect(throws: DuckDBError.self) { try await destination.load(large, into: orders) }
        guard case .diskFull(path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await destination.discard([orders])
        #expect((FileFacts.freeBytes(at: path) ?? 0) > 20 << 20, "the room that was taken is given back")

        let next = folder.destination(path)
        #expect(try await next.tables(of: "sync") == [copy])
        #expect(try await next.query("SELECT count(*) FROM shop.orders").rows == [["1000"]])
        let again = try await folder.load(orders, ids: 0..<2000, into: next)
        try await next.publish([again], retiring: [], of: "sync")
        #expect(try await next.query("SELECT count(*) FROM shop.orders").rows == [["2000"]])
    }
}
