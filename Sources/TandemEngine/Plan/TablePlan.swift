package import TandemCore
package import TandemRows

/// What a run will do with one table.
package struct TablePlan: Sendable {
    /// As the source describes it, every readable column included.
    package var source: CatalogTable
    package var target: TableName
    package var method: Method
    /// Why this method, one sentence.
    package var reason: String
    /// Whether it is what `auto` has chosen.
    package var isAutomatic = false
    /// The chosen columns in the source's order, under the source's names. A type may be text where an earlier run met
    /// a value that did not fit.
    package var schema: TableSchema
    /// The name of each of these columns at the destination.
    package var targetNames: [String]
    /// The name the table has at the destination from earlier runs, where it has been renamed since.
    package var retires: TableName?
    /// Which columns that are added at the source are to be copied too.
    package var newColumns: ColumnRule
    /// What Tandem adds to the copy.
    package var metadataColumns: MetadataColumns
    /// How it is read, where that is by a cursor.
    package var cursor: CursorPlan?
    /// What the user should know: columns left out, renames, columns kept as text.
    package var notes: [String]

    package init(
        source: CatalogTable,
        target: TableName,
        method: Method,
        reason: String,
        isAutomatic: Bool = false,
        schema: TableSchema,
        targetNames: [String],
        retires: TableName? = nil,
        newColumns: ColumnRule = .every,
        metadataColumns: MetadataColumns = [],
        cursor: CursorPlan? = nil,
        notes: [String] = []
    ) {
        self.source = source
        self.target = target
        self.method = method
        self.reason = reason
        self.isAutomatic = isAutomatic
        self.schema = schema
        self.targetNames = targetNames
        self.retires = retires
        self.newColumns = newColumns
        self.metadataColumns = metadataColumns
        self.cursor = cursor
        self.notes = notes
    }

    /// Columns that the source has and that are not chosen, or cannot be read.
    var leftOut: Set<ColumnID> {
        Set(source.schema.columns.map(\.id) + source.omitted.map(\.id)).subtracting(schema.columns.map(\.id))
    }
}
