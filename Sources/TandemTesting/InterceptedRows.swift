import Dispatch
import Synchronization
public import TandemCore
public import TandemRows

/// Rows whose batches come as a test lets them.
public struct InterceptedRows: TableRows {
    private let rows: any TableRows
    private let next: @Sendable (any RowReader) throws -> RowBatch?
    private let onCancel: @Sendable () -> Void

    /// - Parameter next: Called for each batch, with the reader that has it; on several threads at once.
    public init(
        _ rows: any TableRows,
        onCancel: @escaping @Sendable () -> Void = {},
        next: @escaping @Sendable (any RowReader) throws -> RowBatch?
    ) {
        self.rows = rows
        self.onCancel = onCancel
        self.next = next
    }

    /// Rows whose readers fail after `count` batches, over all readers, to see what becomes of the rest.
    public static func failing(_ rows: any TableRows, after count: Int, _ failure: any Error) -> InterceptedRows {
        let given = Atomic(0)
        return InterceptedRows(rows) { reader in
            guard given.add(1, ordering: .relaxed).newValue <= count else { throw failure }
            return try reader.next()
        }
    }

    /// Rows that come once they are let go, to see what others can do meanwhile.
    ///
    /// - Returns: The rows; what tells when the first of them are asked for; what lets them go.
    static func held(
        _ rows: any TableRows
    ) -> (rows: InterceptedRows, asked: AsyncStream<Void>, letGo: @Sendable () -> Void) {
        let (asked, signal) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        let held = InterceptedRows(rows) { reader in
            signal.yield()
            gate.wait()
            gate.signal()
            return try reader.next()
        }
        return (held, asked, { gate.signal() })
    }

    public var schema: TableSchema { rows.schema }
    public var readers: Int { rows.readers }
    public var tally: ReadTally { rows.tally }
    public func makeReader() throws -> any RowReader { Reader(reader: try rows.makeReader(), pull: next) }

    public func cancel() {
        onCancel()
        rows.cancel()
    }

    private final class Reader: RowReader {
        private let reader: any RowReader
        private let pull: @Sendable (any RowReader) throws -> RowBatch?

        init(reader: any RowReader, pull: @escaping @Sendable (any RowReader) throws -> RowBatch?) {
            self.reader = reader
            self.pull = pull
        }

        func next() throws -> RowBatch? { try pull(reader) }
    }
}
