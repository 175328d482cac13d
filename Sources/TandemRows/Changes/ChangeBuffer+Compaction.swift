extension ChangeBuffer {
    /// Forgets the bytes that no row needs any more, such as those of rows that changed again. Takes a copy of the
    /// rest, and so as much memory for that time. Of no effect where there is no identity.
    public mutating func compact() {
        guard hasIdentity, rows.count > 0 else { return }
        let kept = ByteStorage(capacity: 4096)
        let key = Set(keys.columns)
        for row in states.indices {
            // Of a row that is gone, and of one that a patch takes values from, only the key is looked at.
            let isGone = states[row].isNothing
            for column in 0..<columnCount {
                let cell = rows.cells[row * columnCount + column]
                guard cell.length >= 0 else { continue }
                guard !isGone || key.contains(column) else {
                    rows.cells[row * columnCount + column] = .absent
                    continue
                }
                let value = UnsafeRawBufferPointer(start: bytes.base + Int(cell.start), count: Int(cell.length))
                let start = UInt32(truncatingIfNeeded: kept.append(value))
                rows.cells[row * columnCount + column] = TupleBuffer.Cell(start: start, length: cell.length)
            }
        }
        bytes = kept
    }
}

extension ChangeBuffer.RowState {
    var isNothing: Bool { if case .nothing = self { true } else { false } }
}
