import TandemRows

/// How far a binary COPY has been read, and what its messages mean.
///
/// A message is a row: a count of fields, then each field's length and bytes.
/// The first one starts with a header, and the last is a count of -1.
struct CopyPosition {
    /// Rows taken so far, those passed over included.
    private(set) var rows = 0
    /// Rows of this COPY that an earlier attempt has taken already.
    let taken: Int
    private var isStarted = false

    /// The number of the next row that has not been taken, in this attempt or an earlier one.
    var next: Int { max(rows, taken) }

    init(after taken: Int = 0) { self.taken = taken }

    private static let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
    /// The signature, flags, and the length of what follows them.
    private static let headerLength = 19

    /// Reads one message.
    @inline(__always)
    mutating func take(_ message: UnsafeRawBufferPointer, into buffer: inout TupleBuffer) throws(MalformedRow) {
        let row = isStarted ? message : try start(message)
        if row.count <= 2 {
            if row.isEmpty { return }
            guard row.count == 2 else { throw .length }
            // The trailer.
            if row.bigEndian(Int16.self, at: 0) == -1 { return }
        }
        rows += 1
        guard rows > taken else { return }
        let columns = buffer.columnCount
        try buffer.append(row) { start, cells throws(MalformedRow) in
            try RowLayout.locate(row, columns: columns, start: start, cells: cells)
        }
    }

    /// What follows the header in the first message.
    private mutating func start(_ message: UnsafeRawBufferPointer) throws(MalformedRow) -> UnsafeRawBufferPointer {
        guard message.count >= Self.headerLength, message.prefix(Self.signature.count).elementsEqual(Self.signature)
        else {
            throw .header
        }
        // The upper half of the flags is for what a reader must understand; nothing of it is known.
        guard message.bigEndian(UInt32.self, at: 11) >> 16 == 0 else { throw .header }
        let end = Self.headerLength + Int(message.bigEndian(UInt32.self, at: 15))
        guard end <= message.count else { throw .header }
        isStarted = true
        return UnsafeRawBufferPointer(rebasing: message[end...])
    }
}
