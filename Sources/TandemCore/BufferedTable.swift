public import TandemRows

/// A table that is about to be copied beside a stream, which holds back what changes in it until it is.
///
/// What is held are net changes (``NetChanges``) from a place before the copy
/// to one behind it. Whatever part of them the copy shows already, they make
/// of it the table as it is at that second place.
public struct BufferedTable: Hashable, Sendable {
    /// The columns as they are to be copied, under the source's names.
    public var schema: TableSchema
    /// As ``StreamRequest/Table/leftOut``.
    public var leftOut: Set<ColumnID>
    /// As ``StreamRequest/Table/keepsDeletions``.
    public var keepsDeletions: Bool
    /// As ``StreamRequest/Table/newColumns``.
    public var newColumns: ColumnRule

    public init(
        schema: TableSchema,
        leftOut: Set<ColumnID>,
        keepsDeletions: Bool,
        newColumns: ColumnRule = .every
    ) {
        self.schema = schema
        self.leftOut = leftOut
        self.keepsDeletions = keepsDeletions
        self.newColumns = newColumns
    }
}

/// What has become of a table that is to be held.
public enum BufferingEvent: Hashable, Sendable {
    /// What is committed behind this batch is held, and maybe some before.
    case begun
    /// This batch brings what was held, and from here on the table's changes come with all others.
    case joined
    /// Nothing of it is held any more: its changes are to be read from where it was begun. The reason is what comes
    /// after "because".
    case lost(String)
}
