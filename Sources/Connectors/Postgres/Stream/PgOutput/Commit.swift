extension PgOutput {
    /// `C`: flags, of which none is in use, where the commit lies and ends, and when it was.
    static func commit(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) -> TransactionEnd {
        var reader = MessageReader(message, from: 1, kind: "Commit")
        guard try reader.number(UInt8.self) == 0 else { throw reader.undefined("flag") }
        let commit = try reader.lsn()
        let end = try reader.lsn()
        let transaction = TransactionEnd(commit: commit, end: end, time: try reader.time())
        try reader.end()
        return transaction
    }
}
