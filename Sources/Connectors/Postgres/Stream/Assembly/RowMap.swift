import TandemRows

/// How the cells of a relation's rows become those of the table it belongs to.
struct RowMap {
    /// Index of the table.
    let table: Int
    /// How many cells a row of the stream has.
    let cellCount: Int
    /// Where the cell of each of the table's columns stands among them; -1 for one that does not come.
    let places: [Int]
    /// Whether the column tells rows apart.
    let isKey: [Bool]

    /// Old rows come whole but for nulls.
    private let isNullLeftOut: Bool

    init(table: Int, relation: StreamRelation, resolved: ResolvedRelation) {
        self.table = table
        isNullLeftOut = relation.omitsNullKeys && resolved.identity == .full
        cellCount = relation.columns.count
        places = resolved.places
        var isKey = Array(repeating: false, count: places.count)
        for column in resolved.schema.identity { isKey[column] = true }
        self.isKey = isKey
    }

    /// Fills the slots of a whole row.
    @inline(__always)
    func fill(_ slots: UnsafeMutablePointer<TupleBuffer.Cell>, from image: TupleImage, start: UInt32) {
        var slot = slots
        for place in places {
            if place >= 0 {
                let cell = image.cells[place]
                slot.pointee = TupleBuffer.Cell(start: cell.start &+ start, length: cell.length)
            } else {
                slot.pointee = .absent
            }
            slot += 1
        }
    }

    /// Fills the slots of a row of which the columns that tell rows apart were sent.
    @inline(__always)
    func fillKey(_ slots: UnsafeMutablePointer<TupleBuffer.Cell>, from image: TupleImage, start: UInt32) {
        for column in places.indices {
            guard isKey[column] || isNullLeftOut, places[column] >= 0 else {
                // One that no row has named so far, if it is not known how many there are.
                slots[column] = isNullLeftOut ? .null : .absent
                continue
            }
            let cell = image.cells[places[column]]
            slots[column] = TupleBuffer.Cell(start: cell.start &+ start, length: cell.length)
            if isNullLeftOut, cell.length == TupleBuffer.Cell.absent.length { slots[column] = .null }
        }
    }
}
