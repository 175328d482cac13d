import TandemRows

extension PgOutput {
    /// The cells of one row in a message, kept from row to row so that none is allocated for each.
    struct TupleData {
        private var cells: [TupleBuffer.Cell] = []

        /// Notes where each cell of the row at `start` lies.
        ///
        /// - Parameter origin: Where the bytes begin from which places are counted.
        /// - Returns: Where the row ends.
        @inline(__always)
        mutating func locate(
            in message: UnsafeRawBufferPointer,
            at start: Int,
            countedFrom origin: Int,
            kind: StaticString
        ) throws(MalformedMessage) -> Int {
            guard message.count - start >= 2, let base = message.baseAddress else {
                throw .length(of: kind.description)
            }
            let count = Int(message.bigEndian(UInt16.self, at: start))
            // Nobody's rows have more columns than Postgres allows.
            guard count <= 1664 else { throw .value(of: "number of columns", in: kind.description) }
            if cells.count != count { cells = Array(repeating: .null, count: count) }
            let end = message.count
            var at = start + 2
            try cells.withUnsafeMutableBufferPointer { cells throws(MalformedMessage) in
                for index in cells.indices {
                    guard at < end else { throw .length(of: kind.description) }
                    let form = (base + at).load(as: UInt8.self)
                    at += 1
                    switch form {
                    case 0x74:  // t: its text follows
                        guard end - at >= 4 else { throw .length(of: kind.description) }
                        let length = message.bigEndian(Int32.self, at: at)
                        at += 4
                        guard length >= 0, Int(length) <= end - at else { throw .length(of: kind.description) }
                        cells[index] = TupleBuffer.Cell(start: UInt32(truncatingIfNeeded: at - origin), length: length)
                        at += Int(length)
                    case 0x6E: cells[index] = .null  // n
                    case 0x75: cells[index] = .absent  // u: a TOAST value that stayed as it was
                    default: throw .value(of: "form of a value", in: kind.description)
                    }
                }
            }
            return at
        }

        /// The row that was located last.
        @inline(__always)
        func withImage<Value>(
            of message: UnsafeRawBufferPointer,
            _ range: Range<Int>,
            _ body: (TupleImage) throws -> Value
        ) rethrows -> Value {
            try cells.withUnsafeBufferPointer {
                try body(TupleImage(bytes: UnsafeRawBufferPointer(rebasing: message[range]), cells: $0))
            }
        }
    }
}
