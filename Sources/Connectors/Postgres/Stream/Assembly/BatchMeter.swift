/// What one batch may be at most.
struct BatchLimits {
    /// Changes or bytes past which a batch is to be taken, be it in the middle of a transaction.
    var changes = 250_000
    var bytes = 8 << 20
    /// Tables past which a batch is to be taken at the end of a transaction: a destination pays for each, whatever
    /// its changes (DuckDB keeps hundreds of kilobytes in memory until they are committed).
    var tables = 250
    /// Memory for what is held of a table that is being copied.
    var held = 64 << 20
}

/// Counts what is gathered for the next batch, and knows what the last one was.
struct BatchMeter {
    let limits: BatchLimits
    private(set) var changes = 0
    private var bytes = 0
    private(set) var transactions = 0
    /// Whether the transaction under way has changes that count.
    private var hasChanged = false
    /// Whether the last batch was a part of a transaction.
    private(set) var hasGivenPart = false
    /// Where the stream was by the last batch that ended with a transaction.
    private(set) var given: LSN
    /// How many tables the last batch gave up.
    private(set) var knownRecopies = 0

    init(limits: BatchLimits, from start: LSN) { (self.limits, given) = (limits, start) }

    /// Whether there are as many changes as a batch may have.
    var isFull: Bool { changes >= limits.changes || bytes >= limits.bytes }

    @inline(__always)
    mutating func count(bytes: Int) {
        changes += 1
        self.bytes += bytes
        hasChanged = true
    }

    mutating func begin() { hasChanged = false }

    mutating func commit(counts: Bool) {
        if counts, hasChanged { transactions += 1 }
        hasChanged = false
    }

    /// Begins anew behind a batch.
    mutating func reset(at progress: StreamProgress, recopies: Int) {
        if !progress.isInTransaction { given = progress.reached }
        hasGivenPart = progress.isInTransaction
        knownRecopies = recopies
        (changes, bytes, transactions) = (0, 0, 0)
    }
}
