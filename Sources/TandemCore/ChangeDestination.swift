public import TandemRows

/// A destination that follows a stream of changes, exactly once.
///
/// How far a stream has been applied is kept here, and written in the
/// transaction that writes the data.
public protocol ChangeDestination: Destination {
    /// Whether nobody else can read here while something is written. It is left to its readers for a while then,
    /// between one transaction and the next.
    var keepsReadersOut: Bool { get }

    /// How far the stream of `sync` that comes by `method` has been applied here; `nil` before its first.
    func stream(of sync: String, by method: Method) async throws -> StreamState?

    /// Applies `changes` in their order, in one transaction together with `state`, and returns once both are durable.
    ///
    /// Without `state` the transaction stays open for the next call: more of the same source transaction is to come.
    /// Readers see nothing of it until then. Nothing is left of it after an error, ``rollback()`` or a crash.
    ///
    /// In a copy that marks rows (``OwnColumns/deletedAt``) those of ``NetChanges/deleted`` are marked, and all of them
    /// where it is emptied; what is written takes the place of marked rows.
    ///
    /// A destination that finds some rows to be refused by what its users have made there may leave these out and go
    /// on. It stores them with ``CopiedTable/issues``, in the same transaction.
    ///
    /// - Returns: For each target of which rows were left out so, the issues that it has then.
    /// - Throws: ``ChangeRefused`` where a table cannot take its changes as it is; the connector's own error.
    @discardableResult
    func apply(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        of sync: String
    ) async throws -> [TableName: [RowIssue]]

    /// Applies `changes` as ``apply(_:reaching:of:)`` does, in a transaction that moves no stream: how far each table
    /// has been read stands in its copy (``CopiedTable/cursor``).
    ///
    /// - Parameter isLast: Whether to commit, and return once that is durable. The transaction stays open otherwise.
    func merge(_ changes: [TargetChanges], isLast: Bool, of sync: String) async throws

    /// Undoes what ``apply(_:reaching:of:)`` or ``merge(_:isLast:of:)`` has left open.
    func rollback() async

    /// Stores what is known of these copies anew, such as ``CopiedTable/stream``, and touches no table.
    func remember(_ copies: [CopiedTable], of sync: String) async throws

    /// What was made at the sources for `sync`, or for all syncs where that is `nil`. ``Destination/forget(_:tables:)``
    /// leaves it: what is there is still this project's.
    func made(of sync: String?) async throws -> [MadeObject]

    /// Stores, durably, that `made` are there or about to be, and that `gone` are this project's no more.
    func note(made: [MadeObject], gone: [MadeObject]) async throws

    /// Gives all that is remembered of `sync` the name `name`, in one transaction: its copies, streams, loads and what
    /// was made for it.
    ///
    /// - Returns: Whether anything was.
    func rename(_ sync: String, to name: String) async throws -> Bool
}

extension ChangeDestination {
    public var keepsReadersOut: Bool { false }
}

/// How far a sync has come with a source's changes. A sync has one for each method that follows some of its tables.
public struct StreamState: Hashable, Sendable {
    /// By which they are told.
    public var method: Method
    /// Tells this stream from every other, also from one that took its place after changes were lost.
    public var id: String
    /// All changes up to here have been applied, and none after it.
    public var checkpoint: Checkpoint
    /// When the last transaction in it was committed by the source's clock, seconds since 1970; `nil` before the first.
    public var time: Double?

    public init(method: Method = .logBased, id: String, checkpoint: Checkpoint, time: Double? = nil) {
        self.method = method
        self.id = id
        self.checkpoint = checkpoint
        self.time = time
    }
}

/// Changes to one table, and what must happen to the table first.
public struct TargetChanges: Sendable {
    /// The table as it lies at the destination before ``evolution``.
    public var before: CopiedTable
    /// The same after it; the rows of ``changes`` have its columns. Where the two are equal nothing changes.
    public var after: CopiedTable
    /// How to come from one to the other, in order.
    public var evolution: [Evolution]
    public var changes: NetChanges

    public init(before: CopiedTable, after: CopiedTable, evolution: [Evolution] = [], changes: NetChanges) {
        self.before = before
        self.after = after
        self.evolution = evolution
        self.changes = changes
    }

    /// One step by which a table follows its source.
    public enum Evolution: Hashable, Sendable {
        /// Adds a column, which every row that is there has this value in.
        case addColumn(ColumnSchema, value: Value)
        case renameColumn(from: String, to: String)
        /// The source has dropped it. It stays, null in every row written from now on.
        case keepColumn(String)
        case renameTable(to: TableName)
        /// Makes ``CopiedTable/ownColumns`` these. New ones are null, and marked rows go with the mark.
        case setOwnColumns(OwnColumns)
    }
}

/// Thrown by ``ChangeDestination/apply(_:reaching:of:)``: this table must be copied again before it can go on. Nothing
/// of the transaction is left.
public struct ChangeRefused: Error, Hashable, CustomStringConvertible {
    public var target: TableName
    /// What follows "copying the table again, because".
    public var reason: String

    public init(_ target: TableName, because reason: String) {
        self.target = target
        self.reason = reason
    }

    public var description: String { "\(target) cannot take its changes, because \(reason)" }
}
