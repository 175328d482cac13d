public import TandemRows

/// A table as its destination holds it.
public struct SyncedTable: Hashable, Sendable {
    /// Its name at the destination.
    public var target: TableName
    /// Its name and id at the source; its columns with the names and types they have here and the ids they have at the
    /// source.
    public var schema: TableSchema
    public var rows: Int
    public var moment: Moment
    /// The stream that keeps it up to date since (``StreamCheckpoint/id``); `nil` for a copy that stays as it is.
    public var stream: String?
    /// Columns that the source's table has had and that were not copied: rows may have had values in them
    /// that no change will bring.
    public var leftOut: Set<ColumnID>
    /// What Tandem has added to it.
    public var metadataColumns: MetadataColumns
    /// The parts (``CatalogTable/parts``) whose rows are in it, with their marks; with none for a part that
    /// only the stream has told of.
    public var parts: [TableID: String]
    /// What its values depended on when it was copied, or when that was looked at last and found to be the same.
    /// `nil` for what earlier versions have copied: it is taken for what it is at the next look.
    public var definition: TableDefinition?
    /// How far it has been read, where that is done by a cursor.
    public var cursor: CursorState?
    /// Rows that it does not hold as their source has them.
    public var issues: [RowIssue]
    /// Whether its rows were read at different moments, of which ``moment`` is the first: a row may be there as it was
    /// later, or not at all, until the stream has passed the last of these moments.
    public var spansSnapshots: Bool
    /// Columns that the source has dropped since, and that stay in it (``TargetChanges/Evolution/keepColumn(_:)``).
    public var keptColumns: Set<String>

    public init(
        target: TableName,
        schema: TableSchema,
        rows: Int,
        moment: Moment,
        stream: String? = nil,
        leftOut: Set<ColumnID> = [],
        metadataColumns: MetadataColumns = [],
        parts: [TableID: String] = [:],
        definition: TableDefinition? = nil,
        cursor: CursorState? = nil,
        issues: [RowIssue] = [],
        spansSnapshots: Bool = false,
        keptColumns: Set<String> = []
    ) {
        self.target = target
        self.schema = schema
        self.rows = rows
        self.moment = moment
        self.stream = stream
        self.leftOut = leftOut
        self.metadataColumns = metadataColumns
        self.parts = parts
        self.definition = definition
        self.cursor = cursor
        self.issues = issues
        self.spansSnapshots = spansSnapshots
        self.keptColumns = keptColumns
    }

    /// The names of all columns that came with it: what else its table has is the user's.
    public var columnNames: [String] { schema.columns.map(\.name) + metadataColumns.names + keptColumns.sorted() }
}
