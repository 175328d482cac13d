import Synchronization
import TandemCore
import TandemRows

/// Rows whose first batch has been looked at before DuckDB gets them. It is handed out like the others.
final class SampledRows: TableRows {
    /// How strings are to be compressed, by the first batch.
    let compression: StringCompression
    /// Whether there are no rows at all.
    let isEmpty: Bool
    /// All rows, where they are few: with memory of their own, so that they can be held.
    let small: HeldRows?
    private let rows: any TableRows
    private let head: Mutex<HeadReader?>

    /// Of a table that is small.
    private static let smallRows = RowBatch.rowLimit / 2
    private static let smallBytes = 256 << 10

    /// Reads the first batch of `rows`, on this thread, and looks for another behind one that may be all.
    init(_ rows: any TableRows) throws {
        self.rows = rows
        let reader = try rows.makeReader()
        let first = try reader.next()
        compression = StringCompression(for: first)
        isEmpty = first == nil
        guard let first else {
            small = HeldRows(nil, of: rows)
            head = Mutex(HeadReader(reader, batches: [], hasEnded: true))
            return
        }
        let maybeSmall =
            first.rowCount <= Self.smallRows && first.byteCount <= Self.smallBytes
            // What is not is refused where it is written, which is to be now.
            && HeldRows.accepts(first, as: rows.schema)
        let second = maybeSmall ? try reader.next() : nil
        small = maybeSmall && second == nil ? HeldRows(first, of: rows) : nil
        let batches = [second, first].compactMap(\.self)
        head = Mutex(HeadReader(reader, batches: batches, hasEnded: maybeSmall && second == nil))
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

    /// The reader that has read the first batches.
    // Unchecked because threads use it one after the other: the one that looks, then the one that pulls.
    private final class HeadReader: RowReader, @unchecked Sendable {
        private let reader: any RowReader
        /// The first of them last.
        private var batches: [RowBatch]
        private let hasEnded: Bool

        init(_ reader: any RowReader, batches: [RowBatch], hasEnded: Bool) {
            self.reader = reader
            self.batches = batches
            self.hasEnded = hasEnded
        }

        func next() throws -> RowBatch? {
            // Let go of, so that the reader may use its memory again.
            if let batch = batches.popLast() { return batch }
            return hasEnded ? nil : try reader.next()
        }
    }
}

/// The few rows of a table, in memory.
final class HeldRows: TableRows {
    let schema: TableSchema
    let tally: ReadTally
    let batch: RowBatch?
    var readers: Int { 1 }

    /// - Parameter batch: All rows of `rows`, which has been read to its end.
    init(_ batch: RowBatch?, of rows: any TableRows) {
        self.batch = batch.map { $0.picking(Array(0..<$0.rowCount)) }
        (schema, tally) = (rows.schema, rows.tally)
    }

    /// Whether `batch` can be written as it is.
    static func accepts(_ batch: RowBatch, as schema: TableSchema) -> Bool {
        batch.columns.count == schema.columns.count
            && zip(batch.columns, schema.columns).allSatisfy { column, described in
                VectorWriter.accepts(column, as: described.type, rows: batch.rowCount)
            }
    }

    func makeReader() throws -> any RowReader { Reader(batch) }
    func cancel() {}

    private final class Reader: RowReader {
        private var batch: RowBatch?

        init(_ batch: RowBatch?) { self.batch = batch }

        func next() -> RowBatch? { batch.take() }
    }
}
