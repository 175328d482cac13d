extension PgOutput {
    /// `O`: where the transaction comes from, if it was replicated to its server. Read so that nothing else passes
    /// for it.
    static func origin(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) {
        var reader = MessageReader(message, from: 1, kind: "Origin")
        _ = try reader.lsn()
        _ = try reader.text()
        try reader.end()
    }
}
