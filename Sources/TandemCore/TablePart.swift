public import TandemRows

/// A part of a table that comes and goes together with its rows, without a change that says so: a partition, at
/// whatever depth.
public struct TablePart: Hashable, Sendable {
    /// Its own, as ``TableSchema/id``.
    public var id: TableID
    public var name: TableName
    /// Another text each time that it becomes a part.
    public var mark: String
    /// Whether it was made as a part of the table and has been one ever since, so that changes tell of all of its rows.
    /// False where that is not known for sure.
    public var isNative: Bool

    public init(id: TableID, name: TableName, mark: String, isNative: Bool) {
        self.id = id
        self.name = name
        self.mark = mark
        self.isNative = isNative
    }
}

/// What a table consists of.
public struct TableExtent: Hashable, Sendable {
    public var columns: Set<ColumnID>
    /// The parts that its rows lie in (``CatalogTable/parts``), with their marks.
    public var parts: [TableID: String]
    /// As ``CatalogTable/definition``.
    public var definition: TableDefinition?

    public init(columns: Set<ColumnID>, parts: [TableID: String] = [:], definition: TableDefinition? = nil) {
        self.columns = columns
        self.parts = parts
        self.definition = definition
    }
}
