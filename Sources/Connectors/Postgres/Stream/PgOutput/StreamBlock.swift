extension PgOutput {
    /// `S`: what follows, up to `E`, belongs to this transaction, which is still under way.
    struct StreamStart {
        var xid: UInt32
        var isFirst: Bool

        init(_ message: UnsafeRawBufferPointer) throws(MalformedMessage) {
            var reader = MessageReader(message, from: 1, kind: "Stream Start")
            xid = try reader.number()
            isFirst = try reader.number(UInt8.self) == 1
            try reader.end()
        }
    }

    /// `c`: a transaction that was sent before its end has been committed.
    static func streamCommit(
        _ message: UnsafeRawBufferPointer
    ) throws(MalformedMessage) -> (xid: UInt32, end: TransactionEnd) {
        var reader = MessageReader(message, from: 1, kind: "Stream Commit")
        let xid = try reader.number(UInt32.self)
        guard try reader.number(UInt8.self) == 0 else { throw reader.undefined("flag") }
        let commit = try reader.lsn()
        let end = try reader.lsn()
        let transaction = TransactionEnd(commit: commit, end: end, time: try reader.time())
        try reader.end()
        return (xid, transaction)
    }

    /// `A`: a transaction that was sent before its end, or a part of it, has been rolled back. Both numbers are the
    /// same where that is all of it.
    static func streamAbort(
        _ message: UnsafeRawBufferPointer
    ) throws(MalformedMessage) -> (xid: UInt32, part: UInt32) {
        var reader = MessageReader(message, from: 1, kind: "Stream Abort")
        let xid = try reader.number(UInt32.self)
        let part = try reader.number(UInt32.self)
        // Where and when it was follows if it was asked for.
        if reader.left > 0 {
            _ = try reader.lsn()
            _ = try reader.time()
        }
        try reader.end()
        return (xid, part)
    }
}
