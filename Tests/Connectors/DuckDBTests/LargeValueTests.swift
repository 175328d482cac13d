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
        let copy = CopiedTable(target: name, schema: schema, rows: sizes.count, moment: moment)
        try await destination.publish([copy], retiring: [], of: "sync")

        let reader = try await folder.destination().rows(of: copy, as: schema).makeReader()
        var found: [Int] = []
        while let batch = try reader.next() {
            guard case .bytes(let values) = batch.columns[0].storage else { continue }
            found += (0..<batch.rowCount).map { values[$0].count }
        }
        #expect(found.sorted() == sizes.sorted())
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
