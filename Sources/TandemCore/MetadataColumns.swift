public import TandemRows

/// Columns that Tandem adds to a copy. Its schema does not name them, and the source has none of these names.
public struct MetadataColumns: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// When the row was deleted at the source, by its clock; null in rows that are there. Rows of such a copy are
    /// marked and stay.
    public static let deletedAt = MetadataColumns(rawValue: 1)
    /// When the row was last written here, by the clock there.
    public static let syncedAt = MetadataColumns(rawValue: 2)

    public static let deletedAtName = "_tandem_deleted_at"
    public static let syncedAtName = "_tandem_synced_at"

    /// Their names, in this order always.
    public var names: [String] {
        (contains(.deletedAt) ? [Self.deletedAtName] : []) + (contains(.syncedAt) ? [Self.syncedAtName] : [])
    }

    /// Those among `names`.
    public init(names: some Sequence<String>) {
        self = []
        for name in names {
            if name == Self.deletedAtName { insert(.deletedAt) }
            if name == Self.syncedAtName { insert(.syncedAt) }
        }
    }
}

extension SyncedTable {
    /// Of what was copied before, the one that this takes the place of and whose marked rows it keeps, if there is one.
    ///
    /// - Parameter retired: Names of copies that go because their table comes under another name now.
    public func former(
        among earlier: [SyncedTable],
        retiring retired: [TableName],
        folding: NameFolding
    ) -> SyncedTable? {
        let marked = earlier.filter { $0.metadataColumns.contains(.deletedAt) }
        return marked.first { folding.fold($0.target) == folding.fold(target) }
            ?? marked.first { retired.contains($0.target) && $0.schema.id == schema.id }
    }

    /// What this copy calls the column that is `column` in a later copy, by its id where both are of one table.
    public func formerName(of column: ColumnSchema, in later: SyncedTable) -> String {
        guard schema.id == later.schema.id else { return column.name }
        return schema.columns.first { $0.id == column.id }?.name ?? column.name
    }
}
