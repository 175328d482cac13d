import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Rows that do not fit in the memory that is enough for all others.
@Suite struct LargeValueTests {
    @Test func memoryGrowsForThem() async throws {
        let folder = try WarehouseFolder()
        let name = TableName(schema: "main", table: "large")
        let schema = TableSchema(
            name: name,
            columns: [ColumnSchema(name: "value", type: .bytes, nativeType: "bytea")],
            identity: []
        )
        let sizes = [90 << 20, 1, 100 << 20, 7 << 20, 100 << 20]
        let destination = folder.destination()
        var attempts = 0
        while true {
            do {
                attempts += 1
                let written = try await destination.load(BatchRows(sizes.map(batch), schema: schema), into: name)
                #expect(written == sizes.count)
                break
            } catch is LoadAgain {
                #expect(attempts < 5)
            }
        }
        #expect(attempts > 1, "a load that has all the memory it needs shows nothing")
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 0)
        let copy = SyncedTable(target: name, schema: schema, rows: sizes.count, moment: moment)
        try await destination.publish([copy], retiring: [], of: "sync")

        let reader = try await folder.destination().rows(of: copy, as: schema).makeReader()
        var found: [Int] = []
        while let batch = try reader.next() {
            guard case .bytes(let values) = batch.columns[0].storage else { continue }
            found += (0..<batch.rowCount).map { values[$0].count }
        }
        #expect(found.sorted() == sizes.sorted())
    }

    /// DuckDB notes in memory where rows are removed, and fails where that is more than it may use. What it was about
    /// to remove then is in nobody's reach until the file is opened anew: also where the count of rows is wrong, and
    /// so what is asked for.
    @Test(arguments: [20_000_000, 0]) func rowsOfALargeTableAreRemovedAnywhere(known: Int) async throws {
        let folder = try WarehouseFolder()
        let name = TableName(schema: "main", table: "large")
        let destination = folder.destination()
        var copy = try await folder.load(name, ids: 0..<10, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")
        await destination.close()
        let rows = 20_000_000
        try folder.sql("INSERT INTO main.large SELECT range + 10, NULL, NULL FROM range(\(rows - 10))")
        copy.rows = known
        var changes = NetChanges()
        for start in stride(from: 0, to: rows, by: 2_000_000) {
            let ids = stride(from: Int64(start), to: Int64(start + 2_000_000), by: 2_000).map(\.self)
            let batch = RowBatch(rowCount: ids.count, columns: [Column(storage: .int64(ids))], byteCount: 0)
            changes.removed.append(batch)
        }
        changes.written = SampleTable(name, ids: 0..<7).batches()
        let state = StreamCheckpoint(id: "stream", checkpoint: Checkpoint("1"))
        let second = folder.destination()
        try await second.write(
            [TargetChanges(before: copy, after: copy, changes: changes)],
            advancing: state,
            of: "sync"
        )
        await second.close()
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM main.large") == [["\(rows - rows / 2_000 + 7)"]])
    }

    private func batch(_ size: Int) -> RowBatch {
        let storage = ByteStorage(capacity: size)
        var generator = SeededGenerator(seed: UInt64(size))
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 1 << 17) { block in
            for index in block.indices { block[index] = generator.next() }
            while storage.count < size {
                storage.append(
                    UnsafeRawBufferPointer(
                        rebasing: UnsafeRawBufferPointer(block)[..<min(1 << 20, size - storage.count)]
                    )
                )
            }
        }
        let views = ByteViews(views: [.init(start: 0, length: UInt32(size))], storage: storage)
        return RowBatch(rowCount: 1, columns: [Column(storage: .bytes(views))], byteCount: size)
    }
}
