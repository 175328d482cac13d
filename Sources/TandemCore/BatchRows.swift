import Synchronization
public import TandemRows

/// Rows that are in memory already, dealt out batch by batch.
public final class BatchRows: TableRows {
    public let schema: TableSchema
    public let readers: Int
    private let state: Mutex<State>

    private struct State {
        var waiting: [RowBatch]
        var tally = ReadTally()
        var isCancelled = false
    }

    /// - Parameter batches: Columns in the order of `schema`, at most `RowBatch.rowLimit` rows each.
    public init(_ batches: [RowBatch], schema: TableSchema, readers: Int = 1) {
        self.schema = schema
        self.readers = readers
        state = Mutex(State(waiting: batches.reversed()))
    }

    public func makeReader() throws -> any RowReader { Reader(rows: self) }
    public func cancel() { state.withLock { $0.isCancelled = true } }
    public var tally: ReadTally { state.withLock { $0.tally } }

    private func next() throws -> RowBatch? {
        try state.withLock { state in
            if state.isCancelled { throw CancellationError() }
            let batch = state.waiting.popLast()
            state.tally.rows += batch?.rowCount ?? 0
            state.tally.bytes += batch?.byteCount ?? 0
            return batch
        }
    }

    private final class Reader: RowReader {
        private let rows: BatchRows
        init(rows: BatchRows) { self.rows = rows }
        func next() throws -> RowBatch? { try rows.next() }
    }
}
