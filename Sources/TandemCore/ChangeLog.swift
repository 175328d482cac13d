public import TandemRows

/// What tells of the changes to a source's tables, in the order in which they were committed: a server's log, or what
/// triggers write down.
public protocol ChangeLog: Sendable {
    /// Makes what following the request's tables needs and this user may make (a slot, a publication), and tells which
    /// stream that is. Called before any of the tables is copied: the stream has every change from
    /// ``StreamCheckpoint/checkpoint`` on.
    ///
    /// - Parameter ownership: What it has made. It is told of whatever is made before that is.
    func prepare(_ request: LogRequest, ownership: Ownership) async throws -> PreparedLog

    /// What ``prepare(_:ownership:)`` would find. Changes nothing, and waits for nobody.
    ///
    /// - Parameter made: What the destination remembers to have made here for the sync.
    /// - Throws: What following these tables would fail with as a whole.
    func foresee(_ request: LogRequest, made: [MadeObject]) async throws -> ForeseenLog

    /// Returns once every transaction that has written to `tables` by now has ended, and a later snapshot shows it if
    /// it was committed: then such a snapshot and the stream from where it is now on have every change between them.
    /// To be called before a table is copied that a stream is to keep up to date.
    ///
    /// - Parameter limit: How long at most; `nil` for as long as it takes.
    /// - Returns: Tables of which such transactions are still open.
    func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable]

    /// Of files of tables (``TableDefinition/Kind/file``), each with the ``TableDefinition/moment`` at which it was
    /// another one: whether their rows were written anew for the sake of other values, or of how they are kept. Those
    /// that it cannot tell of are left out.
    func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool]

    /// Of files of parts of tables, each with the ``TableDefinition/moment`` at which it was another one: whether the
    /// part may have been emptied and the stream not tell of it. None where it always does.
    func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool]

    /// The end of the log at this moment. All that is committed by now lies before it, and a stream reaches it soon,
    /// also where nothing is written any more.
    func end() async throws -> Checkpoint

    /// A snapshot that shows exactly what was committed before its ``Moment/position``, which a stream can be followed
    /// to. `nil` where the source cannot make one.
    func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)?

    /// Starts to follow.
    func stream(_ request: StreamRequest) async throws -> any ChangeStream

    /// How far the stream of `sync` is behind, and what that keeps here. Changes nothing, and takes no longer than
    /// connecting does.
    ///
    /// - Parameter state: What the destination has of it, where that is known.
    func status(of sync: String, at state: StreamCheckpoint?) async throws -> StreamStatus

    /// Takes back what this program made here for single tables, where the table is gone, or where its application's
    /// statements fail by it. Called by each run before anything else, also where no table is followed any more.
    ///
    /// - Parameter record: What the destination remembers of the run's sync.
    func tidy(_ record: SourceRecord) async throws
}

/// Whose changes are to be told, and how far they are known.
public struct LogRequest: Sendable {
    public var sync: String
    public var tables: [CatalogTable]
    /// What the destination has of this sync's stream.
    public var state: StreamCheckpoint?
    /// Whether it may make on the tables, which are the application's, what ``Eligibility/needsSetup(reason:remedy:)``
    /// is about.
    public var maySetUp: Bool
    /// Whether a new stream may begin where ``state`` cannot be continued. Where it may not, nothing is made or
    /// removed, and ``PreparedLog/gap`` says what is missing.
    public var mayRestart: Bool

    public init(
        sync: String,
        tables: [CatalogTable],
        continuing state: StreamCheckpoint?,
        maySetUp: Bool = false,
        mayRestart: Bool = false
    ) {
        self.sync = sync
        self.tables = tables
        self.state = state
        self.maySetUp = maySetUp
        self.mayRestart = mayRestart
    }
}

/// A stream that is ready to be followed.
public struct PreparedLog: Sendable {
    /// Where it begins, or goes on.
    public var state: StreamCheckpoint
    /// Why what the destination has cannot be continued and every table is to be copied again: which changes are
    /// missing. `nil` where it continues, or is new.
    public var gap: String?
    /// What only the stream knows of what tables' values depend on (``TableDefinition/facts``), by table.
    public var facts: [TableID: [TableDefinition.Key: String]]
    /// Tables of which changes may be missing although the stream goes on, with the reason (what follows
    /// "because"). Those that are followed already are to be copied again.
    public var recopies: [TableID: String]
    /// Tables that cannot be followed now. Others can.
    public var left: [TableID: LeftTable]
    /// What it tells tables by. Where that is their names, changes of a table that is gone would pass for those of one
    /// that has its name by now.
    public var identity: IdentityStability
    /// What the user should know, such as what was made.
    public var notes: [String]

    public init(
        state: StreamCheckpoint,
        gap: String? = nil,
        facts: [TableID: [TableDefinition.Key: String]] = [:],
        recopies: [TableID: String] = [:],
        left: [TableID: LeftTable] = [:],
        identity: IdentityStability = .steady,
        notes: [String] = []
    ) {
        self.state = state
        self.gap = gap
        self.facts = facts
        self.recopies = recopies
        self.left = left
        self.identity = identity
        self.notes = notes
    }
}

/// What getting a stream ready would come to.
public struct ForeseenLog: Sendable {
    /// As ``PreparedLog/gap``.
    public var gap: String?
    /// As ``PreparedLog/left``.
    public var left: [TableID: LeftTable]

    public init(gap: String? = nil, left: [TableID: LeftTable] = [:]) {
        self.gap = gap
        self.left = left
    }
}

/// Why a table cannot be followed now.
public struct LeftTable: Hashable, Sendable {
    /// One sentence.
    public var reason: String
    public var remedy: Remedy?

    public init(reason: String, remedy: Remedy?) {
        self.reason = reason
        self.remedy = remedy
    }
}
