extension PgOutput {
    /// `M`: whether it belongs to its transaction, where it lies, its prefix, and its content.
    static func message(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) -> LogicalMessage {
        var reader = MessageReader(message, from: 1, kind: "Message")
        let flags = try reader.number(UInt8.self)
        guard flags & ~1 == 0 else { throw reader.undefined("flag") }
        _ = try reader.lsn()
        let prefix = try reader.text()
        let count = Int(try reader.number(UInt32.self))
        try reader.skip(count)
        try reader.end()
        return LogicalMessage(isTransactional: flags == 1, prefix: prefix, byteCount: count)
    }
}
