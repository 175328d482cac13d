import TandemRows

/// The cells of one column of a batch and the bytes they lie in.
struct CellSpan {
    let cells: UnsafeBufferPointer<TupleBuffer.Cell>
    let storage: ByteStorage

    var count: Int { cells.count }
    var base: UnsafeRawPointer { UnsafeRawPointer(storage.base) }

    /// Set for cells that were not sent. `nil` where all were.
    var absent: Bitmap? {
        var absent: Bitmap?
        for (row, cell) in cells.enumerated() where cell.length == TupleBuffer.Cell.absent.length {
            if absent == nil { absent = Bitmap(repeating: false, count: count) }
            absent?.set(row)
        }
        return absent
    }

    func bytes(_ cell: TupleBuffer.Cell) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Int(cell.start), count: Int(cell.length))
    }
}

/// Bytes of a cell that its type does not allow.
struct MalformedCell: Error {}

/// A column as decoded, and what did not fit its type.
struct DecodedColumn {
    var column: Column
    /// Rows with a value its type cannot hold, ascending. The nearest value, or null, lies there instead.
    var unfit: [Int] = []

    init(_ storage: Column.Storage, nulls: NullMask, unfit: [Int] = []) {
        column = Column(storage: storage, validity: nulls.validity)
        self.unfit = unfit
    }
}

/// Which rows are null, without cost while none is.
struct NullMask {
    private var words: [UInt64] = []
    private let count: Int

    init(count: Int) { self.count = count }

    @inline(never)
    mutating func insert(_ row: Int) {
        if words.isEmpty { words = Array(repeating: .max, count: (count + 63) / 64) }
        words[row >> 6] &= ~(1 << UInt64(row & 63))
    }

    var validity: Bitmap? { words.isEmpty ? nil : Bitmap(words: words, count: count) }
}
