import TandemCore
import TandemRows

/// Gathers what a decoder says of a stream, table by table, and gives it out as batches.
///
/// It knows what each copy shows already and leaves that out, finds out what a
/// relation of the stream is to the copy when its first change comes, and
/// gives a table up, to be copied again, where the stream does not tell all.
struct ChangeAssembler {
    /// What a relation's changes are for.
    enum Route {
        case ignored
        /// Described, and not looked up yet.
        case described(StreamRelation)
        case followed(RowMap)
        /// Of tables, by their indexes, whose copies show what has come so far: looked up again once one does not.
        case shown(StreamRelation, by: [Int])
        /// A table that has been given up.
        case dropped
    }

    /// Changes or bytes past which a batch is to be taken, be it in the middle of a transaction.
    struct Limits {
        var changes = 250_000
        var bytes = 8 << 20
        /// Tables past which a batch is to be taken at the end of a transaction: a destination pays for each, whatever
        /// its changes (DuckDB keeps hundreds of kilobytes in memory until they are committed).
        var tables = 250
        /// Memory for what is held of a table that is being copied.
        var held = 64 << 20
    }

    let method: Method
    let streamID: String
    let policy: UnfitPolicy
    let decimals: ColumnType
    let checksUTF8: Bool
    let limits: Limits
    /// What is written at the end of a batch for a place in the log, and the last transaction that came before it.
    let checkpoint: (LSN, ShownCommit?) -> Checkpoint
    var catalog: RelationCatalog
    var tables: [FollowedTable]
    /// Index of the table with this number.
    var numbers: [UInt32: Int]
    /// Tables by the number of a partition.
    var partitions: [UInt32: UInt32]
    /// Numbers of the followed tables that have partitions, once somebody wanted to know.
    var partitioned: Set<UInt32>?

    var routes: [UInt32: Route] = [:]
    /// What the relations of the stream are, as it described them last.
    var relations: [UInt32: StreamRelation] = [:]
    /// What the stream tells tables by.
    var identity = IdentityStability.steady
    /// Tables of which the transaction under way, or the next one, has changes that were passed over.
    var untold: Set<UntoldChange> = []
    /// Where the plugin writes NaN and infinities as null, and the transactions whose changes are gathered then.
    var repair: LostNumberRepair?
    var gathered: [UInt32] = []
    /// The table that was described last, if nothing else has come since.
    var described: UInt32?
    /// The partition whose change comes next, under the name of its root.
    var describedPart: (root: UInt32, part: UInt32)?
    /// The relation of the last change.
    var last: (relation: UInt32, map: RowMap)?

    /// The transaction under way, and whether it is left out.
    var transaction: TransactionStart?
    var isLeftOut = false
    var transactionNumber = 0
    var hasChanged = false

