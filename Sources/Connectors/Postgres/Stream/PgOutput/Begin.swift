extension PgOutput {
    /// `B`: where and when the transaction was committed, and its number.
    static func begin(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) -> TransactionStart {
        var reader = MessageReader(message, from: 1, kind: "Begin")
        let commit = try reader.lsn()
        let time = try reader.time()
        let start = TransactionStart(xid: try reader.number(), commit: commit, time: time)
        try reader.end()
        return start
    }
}
