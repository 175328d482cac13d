extension PgOutputDecoder {
    /// `U`: the relation; `K` or `O` before the old row where one was sent; `N` before the new row.
    @inline(__always)
    mutating func update(_ message: UnsafeRawBufferPointer, into sink: inout some ChangeSink) throws {
        var reader = MessageReader(message, from: 1, kind: "Update")
        let relation = try reader.number(UInt32.self)
        let mark = try reader.number(UInt8.self)
        guard mark != Mark.new else {
            let end = try new.locate(in: message, at: reader.at, countedFrom: reader.at, kind: "Update")
            guard end == message.count else { throw reader.short }
            return try new.withImage(of: message, reader.at..<end) { try sink.update(.unchanged, to: $0, in: relation) }
        }
        guard mark == Mark.key || mark == Mark.old else { throw reader.undefined("row") }
        let oldStart = reader.at
        let oldEnd = try old.locate(in: message, at: oldStart, countedFrom: oldStart, kind: "Update")
        try reader.skip(oldEnd - oldStart)
        guard try reader.number(UInt8.self) == Mark.new else { throw reader.undefined("row") }
        let end = try new.locate(in: message, at: reader.at, countedFrom: oldStart, kind: "Update")
        guard end == message.count else { throw reader.short }
        try old.withImage(of: message, oldStart..<end) { before in
            try new.withImage(of: message, oldStart..<end) { after in
                try sink.update(mark == Mark.key ? .key(before) : .row(before), to: after, in: relation)
            }
        }
    }
}
