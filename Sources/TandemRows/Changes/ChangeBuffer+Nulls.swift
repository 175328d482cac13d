/// For a source that sends some values as null, and can be asked for them.
extension ChangeBuffer {
    /// The rows that are to be written and are null in one of `columns`, for ``text(of:in:)`` and ``fill(_:in:with:)``.
    public func written(nullIn columns: [Int]) -> [Int] {
        (0..<rows.count).filter { row in
            (!hasIdentity || !states[row].isNothing) && columns.contains { isNull(row, $0, of: rows) }
        }
    }

    /// Whether a change named a row that is null in one of `columns` by these: its key, or all of it.
    public func identifies(nullIn columns: [Int]) -> Bool {
        guard hasIdentity else {
            return (0..<deleted.count).contains { row in columns.contains { isNull(row, $0, of: deleted) } }
        }
        let keys = columns.filter(keys.columns.contains)
        return !keys.isEmpty && (0..<rows.count).contains { row in keys.contains { isNull(row, $0, of: rows) } }
    }

    /// What was sent. `nil` where that is no value, or no text.
    public func text(of row: Int, in column: Int) -> String? {
        let cell = rows.cells[row * columnCount + column]
        guard cell.length >= 0 else { return nil }
        let text = UnsafeRawBufferPointer(start: bytes.base + Int(cell.start), count: Int(cell.length))
        return String(validating: text, as: UTF8.self)
    }

    /// Puts `text` in the place of a null, in a column that tells no rows apart.
    public mutating func fill(_ row: Int, in column: Int, with text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let start = UInt32(truncatingIfNeeded: bytes.append(UnsafeRawBufferPointer(utf8)))
            rows.cells[row * columnCount + column] = TupleBuffer.Cell(start: start, length: Int32(utf8.count))
        }
    }

    private func isNull(_ row: Int, _ column: Int, of rows: RowCells) -> Bool {
        rows.cells[row * columnCount + column].length == TupleBuffer.Cell.null.length
    }
}
