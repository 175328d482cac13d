import TandemRows

/// What one object of wal2json says, whichever format it is in; texts lie in the message, values in a ``ValueStore``.
struct ParsedChange {
    typealias Token = JSONScanner.Token

    struct Column {
        var name = Token(start: 0, count: 0)
        var type = Token(start: 0, count: 0)
        var position: Int?
        var value = TupleBuffer.Cell.null
    }

    enum Kind {
        case begin, commit, insert, update, delete, truncate, message
        /// Something that later versions may say.
        case other
    }

    var kind: Kind?
    var xid: UInt32?
    var lsn: LSN?
    var nextLSN: LSN?
    var time: Double?
    var schema: Token?
    var table: Token?
    var columns: [Column] = []
    /// The columns of its identity, of the row as it was.
    var identity: [Column] = []
    /// Whether they came, be it without any: format 1 leaves out nulls, of which a row may consist.
    var hasIdentity = false
    var isTransactional = true
    var prefix: Token?
    var contentCount = 0

    /// Ready for the next, with the memory of this one.
    mutating func reset() {
        columns.removeAll(keepingCapacity: true)
        identity.removeAll(keepingCapacity: true)
        (kind, xid, lsn, nextLSN, time, schema, table, prefix) = (nil, nil, nil, nil, nil, nil, nil, nil)
        hasIdentity = false
        isTransactional = true
        contentCount = 0
    }
}
