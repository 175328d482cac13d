import TandemCore
import TandemRows

/// Gathers what a decoder says of a stream, table by table, and gives it out as batches.
///
/// What comes goes one way: ``StreamProgress`` knows which transaction it is
/// of and whether that counts; ``RelationRouter`` finds the table that it is
/// of, and leaves out what the copy shows already; ``FollowedTables`` has a
/// buffer for each, and cuts them off for a batch; ``BatchMeter`` says when.
/// A table of which the stream does not tell all is given up, to be copied
/// again.
struct ChangeAssembler {
    let method: Method
    let streamID: String
    /// What is written at the end of a batch for a place in the log, and the last transaction that came before it.
    private let checkpoint: (LSN, ShownCommit?) -> Checkpoint
    var progress: StreamProgress
    var router: RelationRouter
    var tables: FollowedTables
    var meter: BatchMeter
    /// What the stream tells tables by.
    var identity = IdentityStability.steady
    /// Tables of which the transaction under way, or the next one, has changes that were passed over.
    var untold: Set<UntoldChange> = []

    /// - Parameters:
    ///   - start: Where the stream begins: what was committed before is left out.
    ///   - end: Where it ends: what is committed behind it is left out.
    ///   - partitions: The followed table that a partition belongs to, by their numbers, as far as known.
    ///   - shown: The last transaction that came before `start`.
    ///   - checkpoint: What is written at the end of a batch for a place in the log.
    init(
        _ request: StreamRequest,
        from start: LSN,
        to end: LSN? = nil,
        shown: ShownCommit? = nil,
        catalog: RelationCatalog,
        partitions: [UInt32: UInt32] = [:],
        checksUTF8: Bool = false,
        limits: BatchLimits = BatchLimits(),
        checkpoint: @escaping (LSN, ShownCommit?) -> Checkpoint = { place, _ in Checkpoint(place.description) }
    ) {
        method = request.start.method
        streamID = request.start.id
        self.checkpoint = checkpoint
        progress = StreamProgress(from: start, to: end, at: request.start.time, shown: shown)
        let owners = RelationOwners(catalog: catalog, partitions: partitions)
        router = RelationRouter(request, owners: owners, checksUTF8: checksUTF8)
        tables = FollowedTables(request.tables)
        meter = BatchMeter(limits: limits, from: start)
    }

    /// Whether a batch must be taken before more is gathered.
    var isFull: Bool {
        meter.isFull || !progress.isInTransaction && tables.touched.count >= meter.limits.tables
    }
    /// Whether there are tables to be copied again, which ends the stream.
    var isEnding: Bool { !tables.recopies.isEmpty }
    /// Whether there is something to be taken.
    var hasNews: Bool { hasNews(beyond: 0) }
    /// Whether changes are gathered, and not merely a place that was reached.
    var hasChanges: Bool {
        meter.changes > 0 || !tables.closed.isEmpty || tables.buffered.hasNews(at: progress.reached)
    }
    /// Whether the table that is buffered is copied and joins behind a place that has not been reached.
    var awaitsPlace: Bool { tables.buffered.awaits(behind: progress.reached) }
    /// Whether the table that is buffered would join with a batch that is taken now. The next transaction may be one of
    /// those that come in parts, with none of which it can.
    var canJoin: Bool {
        !progress.isInTransaction && !meter.hasGivenPart && tables.buffered.isDue(at: progress.reached)
    }

    /// Whether there is something to be taken besides a place that is at most so many bytes of log behind the last.
    func hasNews(beyond distance: UInt64) -> Bool {
        !tables.closed.isEmpty || !tables.touched.isEmpty || meter.knownRecopies != tables.recopies.count
            || !progress.isInTransaction
                && (progress.reached.rawValue - meter.given.rawValue > distance || meter.hasGivenPart
                    || tables.buffered.hasNews(at: progress.reached) || meter.transactions > 0)
    }

    /// Gives out what was gathered: to its end where that is the end of a transaction, else to be continued.
    ///
    /// - Throws: What asking the catalog throws.
    mutating func take() throws -> ChangeBatch {
        var batch = ChangeBatch()
        if identity == .names { try NameProof(catalog: router.owners.catalog).confirm(&tables) }
        try tables.closeAll()
        if canJoin { try tables.joinBuffered() }
        if tables.buffered.table == nil { tables.repair?.forget(but: progress.transaction?.start.xid) }
        tables.take(into: &batch)
        batch.transactions = meter.transactions
        if !progress.isInTransaction {
            batch.holdings = tables.buffered.takeEvents()
            batch.state = StreamCheckpoint(
                method: method,
                id: streamID,
                checkpoint: checkpoint(progress.reached, progress.shown),
                time: progress.time
            )
        }
        meter.reset(at: progress, recopies: tables.recopies.count)
        return batch
    }

    /// Passes over what cannot be had: the transaction under way, where it is known where that ends, else everything
    /// before `now`, a place that the log has come to since. What has changed there is not known, so every table is
    /// given up whose copy does not show it.
    mutating func passOver(because reason: String, now: LSN) {
        let passed = progress.pass(to: now)
        for index in tables.indices {
            if let passed, tables[index].shows(passed) { continue }
            tables.giveUp(index, reason)
        }
    }

    /// Gives tables the columns that were added to them, and columns the names, that no change has come with.
    ///
    /// - Throws: What asking the catalog throws.
    mutating func bringExpected() throws { try router.bringExpected(&tables) }

    /// Follows the table with the number `table` no further.
    mutating func giveUp(table: UInt32, _ reason: String) {
        if let index = tables.numbers[table] { tables.giveUp(index, reason) }
    }

    /// Buffers what changes in `table` from here on, in place of any other. To be called between two transactions.
    mutating func hold(_ table: BufferedTable?) {
        if let index = tables.buffer(table, byteLimit: meter.limits.held) { router.lookAgain(for: index) }
    }

    /// Lets what is buffered of `table` join the others behind `place`. To be called between two transactions.
    mutating func join(_ table: StreamRequest.Table, after place: LSN) { tables.join(table, after: place) }

    /// Notes that everything up to `place` has come.
    mutating func advance(to place: LSN) { progress.advance(to: place) }
}
