public import TandemRows

/// What is to be told of changes.
public struct FeedRequest: Sendable {
    public var sync: String
    public var shapes: [RecordShape]
    /// From where on; `nil` for from now on.
    public var checkpoint: Checkpoint?
    /// Whether it ends once all is told that was changed by now.
    public var isBounded: Bool
    /// Whether it may make on the tables, which are the application's, what ``Eligibility/needsSetup(reason:remedy:)``
    /// is about.
    public var maySetUp: Bool
    /// What is remembered to have been made there for the sync, and what learns of more before it is made.
    public var ownership: Ownership

    public init(
        sync: String,
        shapes: [RecordShape],
        checkpoint: Checkpoint?,
        isBounded: Bool,
        maySetUp: Bool = false,
        ownership: Ownership = Ownership(known: []) { _, _ in }
    ) {
        self.sync = sync
        self.shapes = shapes
        self.checkpoint = checkpoint
        self.isBounded = isBounded
        self.maySetUp = maySetUp
        self.ownership = ownership
    }
}

/// What tells which records of a side have changed.
public protocol HintFeed: Sendable {
    /// Where it begins: all that is changed later is told.
    var start: Checkpoint { get }

    /// Waits for changes. `nil` once a bounded feed has ended.
    func next() async throws -> HintBatch?

    /// Lets the side forget what lies before `checkpoint`, which is not needed again. Does not wait.
    func confirm(_ checkpoint: Checkpoint)

    func close() async
}

/// Records that may have changed.
public struct HintBatch: Sendable {
    public struct Hint: Hashable, Sendable {
        public var table: TableID
        public var key: RowKey

        public init(table: TableID, key: RowKey) {
            self.table = table
            self.key = key
        }
    }

    public var hints: [Hint]
    /// Tables of which changes may be missing, with the reason (what follows "because"): all of their records may have
    /// changed.
    public var lost: [TableID: String]
    /// From where all is told that these do not; `nil` in the middle of a transaction.
    public var checkpoint: Checkpoint?

    public init(
        hints: [Hint],
        lost: [TableID: String] = [:],
        checkpoint: Checkpoint?
    ) {
        self.hints = hints
        self.lost = lost
        self.checkpoint = checkpoint
    }
}
