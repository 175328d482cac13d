import TandemRows

extension TextDecoder {
    /// The value that `text` is written for. `nil` where it is none of the type's, or does not fit.
    func value(of text: String) -> Value? {
        var buffer = TupleBuffer(columnCount: 1)
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { tuple in
            buffer.append(tuple) { start, cells in
                cells.pointee = TupleBuffer.Cell(start: start, length: Int32(truncatingIfNeeded: tuple.count))
            }
        }
        guard let decoded = try? ColumnDecoding(.text(self), checksUTF8: true).decode(buffer, column: 0),
            decoded.unfit.isEmpty
        else { return nil }
        return Value(0, of: decoded.column)
    }
}
