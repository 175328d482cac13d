public import TandemRows

/// What to follow, and how far.
public struct StreamRequest: Hashable, Sendable {
    /// A table whose changes are wanted.
    public struct Table: Hashable, Sendable {
        /// The columns as they were copied, under the source's names: rows come in this order and as these types.
        public var schema: TableSchema
        /// When it was copied: changes that the copy shows already are left out.
        public var moment: Moment
        /// Which columns that are added are to come too.
        public var newColumns: ColumnRule
        /// Columns that have been there and were not copied (``SyncedTable/leftOut``): never to come.
        public var leftOut: Set<ColumnID>
        /// Columns that were added or renamed before ``StreamRequest/end``, with their names by then, which
        /// they are to have in the end even if no row has changed since. Of no effect where there is no end.
        public var expected: [ColumnID: String]
        /// Whether rows that are deleted are to come as ``NetChanges/deleted``.
        public var keepsDeletions: Bool

        public init(
            schema: TableSchema,
            moment: Moment,
            leftOut: Set<ColumnID> = [],
            expected: [ColumnID: String] = [:],
            keepsDeletions: Bool = false,
            newColumns: ColumnRule = .every
        ) {
            self.schema = schema
            self.moment = moment
            self.leftOut = leftOut
            self.expected = expected
            self.keepsDeletions = keepsDeletions
            self.newColumns = newColumns
        }
    }

    public var sync: String
    public var tables: [Table]
    public var start: StreamCheckpoint
    /// Ends the stream once the source has passed it, changes or not. `nil` to follow until cancelled.
    ///
    /// Nothing that was committed behind it is brought where it is the place of a snapshot
    /// (``ChangeLog/snapshotAtEnd(readers:)``). Where it is ``ChangeLog/end()``, more may come, which
    /// ``ChangeBatch/state`` says then.
    public var end: Checkpoint?
    public var unfit: UnfitPolicy
    /// What columns become that are added and hold decimals of any number of digits (``CatalogTable/decimals``).
    public var decimals: ColumnType
    /// The source is to keep its log from here on, until a later place is confirmed; `nil` for ``start``. A later
    /// stream may begin there.
    public var keep: Checkpoint?
    /// Whether changes are wanted as soon as the destination is free (``Destination/keepsReadersOut``). Otherwise
    /// they gather for a little first. Of no effect where there is an end.
    public var isPrompt: Bool
    /// What the destination remembers to have made at the source.
    public var made: [MadeObject]

    public init(
        sync: String,
        tables: [Table],
        start: StreamCheckpoint,
        end: Checkpoint?,
        unfit: UnfitPolicy,
        decimals: ColumnType = .text,
        keep: Checkpoint? = nil,
        isPrompt: Bool = false,
        made: [MadeObject] = []
    ) {
        self.isPrompt = isPrompt
        self.sync = sync
        self.tables = tables
        self.start = start
        self.end = end
        self.unfit = unfit
        self.decimals = decimals
        self.keep = keep
        self.made = made
    }
}

/// A source's log, read from one place on.
public protocol ChangeStream: Sendable {
    /// Waits for changes and returns those of whole transactions, or a part of one that is too large. `nil` once the
    /// request's end has been passed, or the stream ended with ``ChangeBatch/recopies``.
    ///
    /// Gathers as long as `isWanted` says no and there is room, so that batches grow while the destination is busy.
    /// Answers the source meanwhile.
    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch?

    /// Lets the source forget what lies before `checkpoint`, which the destination has made durable. Does not wait.
    func confirm(_ checkpoint: Checkpoint)

    /// Has what changes in `table`, which is about to be copied, held back from the end of a transaction on, in place
    /// of any other table's: ``ChangeBatch/holdings`` says from where. `nil` for no table's. Does not wait.
    ///
    /// - Returns: Whether a batch will say so; `false` where this table or this source cannot be held. Rows that
    ///   nothing tells apart never can be: they count, and which of their changes a copy shows is not known.
    func hold(_ table: BufferedTable?) -> Bool

