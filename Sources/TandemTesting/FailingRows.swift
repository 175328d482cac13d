import Synchronization
public import TandemCore
public import TandemRows

/// Rows whose readers fail after some batches, to see what becomes of the rest.
public final class FailingRows: TableRows {
    private let rows: any TableRows
    private let failure: any Error
    private let left: Mutex<Int>

    /// - Parameter count: How many batches come through, over all readers.
    public init(_ rows: any TableRows, after count: Int, _ failure: any Error) {
        self.rows = rows
        self.failure = failure
        left = Mutex(count)
    }

    public var schema: TableSchema { rows.schema }
    public var readers: Int { rows.readers }
    public var tally: ReadTally { rows.tally }
    public func cancel() { rows.cancel() }
    public func makeReader() throws -> any RowReader { Reader(reader: try rows.makeReader(), owner: self) }

    private final class Reader: RowReader {
        private let reader: any RowReader
        private let owner: FailingRows

        init(reader: any RowReader, owner: FailingRows) {
            self.reader = reader
            self.owner = owner
        }

        func next() throws -> RowBatch? {
            let mayPass = owner.left.withLock { left in
                left -= 1
                return left >= 0
            }
            guard mayPass else { throw owner.failure }
            return try reader.next()
        }
    }
}
