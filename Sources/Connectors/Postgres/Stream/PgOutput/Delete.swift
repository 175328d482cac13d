extension PgOutputDecoder {
    /// `D`: the relation, and `K` or `O` before the old row.
    @inline(__always)
    mutating func delete(_ message: UnsafeRawBufferPointer, into sink: inout some ChangeSink) throws {
        var reader = MessageReader(message, from: 1, kind: "Delete")
        let relation = try reader.number(UInt32.self)
        let mark = try reader.number(UInt8.self)
        guard mark == Mark.key || mark == Mark.old else { throw reader.undefined("row") }
        let end = try old.locate(in: message, at: reader.at, countedFrom: reader.at, kind: "Delete")
        guard end == message.count else { throw reader.short }
        try old.withImage(of: message, reader.at..<end) { before in
            try sink.delete(mark == Mark.key ? .key(before) : .row(before), from: relation)
        }
    }
}