    /// Has what is held of `table`, which is copied now, given out once the stream is past `place`, which is behind all
    /// that the copy shows. From there on the table is followed like all others: ``ChangeBatch/holdings`` says so.
    /// Does not wait.
    func join(_ table: StreamRequest.Table, after place: Checkpoint)

    /// Answers the source while nobody waits in ``next(isWanted:)``. To be called every few seconds.
    func keepAlive() async throws

    /// Tells the source what was confirmed last, and ends.
    func close() async
}

/// Changes up to the end of a transaction, to be applied whole or not at all.
public struct ChangeBatch: Sendable {
    /// Changes to one table while its columns stayed the same.
    public struct TableChanges: Sendable {
        /// The table as it was then, under the source's names; the rows have its columns.
        public var schema: TableSchema
        /// What rows that were there before have in columns that this schema has and the one before it did not, by
        /// column, as the schema types it; a column that is not named here is null in them.
        public var missing: [ColumnID: Value]
        /// When the first row came with columns that this schema has and the one before it did not, by column, counted
        /// as ``TableDefinition/moment`` is. What their types are made of may have changed since.
        public var arrivals: [ColumnID: UInt64]
        /// Columns that rows had by now and this schema has not.
        public var leftOut: Set<ColumnID>
        /// Parts of the table that rows were changed in by now (``CatalogTable/parts``).
        public var parts: Set<TableID>
        public var changes: NetChanges
        /// Rows that were left out under ``UnfitPolicy/issue``, the first of them.
        public var refusals: [RejectedValue]

        public init(
            schema: TableSchema,
            missing: [ColumnID: Value] = [:],
            arrivals: [ColumnID: UInt64] = [:],
            leftOut: Set<ColumnID> = [],
            parts: Set<TableID> = [],
            changes: NetChanges,
            refusals: [RejectedValue] = []
        ) {
            self.schema = schema
            self.missing = missing
            self.arrivals = arrivals
            self.leftOut = leftOut
            self.parts = parts
            self.changes = changes
            self.refusals = refusals
        }
    }

    /// In their order; a table whose columns changed stands here several times.
    public var stretches: [TableChanges]
    /// Tables that can be followed no further and must be copied again, with the reason (what follows
    /// "because"). Their changes are left out from here on, and the stream ends after this batch.
    public var recopies: [TableID: String]
    /// Tables whose changes cannot be read for now. They stay behind the others, and what is missing comes
    /// with a later batch, of this stream or of one that goes on from its state.
    public var left: [TableID: LeftTable] = [:]
    /// What is to be known of tables that are held. Empty in the middle of a transaction.
    public var holdings: [TableID: BufferingEvent]
    /// Where to resume once this is applied. `nil` in the middle of a transaction.
    public var state: StreamCheckpoint?
    /// Whether the source had nothing else to say when this was given out.
    public var isUpToDate = false
    /// How many of them end with this batch; those that the source reads together are one.
    public var transactions: Int
    /// Rows left out under ``UnfitPolicy/issue`` and values clamped, by table.
    public var tallies: [TableID: ReadTally]

    public init(
        stretches: [TableChanges] = [],
        recopies: [TableID: String] = [:],
        holdings: [TableID: BufferingEvent] = [:],
        state: StreamCheckpoint? = nil,
        transactions: Int = 0,
        tallies: [TableID: ReadTally] = [:]
    ) {
        self.stretches = stretches
        self.recopies = recopies
        self.holdings = holdings
        self.state = state
        self.transactions = transactions
        self.tallies = tallies
    }
}

/// Thrown by a stream that cannot read the changes of one table, and could go on with the others.
public struct ChangesUnreadable: ConfinedError {
    public var table: TableID
    public var cause: any ExplainedError

    public init(_ table: TableID, _ cause: any ExplainedError) {
        self.table = table
        self.cause = cause
    }
}
