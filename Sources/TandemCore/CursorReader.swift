public import TandemRows

/// What reads a source's tables from a place in the order of a cursor on.
public protocol CursorReader: Sendable {
    /// The places, by table, that a later snapshot may be said to have come to.
    ///
    /// That is the last place that rows have by now, but for places in the future of the source's clock. Then those
    /// transactions are waited for that have written to the table by then: a snapshot that is taken afterwards shows
    /// what they have written. Where they take longer than `patience`, the table is left out of the answer.
    func places(of tables: [CursorTable], patience: Duration) async throws -> [TableID: CursorPlace]

    /// As ``Source/snapshot(readers:)``.
    func snapshot(readers: Int) async throws -> any CursorSnapshot
}

/// A table, and the columns that are its cursor.
public struct CursorTable: Sendable {
    public var table: CatalogTable
    public var columns: [ColumnID]

    public init(_ table: CatalogTable, columns: [ColumnID]) {
        self.table = table
        self.columns = columns
    }
}

/// A place in the order of a cursor.
public enum CursorPlace: Hashable, Sendable {
    /// Before all rows.
    case start
    /// A value for each column, as the source writes it.
    case at([String])

    public var values: [String]? {
        switch self {
        case .start: nil
        case .at(let values): values
        }
    }
}

/// A snapshot that can be read so.
public protocol CursorSnapshot: Snapshot {
    /// Which rows are to be read after `last` (``CursorState/last``): those from `lookback` before that place on, ties
    /// included, and those that have a null in a column of the cursor.
    ///
    /// - Parameter columns: The cursor's columns, with the types that ``CursorRange/values`` are to be of.
    func range(
        of table: CatalogTable,
        by columns: [ColumnSchema],
        after last: [String],
        lookback: Lookback?
    ) async throws -> CursorRange

    /// As ``Snapshot/rows(of:as:unfit:)``, but only the rows in `range`, each once.
    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in range: CursorRange
    ) async throws -> any TableRows

    /// What rows that are there already have in columns that were added to `table`
    /// (``ChangeBatch/TableChanges/missing``), by column, as `columns` types them. `nil` where they need not all have
    /// the same.
    func additions(_ columns: [ColumnSchema], to table: CatalogTable) async throws -> [ColumnID: Value]?
}

/// The rows from a place on, and those with a null in a column of the cursor.
public struct CursorRange: Hashable, Sendable {
    /// The cursor's columns.
    public var columns: [ColumnID]
    /// The place, by the first of these columns or by all of them, as the source writes it.
    public var lower: [String]
    /// The same as values of the types that were asked for. None where one of them has no such value.
    public var values: [Value]

    public init(columns: [ColumnID], lower: [String], values: [Value]) {
        self.columns = columns
        self.lower = lower
        self.values = values
    }
}
