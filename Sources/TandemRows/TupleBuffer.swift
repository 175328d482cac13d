/// Rows of one table as their source sent them: the bytes, and where each cell lies.
///
/// A source appends tuples as they arrive and decodes nothing. Decoding then
/// goes column by column, so that the choice of decoder is made once per
/// column and not once per cell.
public struct TupleBuffer {
    /// Where a cell lies in the buffer's bytes; a negative length is a null.
    public struct Cell: Hashable, Sendable {
        public var start: UInt32
        public var length: Int32

        @inlinable public init(start: UInt32, length: Int32) {
            self.start = start
            self.length = length
        }
    }

    public let columnCount: Int
    public private(set) var rowCount = 0
    /// Column by column: the cell of `row` in `column` is at `column * RowBatch.rowLimit + row`.
    @usableFromInline var cells: [Cell]
    public private(set) var storage: ByteStorage

    public init(columnCount: Int) {
        self.columnCount = columnCount
        cells = Array(repeating: Cell(start: 0, length: -1), count: columnCount * RowBatch.rowLimit)
        storage = ByteStorage(capacity: 256 << 10)
    }

    public var byteCount: Int { storage.count }
    /// Whether the rows held are a full batch.
    public var isFull: Bool { rowCount == RowBatch.rowLimit || storage.count >= RowBatch.byteLimit }

    /// Keeps `tuple`, whose cells `locate` finds: it is called with where the
    /// tuple starts and the slots to fill, one every `RowBatch.rowLimit`.
    public mutating func append<Failure: Error>(
        _ tuple: UnsafeRawBufferPointer,
        locate: (_ start: UInt32, _ cells: UnsafeMutablePointer<Cell>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(rowCount < RowBatch.rowLimit, "a full buffer takes no more rows")
        precondition(storage.count + tuple.count <= UInt32.max, "a batch of rows is below 4 GiB")
        let start = UInt32(storage.append(tuple))
        let row = rowCount
        let result: Result<Void, Failure> = cells.withUnsafeMutableBufferPointer { cells in
            guard let base = cells.baseAddress else { return .success(()) }
            do throws(Failure) { return .success(try locate(start, base + row)) } catch { return .failure(error) }
        }
        try result.get()
        rowCount += 1
    }

    /// Calls `body` with the cells of one column, a row each.
    @inlinable public func withCells<Value>(
        of column: Int, _ body: (UnsafeBufferPointer<Cell>, UnsafeRawPointer) -> Value
    ) -> Value {
        cells.withUnsafeBufferPointer { cells in
            let column = UnsafeBufferPointer(rebasing: cells[column * RowBatch.rowLimit..<column * RowBatch.rowLimit + rowCount])
            return body(column, UnsafeRawPointer(storage.base))
        }
    }

    /// Drops the rows that `refused` has set, keeping the order of the others.
    public mutating func remove(_ refused: Bitmap) {
        var kept = 0
        for row in 0..<rowCount where !refused[row] {
            for column in 0..<columnCount {
                cells[column * RowBatch.rowLimit + kept] = cells[column * RowBatch.rowLimit + row]
            }
            kept += 1
        }
        rowCount = kept
    }

    /// Forgets the rows. Batches that still point into the bytes keep them.
    public mutating func removeAll() {
        rowCount = 0
        if isKnownUniquelyReferenced(&storage) {
            storage.removeAll(keeping: 2 * RowBatch.byteLimit)
        } else {
            storage = ByteStorage(capacity: min(storage.count, 2 * RowBatch.byteLimit))
        }
    }
}