    /// Everything up to here has been gathered.
    private(set) var reached: LSN
    /// Where to stop: what is committed behind it is left out.
    private let end: LSN?
    /// Whether something that is committed behind the end has come: all before it is gathered, and nothing more comes.
    private(set) var hasPassedEnd = false
    private(set) var time: Double?
    /// The last transaction that came. `nil` where that is not known.
    private var shown: ShownCommit?
    private var given: LSN
    var closed: [ChangeBatch.TableChanges] = []
    var touched: [Int] = []
    var recopies: [UInt32: String] = [:]
    /// The table that is held, and what is to be said of it.
    var held: Held?
    var holdings: [UInt32: BufferingEvent] = [:]
    var transactionCount = 0
    var changeCount = 0
    var byteCount = 0
    private(set) var hasGivenPart = false
    private var knownRecopies = 0

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
        limits: Limits = Limits(),
        checkpoint: @escaping (LSN, ShownCommit?) -> Checkpoint = { place, _ in Checkpoint(place.description) }
    ) {
        method = request.start.method
        streamID = request.start.id
        policy = request.unfit
        decimals = request.decimals
        self.checksUTF8 = checksUTF8
        self.limits = limits
        self.checkpoint = checkpoint
        self.catalog = catalog
        self.partitions = partitions
        reached = start
        self.shown = shown
        self.end = end
        given = start
        time = request.start.time
        tables = []
        var numbers: [UInt32: Int] = [:]
        for table in request.tables {
            guard let followed = FollowedTable(table) else {
                recopies[table.schema.oid] = "when it was copied is not known"
                continue
            }
            numbers[table.schema.oid] = tables.count
            tables.append(followed)
        }
        self.numbers = numbers
    }

    /// Whether a batch must be taken before more is gathered.
    var isFull: Bool {
        changeCount >= limits.changes || byteCount >= limits.bytes
            || !isInTransaction && touched.count >= limits.tables
    }
    var isInTransaction: Bool { transaction != nil }
    /// Whether there are tables to be copied again, which ends the stream.
    var isEnding: Bool { !recopies.isEmpty }
    /// Whether there is something to be taken.
    var hasNews: Bool { hasNews(beyond: 0) }

    /// Whether there is something to be taken besides a place that is at most so many bytes of log behind the last.
    func hasNews(beyond distance: UInt64) -> Bool {
        !closed.isEmpty || !touched.isEmpty || knownRecopies != recopies.count
            || !isInTransaction
                && (reached.rawValue - given.rawValue > distance || hasGivenPart || hasWordOfHeld
                    || transactionCount > 0)
    }

    /// Notes that everything up to `place` has come. Without effect inside of a transaction, which ends behind it.
    mutating func advance(to place: LSN) {
        guard !isInTransaction, !hasPassedEnd, place > reached else { return }
        reached = place
    }

    /// Whether `transaction` is committed behind the end. If so the stream ends there.
    mutating func passesEnd(_ transaction: TransactionStart) -> Bool {
        if hasPassedEnd { return true }
        guard let end, transaction.commit != nil || transaction.end != nil, !transaction.isCommitted(before: end)
        else { return false }
        // Commits come in the order of the log.
        reached = max(reached, end)
        hasPassedEnd = true
        return true
    }

    /// Gives out what was gathered: to its end where that is the end of a transaction, else to be continued.
    ///
    /// - Throws: What asking the catalog throws.
    mutating func take() throws -> ChangeBatch {
        var batch = ChangeBatch()
        if identity == .names { try confirmNames() }
        for index in touched { try closeStretch(of: index) }
        try joinHeld()
        if held == nil { gathered = transaction.map { [$0.xid] } ?? [] }
        batch.stretches = closed
        batch.recopies = recopies.byTable
        batch.transactions = transactionCount
        for table in closed {
            guard let index = numbers[table.schema.oid], tables[index].reason == nil else { continue }
            if let tally = tables[index].takeTally() { batch.tallies[table.schema.id] = tally }
        }
        if !isInTransaction {
            batch.holdings = holdings.byTable
            holdings = [:]
            batch.state = StreamCheckpoint(
                method: method,
                id: streamID,
                checkpoint: checkpoint(reached, shown),
                time: time
            )
            given = reached
        }
        hasGivenPart = isInTransaction
        knownRecopies = recopies.count
        (closed, touched) = ([], [])
        (transactionCount, changeCount, byteCount) = (0, 0, 0)
        return batch
    }

    /// Ends the stretch that `table` is in.
    ///
    /// - Throws: What asking the source throws.
    mutating func closeStretch(of table: Int) throws {
        guard tables[table].reason == nil, !tables[table].isHeld else { return }
        try takeStretch(of: table)
    }

    mutating func takeStretch(of table: Int) throws {
        do {
            let schema = tables[table].schema
            try repair?.restore(&tables[table].buffer, of: schema, after: gathered)
            if let stretch = try tables[table].takeStretch() { closed.append(stretch) }
        } catch let error as NeedsCopy { giveUp(table, error.reason) }
    }

    /// Follows `table` no further.
    mutating func giveUp(_ table: Int, _ reason: String) {
        guard tables[table].reason == nil else { return }
        let schema = tables[table].schema
        tables[table].reason = reason
        tables[table].buffer = ChangeBuffer(columnCount: schema.columns.count, identity: schema.identity)
        last = nil
        guard !tables[table].isHeld else {
            held = nil
            holdings[schema.oid] = .lost(reason)
            return
        }
        closed.removeAll { $0.schema.oid == schema.oid }
        recopies[schema.oid] = reason
    }

    /// Passes over what cannot be had: the transaction under way, where it is known where that ends, else everything
    /// before `now`, a place that the log has come to since. What has changed there is not known, so every table is
    /// given up whose copy does not show it.
    mutating func passOver(because reason: String, now: LSN) {
        var end = now
        var current: Set<Int> = []
        if let transaction, !isLeftOut, let commit = transaction.commit {
            // A stream that begins here leaves out what was committed before.
            end = transaction.end ?? LSN(rawValue: commit.rawValue + 1)
            current = Set(tables.indices.filter { tables[$0].shows(transaction, number: transactionNumber) })
        }
        for index in tables.indices where !current.contains(index) { giveUp(index, reason) }
        reached = max(reached, end)
        shown = nil
        transaction = nil
        isLeftOut = false
    }

    mutating func end(_ transaction: TransactionEnd) {
        if !isLeftOut, !hasPassedEnd {
            reached = max(reached, transaction.end)
            shown = ShownCommit(transaction, begun: self.transaction)
            time = transaction.time ?? time
            if hasChanged { transactionCount += 1 }
        }
        self.transaction = nil
        isLeftOut = false
        hasChanged = false
    }
}
