/// Rows of cells, one row after the other, and room behind the last for two that may become the next.
@usableFromInline
struct RowCells {
    @usableFromInline typealias Cell = TupleBuffer.Cell

    @usableFromInline let columnCount: Int
    @usableFromInline var count = 0
    @usableFromInline var cells: [Cell] = []

    init(columnCount: Int) { self.columnCount = columnCount }

    mutating func makeRoom() {
        let needed = (count + 2) * columnCount + 1
        guard needed > cells.count else { return }
        let larger = max(needed, 2 * cells.count)
        cells.reserveCapacity(larger)
        cells.append(contentsOf: repeatElement(.null, count: larger - cells.count))
    }

    /// Calls `body` with the row behind the last and the one after that.
    @inlinable
    mutating func withRoom<Value, Failure: Error>(
        _ body: (_ first: UnsafeMutablePointer<Cell>, _ second: UnsafeMutablePointer<Cell>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let at = count * columnCount
        return try cells.withUnsafeMutableBufferPointer { [columnCount] cells throws(Failure) -> Value in
            guard let base = cells.baseAddress, at + 2 * columnCount < cells.count else {
                preconditionFailure("room is made before it is used")
            }
            return try body(base + at, base + (at + columnCount))
        }
    }

    func withRow<Value>(_ row: Int, _ body: (UnsafePointer<Cell>) -> Value) -> Value {
        cells.withUnsafeBufferPointer { cells in
            guard let base = cells.baseAddress else { preconditionFailure("there is no row without room") }
            return body(base + row * columnCount)
        }
    }

    /// Adds a row that `other` holds.
    mutating func append(_ row: Int, of other: RowCells) {
        makeRoom()
        for column in 0..<columnCount {
            cells[count * columnCount + column] = other.cells[row * columnCount + column]
        }
        count += 1
    }

    mutating func copy(_ row: Int, to other: Int) {
        cells.withUnsafeMutableBufferPointer { cells in
            guard let base = cells.baseAddress, row != other else { return }
            (base + other * columnCount).update(from: base + row * columnCount, count: columnCount)
        }
    }

    /// Fills what is absent in `row` from `other`, and tells whether nothing stayed absent.
    mutating func fill(_ row: Int, from other: Int) -> Bool {
        cells.withUnsafeMutableBufferPointer { cells in
            var isWhole = true
            let (row, other) = (row * columnCount, other * columnCount)
            for column in 0..<columnCount where cells[row + column].length == Cell.absent.length {
                cells[row + column] = cells[other + column]
                if cells[row + column].length == Cell.absent.length { isWhole = false }
            }
            return isWhole
        }
    }

    func isWhole(_ row: Int) -> Bool {
        cells.withUnsafeBufferPointer { cells in
            for cell in cells[row * columnCount..<(row + 1) * columnCount] where cell.length == Cell.absent.length {
                return false
            }
            return true
        }
    }

    /// Bytes that the row's values take.
    func byteCount(_ row: Int, columns: [Int]) -> Int {
        cells.withUnsafeBufferPointer { cells in
            var sum = 0
            for column in columns { sum += Int(max(cells[row * columnCount + column].length, 0)) }
            return sum
        }
    }

    mutating func removeAll() {
        if cells.count > 1 << 17 || cells.count > 8 * count * columnCount { cells = [] }
        count = 0
    }
}
