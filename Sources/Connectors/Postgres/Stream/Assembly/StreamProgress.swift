import TandemCore

/// The transaction under way.
struct OpenTransaction {
    let start: TransactionStart
    /// Tells it from those before it in this stream.
    let number: Int
}

/// How far a stream has come, and which transaction it is in.
struct StreamProgress {
    private(set) var transaction: OpenTransaction?
    /// Whether nothing of it counts: it was committed before the stream begins.
    private(set) var isLeftOut = false
    private var count = 0
    /// Everything up to here has been gathered.
    private(set) var reached: LSN
    /// Where to stop: what is committed behind it is left out.
    private let end: LSN?
    /// Whether something that is committed behind the end has come: all before it is gathered, and nothing more comes.
    private(set) var hasPassedEnd = false
    private(set) var time: Double?
    /// The last transaction that came. `nil` where that is not known.
    private(set) var shown: ShownCommit?

    init(from start: LSN, to end: LSN?, at time: Double?, shown: ShownCommit?) {
        (reached, self.end, self.time, self.shown) = (start, end, time, shown)
    }

    var isInTransaction: Bool { transaction != nil }
    /// The transaction whose changes are gathered; `nil` where none are.
    @inline(__always)
    var current: OpenTransaction? { isLeftOut ? nil : transaction }

    /// - Returns: `false` where the stream has ended before this transaction.
    mutating func begin(_ start: TransactionStart) -> Bool {
        guard !passesEnd(start) else { return false }
        count += 1
        transaction = OpenTransaction(start: start, number: count)
        // A place that is known to be reached is where a transaction ended.
        isLeftOut = (start.commit != nil || start.end != nil) && start.isCommitted(before: reached)
        return true
    }

    /// Whether `transaction` is committed behind the end. If so the stream ends there.
    private mutating func passesEnd(_ transaction: TransactionStart) -> Bool {
        if hasPassedEnd { return true }
        guard let end, transaction.commit != nil || transaction.end != nil, !transaction.isCommitted(before: end)
        else { return false }
        // Commits come in the order of the log.
        reached = max(reached, end)
        hasPassedEnd = true
        return true
    }

    /// - Returns: Whether what has come of the transaction counts.
    mutating func commit(_ end: TransactionEnd) -> Bool {
        let counts = !isLeftOut && !hasPassedEnd
        if counts {
            reached = max(reached, end.end)
            shown = ShownCommit(end, begun: transaction?.start)
            time = end.time ?? time
        }
        transaction = nil
        isLeftOut = false
        return counts
    }

    /// Notes that everything up to `place` has come. Without effect inside of a transaction, which ends behind it.
    mutating func advance(to place: LSN) {
        guard !isInTransaction, !hasPassedEnd, place > reached else { return }
        reached = place
    }

    /// Goes on behind what cannot be had: the transaction under way, where it is known where that ends, else
    /// everything before `now`.
    ///
    /// - Returns: That transaction.
    mutating func pass(to now: LSN) -> OpenTransaction? {
        var end = now
        var passed: OpenTransaction?
        if let current, let commit = current.start.commit {
            // A stream that begins here leaves out what was committed before.
            end = current.start.end ?? LSN(rawValue: commit.rawValue + 1)
            passed = current
        }
        reached = max(reached, end)
        shown = nil
        transaction = nil
        isLeftOut = false
        return passed
    }
}
