extension PgOutputDecoder {
    /// `I`: the relation, and `N` before the new row.
    @inline(__always)
    mutating func insert(_ message: UnsafeRawBufferPointer, into sink: inout some ChangeSink) throws {
        var reader = MessageReader(message, from: 1, kind: "Insert")
        let relation = try reader.number(UInt32.self)
        guard try reader.number(UInt8.self) == Mark.new else { throw reader.undefined("row") }
        let end = try new.locate(in: message, at: reader.at, countedFrom: reader.at, kind: "Insert")
        guard end == message.count else { throw reader.short }
        try new.withImage(of: message, reader.at..<end) { try sink.insert($0, into: relation) }
    }
}
