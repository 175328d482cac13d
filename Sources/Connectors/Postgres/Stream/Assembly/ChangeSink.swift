/// What a decoder of the log says of a stream, one call for each thing, in the stream's order.
///
/// What is passed as bytes is valid during the call only. Numbers of relations
/// are the decoder's: a relation is described before it is named.
protocol ChangeSink {
    mutating func begin(_ start: TransactionStart) throws
    mutating func commit(_ end: TransactionEnd) throws
    mutating func relation(_ relation: StreamRelation) throws
    mutating func insert(_ new: TupleImage, into relation: UInt32) throws
    /// - Parameter old: What was sent of the row before; nothing where its identity stayed as it was. Its bytes are
    ///   those of `new`.
    mutating func update(_ old: OldImage, to new: TupleImage, in relation: UInt32) throws
    mutating func delete(_ old: OldImage, from relation: UInt32) throws
    mutating func truncate(_ relations: [UInt32]) throws
    mutating func message(_ message: LogicalMessage) throws
}

/// The start of a transaction. All that belongs to it follows, and then its end.
struct TransactionStart: Hashable, Sendable {
    /// The number of the transaction, without its epoch.
    var xid: UInt32
    /// Where its commit is written, where that is told here.
    var commit: LSN?
    /// Where the log goes on behind its commit, where that is told here.
    var end: LSN?
    /// When it was committed, by the source's clock: seconds since 1970.
    var time: Double?

    /// Whether its commit lies before `place`, which is not inside of a record.
    func isCommitted(before place: LSN) -> Bool { commit.map { $0 < place } ?? end.map { $0 <= place } ?? true }
}

struct TransactionEnd: Hashable, Sendable {
    /// Where its commit is written.
    var commit: LSN
    /// Where the log goes on behind it.
    var end: LSN
    /// When it was committed, by the source's clock: seconds since 1970.
    var time: Double?
}

/// What `pg_logical_emit_message` wrote.
struct LogicalMessage: Hashable, Sendable {
    var isTransactional: Bool
    var prefix: String
    var byteCount: Int
}
