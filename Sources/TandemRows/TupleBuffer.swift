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
    /// Column by column: the cell of `row` in `column` is at `column * rowCapacity + row`.
    @usableFromInline var cells: [Cell]
    @usableFromInline let rowCapacity: Int
    @usableFromInline var bytes: ByteStorage
    /// What the rows held take of `bytes`, where other buffers point there too. `nil` for one that fills its own.
    @usableFromInline let share: Int?
    public var storage: ByteStorage { bytes }

    public init(columnCount: Int) {
        self.columnCount = columnCount
        rowCapacity = RowBatch.rowLimit
        cells = Array(repeating: .null, count: columnCount * RowBatch.rowLimit)
        bytes = ByteStorage(capacity: 256 << 10)
        share = nil
    }

    /// Rows whose values lie in a storage that is shared; it takes no more.
    ///
    /// - Parameter fill: Sets every cell, column by column, and returns how many bytes they have together.
    init(
        columnCount: Int,
        rowCount: Int,
        storage: ByteStorage,
        fill: (UnsafeMutablePointer<Cell>) -> Int
    ) {
        self.columnCount = columnCount
        rowCapacity = rowCount
        rows = rowCount
        bytes = storage
        var byteCount = 0
        cells = Array(unsafeUninitializedCapacity: columnCount * rowCount) { cells, count in
            guard let base = cells.baseAddress else { return }
            byteCount = fill(base)
            count = columnCount * rowCount
        }
        share = byteCount
    }

    public var byteCount: Int { share ?? bytes.count }
    /// Whether the rows held are a full batch.
    @inlinable public var isFull: Bool {
        rows == RowBatch.rowLimit || bytes.count >= RowBatch.byteLimit || share != nil
    }

    /// Keeps `tuple`, whose cells `locate` finds: it is called with where the
    /// tuple starts and the slots to fill, one every `RowBatch.rowLimit`.
    ///
    /// Inlinable because it runs once per row, and a generic function that is
    /// not looks its types up each time.
    @inlinable public mutating func append<Failure: Error>(
        _ tuple: UnsafeRawBufferPointer,
        locate: (_ start: UInt32, _ cells: UnsafeMutablePointer<Cell>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(rows < RowBatch.rowLimit && share == nil, "a full buffer takes no more rows")
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
                rebasing: cells[column * rowCapacity..<column * rowCapacity + rows]
            )
            return body(column, UnsafeRawPointer(bytes.base))
        }
    }

    /// Drops the rows that `refused` has set, keeping the order of the others.
    public mutating func remove(_ refused: Bitmap) {
        var kept = 0
        for row in 0..<rows where !refused[row] {
            for column in 0..<columnCount {
                cells[column * rowCapacity + kept] = cells[column * rowCapacity + row]
            }
            kept += 1
        }
        rows = kept
    }

    /// Forgets the rows. Batches that still point into the bytes keep them.
    public mutating func removeAll() {
        guard share == nil else {
            self = TupleBuffer(columnCount: columnCount)
            return
        }
        rows = 0
        if isKnownUniquelyReferenced(&bytes) {
            bytes.removeAll(keeping: 2 * RowBatch.byteLimit)
        } else {
            bytes = ByteStorage(capacity: min(bytes.count, 2 * RowBatch.byteLimit))
        }
    }
}
