import TandemRows

extension Column {
    /// Whether `row` here is the very value of `other` at `otherRow`, bit by bit.
    func isSame(_ row: Int, as otherRow: Int, of other: Column) -> Bool {
        guard !isNull(row), !other.isNull(otherRow) else { return isNull(row) == other.isNull(otherRow) }
        switch (storage, other.storage) {
        case (.bool(let a), .bool(let b)): return a[row] == b[otherRow]
        case (.int16(let a), .int16(let b)): return a[row] == b[otherRow]
        case (.int32(let a), .int32(let b)): return a[row] == b[otherRow]
        case (.int64(let a), .int64(let b)): return a[row] == b[otherRow]
        case (.int128(let a), .int128(let b)): return a[row] == b[otherRow]
        case (.float32(let a), .float32(let b)): return a[row].bitPattern == b[otherRow].bitPattern
        case (.float64(let a), .float64(let b)): return a[row].bitPattern == b[otherRow].bitPattern
        case (.interval(let a), .interval(let b)): return a[row] == b[otherRow]
        case (.bytes(let a), .bytes(let b)): return a[row].elementsEqual(b[otherRow])
        case (.list(let a, let values), .list(let b, let others)):
            let (mine, its) = (a[row]..<a[row + 1], b[otherRow]..<b[otherRow + 1])
            return mine.count == its.count && zip(mine, its).allSatisfy { values.isSame($0, as: $1, of: others) }
        default: return false
        }
    }
}

extension TupleBuffer {
    /// Rows whose cells are these texts; those of the rows `absent` were not sent.
    init(columns: Int, rows: some Sequence<[String?]>, absent: Set<Int> = []) {
        self.init(columnCount: columns)
        for (index, row) in rows.enumerated() {
            // Nothing is aligned where cells really lie.
            var bytes: [UInt8] = [0]
            var places: [Cell] = []
            for cell in row {
                places.append(cell.map { Cell(start: UInt32(bytes.count), length: Int32($0.utf8.count)) } ?? .null)
                bytes += Array((cell ?? "").utf8)
            }
            bytes.withUnsafeBytes { tuple in
                append(tuple) { start, cells in
                    for (column, place) in places.enumerated() {
                        guard !absent.contains(index) else {
                            cells[column * RowBatch.rowLimit] = .absent
                            continue
                        }
                        cells[column * RowBatch.rowLimit] = Cell(start: start + place.start, length: place.length)
                    }
                }
            }
        }
    }
}
