extension PgOutput {
    /// `T`: how many relations, flags (CASCADE, RESTART IDENTITY; the relations they reach are listed), and which.
    static func truncate(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) -> [UInt32] {
        var reader = MessageReader(message, from: 1, kind: "Truncate")
        let count = Int(try reader.number(UInt32.self))
        guard try reader.number(UInt8.self) & ~3 == 0 else { throw reader.undefined("flag") }
        guard count == reader.left / 4 else { throw reader.short }
        var relations: [UInt32] = []
        relations.reserveCapacity(count)
        for _ in 0..<count { relations.append(try reader.number()) }
        try reader.end()
        return relations
    }
}
