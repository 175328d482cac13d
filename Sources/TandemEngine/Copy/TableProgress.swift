import Synchronization
import TandemCore
import TandemRows

/// How far the copy of one table has come. Any thread may look.
package final class TableProgress: Sendable {
    package let estimatedRows: Int?
    private let rowCount = Atomic<Int>(0)
    private let byteCount = Atomic<Int>(0)

    init(estimatedRows: Int?) { self.estimatedRows = estimatedRows }

    package var rows: Int { rowCount.load(ordering: .relaxed) }
    package var bytes: Int { byteCount.load(ordering: .relaxed) }

    fileprivate func add(_ batch: RowBatch) {
        rowCount.add(batch.rowCount, ordering: .relaxed)
        byteCount.add(batch.byteCount, ordering: .relaxed)
    }

    /// The table is read from its start again, or from behind what was read of it earlier.
    func restart(after earlier: ReadTally = ReadTally()) {
        rowCount.store(earlier.rows - earlier.refused, ordering: .relaxed)
        byteCount.store(earlier.bytes, ordering: .relaxed)
    }
}

/// Rows on their way to the destination: counted, and under the names they have there.
struct TravellingRows: TableRows {
    let rows: any TableRows
    let schema: TableSchema
    let progress: TableProgress

    var readers: Int { rows.readers }
    var tally: ReadTally { rows.tally }
    func cancel() { rows.cancel() }
    func makeReader() throws -> any RowReader { Reader(reader: try rows.makeReader(), progress: progress) }

    private final class Reader: RowReader {
        private let reader: any RowReader
        private let progress: TableProgress

        init(reader: any RowReader, progress: TableProgress) {
            self.reader = reader
            self.progress = progress
        }

        func next() throws -> RowBatch? {
            let batch = try reader.next()
            if let batch { progress.add(batch) }
            return batch
        }
    }
}
