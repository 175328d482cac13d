/// Rows of one table as their source sent them: the bytes, and where each cell lies.
///
/// A source appends tuples as they arrive and decodes nothing. Decoding then
/// goes column by column, so that the choice of decoder is made once per
/// column and not once per cell.
public struct TupleBuffer {
    /// Where a cell lies in the buffer's bytes; a negative length is ``null`` or ``absent``.
    public struct Cell: Hashable, Sendable {
        public var start: UInt32
        public var length: Int32

        @inlinable public init(start: UInt32, length: Int32) {
            self.start = start
            self.length = length
        }

        public static let null = Cell(start: 0, length: -1)
        /// The source sent no value: see ``Column/absent``.
        public static let absent = Cell(start: 0, length: -2)
    }

    public let columnCount: Int
    @inlinable public var rowCount: Int { rows }
    @usableFromInline var rows = 0
    /// Column by column: the cell of `row` in `column` is at `column * RowBatch.rowLimit + row`.
    @usableFromInline var cells: [Cell]
    @usableFromInline var bytes: ByteStorage
    public var storage: ByteStorage { bytes }

    public init(columnCount: Int) {
        self.columnCount = columnCount
        cells = Array(repeating: .null, count: columnCount * RowBatch.rowLimit)
        bytes = ByteStorage(capacity: 256 << 10)
    }

    public var byteCount: Int { bytes.count }
    /// Whether the rows held are a full batch.
    @inlinable public var isFull: Bool { rows == RowBatch.rowLimit || bytes.count >= RowBatch.byteLimit }

    /// Keeps `tuple`, whose cells `locate` finds: it is called with where the
    /// tuple starts and the slots to fill, one every `RowBatch.rowLimit`.
    ///
    /// Inlinable because it runs once per row, and a generic function that is
    /// not looks its types up each time.
    @inlinable public mutating func append<Failure: Error>(
        _ tuple: UnsafeRawBufferPointer,
        locate: (_ start: UInt32, _ cells: UnsafeMutablePointer<Cell>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(rows < RowBatch.rowLimit, "a full buffer takes no more rows")
        precondition(bytes.count + tuple.count <= UInt32.max, "a batch of rows is below 4 GiB")
        let start = UInt32(truncatingIfNeeded: bytes.append(tuple))
        let row = rows
        try cells.withUnsafeMutableBufferPointer { cells throws(Failure) in
            guard let base = cells.baseAddress else { return }
            try locate(start, base + row)
        }
        rows += 1
    }

    /// Calls `body` with the cells of one column, a row each.
    @inlinable public func withCells<Value>(
        of column: Int,
        _ body: (UnsafeBufferPointer<Cell>, UnsafeRawPointer) -> Value
    ) -> Value {
        cells.withUnsafeBufferPointer { cells in
            let column = UnsafeBufferPointer(
                rebasing: cells[column * RowBatch.rowLimit..<column * RowBatch.rowLimit + rows]
            )
            return body(column, UnsafeRawPointer(bytes.base))
        }
    }

    /// Drops the rows that `refused` has set, keeping the order of the others.
    public mutating func remove(_ refused: Bitmap) {
        var kept = 0
        for row in 0..<rows where !refused[row] {
            for column in 0..<columnCount {
                cells[column * RowBatch.rowLimit + kept] = cells[column * RowBatch.rowLimit + row]
            }
            kept += 1
        }
        rows = kept
    }

    /// Forgets the rows. Batches that still point into the bytes keep them.
    public mutating func removeAll() {
        rows = 0
        if isKnownUniquelyReferenced(&bytes) {
            bytes.removeAll(keeping: 2 * RowBatch.byteLimit)
        } else {
            bytes = ByteStorage(capacity: min(bytes.count, 2 * RowBatch.byteLimit))
        }
    }
}
