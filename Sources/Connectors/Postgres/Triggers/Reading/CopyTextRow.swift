import TandemRows

/// One row of `COPY … TO STDOUT` in text format, taken apart: the cells as their output functions wrote them.
///
/// One is used for row after row, so that none of them allocates.
struct CopyTextRow {
    private(set) var bytes: [UInt8] = []
    /// A cell's start counts from the first of `bytes`.
    private(set) var cells: [TupleBuffer.Cell] = []

    /// Takes in the next row.
    ///
    /// - Parameter line: With or without the newline that ends it.
    /// - Throws: ``MalformedTextRow`` for what no server writes.
    mutating func take(_ line: UnsafeRawBufferPointer) throws(MalformedTextRow) {
        bytes.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
        var end = line.count
        if end > 0, line[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        var (place, start, isNull) = (0, 0, false)
        while true {
            // What needs no care is copied in one piece.
            var next = place
            while next < end, line[next] != UInt8(ascii: "\t"), line[next] != UInt8(ascii: "\\") { next += 1 }
            if next > place { bytes.append(contentsOf: line[place..<next]) }
            if next < end, line[next] == UInt8(ascii: "\\") {
                guard next + 1 < end else { throw MalformedTextRow() }
                if line[next + 1] == UInt8(ascii: "N") {
                    isNull = true
                } else {
                    bytes.append(Self.plain(line[next + 1]))
                }
                place = next + 2
                continue
            }
            guard bytes.count <= Int(Int32.max) else { throw MalformedTextRow() }
            cells.append(
                isNull ? .null : TupleBuffer.Cell(start: UInt32(start), length: Int32(bytes.count - start))
            )
            guard next < end else { return }
            (place, start, isNull) = (next + 1, bytes.count, false)
        }
    }

    private static func plain(_ escaped: UInt8) -> UInt8 {
        switch escaped {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "t"): 9
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "v"): 11
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "r"): 13
        default: escaped
        }
    }
}

/// A row of `COPY … TO STDOUT` that ends in the middle of something, or is too long to be one.
struct MalformedTextRow: Error {}
