public import TandemRows

/// One side of a two-way sync: records that others write too. Nothing here is owned by a sync, so that each write says
/// what it expects to find.
///
/// Calls may run beside each other, but for those of one ``RecordTransaction``. A call that throws may have had its
/// effect.
public protocol RecordStore: Sendable {
    var capabilities: RecordCapabilities { get }

    /// Every kind of record there is, whether it can be kept in step or not.
    func describe() async throws -> [RecordType]

    /// What tells of records that have changed, from `checkpoint` on; `nil` for from now on. What is told may have
    /// been read already, or be untrue by now, and one record may be told of several times; but a record that is
    /// changed after `checkpoint` is told of, unless ``HintBatch/lost`` names its table.
    func feed(_ request: FeedRequest) async throws -> any HintFeed

    /// The records that `keys` name, by the key, as they are now: never from an index or a copy that lags where
    /// ``RecordCapabilities/readsAreFresh`` says so. Those that are gone are left out.
    func read(_ keys: [RowKey], of shape: RecordShape) async throws -> [Record]

    /// Those records whose `fields` (indexes into the shape's) have one of the lists of `values`, each as long as
    /// `fields`, none of them null. Text is compared as the side does.
    func find(_ values: [[Value]], in fields: [Int], of shape: RecordShape) async throws -> [Record]

    /// Up to `limit` records behind `key` in an order of the side's own, in which each record that is there all the
    /// time comes once; fewer, where no more follow.
    func scan(_ shape: RecordShape, after key: RowKey?, limit: Int) async throws -> [Record]

    /// Writes, each by itself; some may be done where others are not. A write that no outcome names is
    /// ``WriteOutcome/unknown``.
    func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome]

    /// The records that these creates have made, as they are now, of those that can be told: by ``Record/operation``.
    func made(by operations: [OperationID], of shape: RecordShape) async throws -> [OperationID: Record]

    /// Begins writes that are done together, with a note beside them; `nil` where ``RecordCapabilities/keepsNotes`` is
    /// not.
    func begin(_ sync: String) async throws -> (any RecordTransaction)?

    /// Shuts out every transaction of `sync` that was begun before this call, at this side, by whatever process: waits
    /// for those that are being committed, and has all others fail when they are to be.
    ///
    /// - Parameter number: Notes up to this one are of no use any more, and may be removed.
    /// - Returns: The notes behind it, in their order.
    func notes(of sync: String, after number: Int64) async throws -> [WriteNote]

    func close() async
}

/// What a side can do, which the engine goes by.
public struct RecordCapabilities: Hashable, Sendable {
    /// Whether a read shows every change that was acknowledged before it.
    public var readsAreFresh: Bool
    /// Whether ``Record/version`` is a decimal number that grows.
    public var versionsGrow: Bool
    /// Whether writes are done together with a note (``RecordStore/begin(_:)``).
    public var keepsNotes: Bool

    public init(readsAreFresh: Bool, versionsGrow: Bool, keepsNotes: Bool) {
        self.readsAreFresh = readsAreFresh
        self.versionsGrow = versionsGrow
        self.keepsNotes = keepsNotes
    }
}

/// Writes that become visible together, and durable together with a note.
public protocol RecordTransaction: Sendable {
    /// As ``RecordStore/write(_:)``, and what is stored is visible to later calls of this transaction. A write that is
    /// rejected leaves no trace, and the others stand.
    func write(_ writes: [RecordWrite]) async throws -> [WriteID: WriteOutcome]

    /// - Parameter note: Kept until a later ``RecordStore/notes(of:after:)`` or commit says that it is of no use.
    /// - Parameter number: Notes up to this one are of no use any more.
    /// - Throws: Where it may have been committed or not; ``RecordStore/notes(of:after:)`` tells.
    func commit(_ note: WriteNote, forgetting number: Int64) async throws

    func rollback() async
}

/// What the engine has to know of writes that are done, kept where they were done. Opaque to the side.
public struct WriteNote: Hashable, Sendable {
    /// Grows from note to note of one sync, over both of its sides.
    public var number: Int64
    public var bytes: [UInt8]

    public init(number: Int64, bytes: [UInt8]) {
        self.number = number
        self.bytes = bytes
    }
}
