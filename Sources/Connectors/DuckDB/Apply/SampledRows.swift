import Synchronization
import TandemCore
import TandemRows

/// Rows whose first batch has been looked at before DuckDB gets them. It is handed out like the others.
final class SampledRows: TableRows {
    /// How strings are to be compressed, by the first batch.
    let compression: StringCompression
    /// Whether there are no rows at all.
    let isEmpty: Bool
    private let rows: any TableRows
    private let head: Mutex<HeadReader?>

    /// Reads the first batch of `rows`, on this thread.
    init(_ rows: any TableRows) throws {
        self.rows = rows
        let reader = try rows.makeReader()
        let first = try reader.next()
        compression = StringCompression(for: first)
        isEmpty = first == nil
        head = Mutex(HeadReader(reader, first: first))
    }

    var schema: TableSchema { rows.schema }
    var readers: Int { rows.readers }
    var tally: ReadTally { rows.tally }
    func cancel() { rows.cancel() }

    func makeReader() throws -> any RowReader {
        let reader = head.withLock { head in
            defer { head = nil }
            return head
        }
        return try reader ?? rows.makeReader()
    }

    /// The reader that has read the first batch.
    // Unchecked because threads use it one after the other: the one that looks, then the one that pulls.
    private final class HeadReader: RowReader, @unchecked Sendable {
        private let reader: any RowReader
        private var first: RowBatch?
        private var hasEnded: Bool

        init(_ reader: any RowReader, first: RowBatch?) {
            self.reader = reader
            self.first = first
            hasEnded = first == nil
        }

        func next() throws -> RowBatch? {
            if hasEnded { return nil }
            guard let batch = first else { return try reader.next() }
            // Let go of, so that the reader may use its memory again.
            first = nil
            return batch
        }
    }
}
