public import TandemRows

/// Changes to one table, and what must happen to the table first.
public struct TargetChanges: Sendable {
    /// The table as it lies at the destination before ``evolution``.
    public var before: SyncedTable
    /// The same after it; the rows of ``changes`` have its columns. Where the two are equal nothing changes.
    public var after: SyncedTable
    /// How to come from one to the other, in order.
    public var evolution: [Evolution]
    public var changes: NetChanges

    public init(before: SyncedTable, after: SyncedTable, evolution: [Evolution] = [], changes: NetChanges) {
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
        /// Makes ``SyncedTable/metadataColumns`` these. New ones are null, and marked rows go with the mark.
        case setMetadataColumns(MetadataColumns)
    }
}

/// Thrown by ``WriteTransaction/apply(_:)``: this table must be copied again before it can go on. Nothing
/// of the transaction is left.
public struct TableMismatch: Error, Hashable, CustomStringConvertible {
    public var target: TableName
    /// What follows "copying the table again, because".
    public var reason: String

    public init(_ target: TableName, because reason: String) {
        self.target = target
        self.reason = reason
    }

    public var description: String { "\(target) cannot take its changes, because \(reason)" }
}
