/// Transactions that are sent before their end, and the one of them that is being told after its commit.
struct TransactionsInProgress {
    private var spools: [UInt32: TransactionSpool] = [:]
    /// The one whose messages come now.
    private(set) var current: UInt32?
    private var told: (spool: TransactionSpool, place: TransactionSpool.Place, end: TransactionEnd)?

    /// Whether a committed transaction has more to tell.
    var hasMore: Bool { told != nil }

    mutating func start(_ start: PgOutput.StreamStart) throws(MalformedMessage) {
        guard current == nil, told == nil, start.isFirst || spools[start.xid] != nil else {
            throw .order(of: "Stream Start")
        }
        if start.isFirst { spools[start.xid] = TransactionSpool() }
        current = start.xid
    }

    mutating func stop() throws(MalformedMessage) {
        guard current != nil else { throw .order(of: "Stream Stop") }
        current = nil
    }

    /// Keeps a message of the transaction that comes now; its number follows its first byte.
    func keep(_ message: UnsafeRawBufferPointer, _ kind: PgOutput.Kind) throws {
        guard let current, let spool = spools[current] else { throw MalformedMessage.order(of: "change") }
        var reader = MessageReader(message, from: 1, kind: "change")
        let xid = try reader.number(UInt32.self)
        // A description is sent once for the whole transaction, and outlives the part that it came with.
        let isDescription = kind == .relation || kind == .type
        try spool.append(message, of: isDescription ? current : xid)
    }

    mutating func abort(_ xid: UInt32, part: UInt32) throws(MalformedMessage) {
        guard current == nil, let spool = spools[xid] else { throw .order(of: "Stream Abort") }
        guard part != xid else {
            spools[xid] = nil
            return
        }
        spool.drop(part)
    }

    mutating func commit(_ xid: UInt32, _ end: TransactionEnd) throws(MalformedMessage) {
        guard current == nil, told == nil, let spool = spools.removeValue(forKey: xid) else {
            throw .order(of: "Stream Commit")
        }
        told = (spool, TransactionSpool.Place(), end)
    }

    /// Calls `body` with messages of the transaction that was committed last, until it returns `false`.
    ///
    /// - Returns: Its end, once all have been told.
    mutating func tell(_ body: (UnsafeRawBufferPointer) throws -> Bool) throws -> TransactionEnd? {
        guard let (spool, place, end) = told else { return nil }
        if let next = try spool.read(from: place, body) {
            told?.place = next
            return nil
        }
        told = nil
        return end
    }
}
