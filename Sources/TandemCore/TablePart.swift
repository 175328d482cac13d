public import TandemRows

/// A part of a table that comes and goes together with its rows, without a change that says so: a partition, at
/// whatever depth.
public struct TablePart: Hashable, Sendable {
    /// Its own, as ``TableSchema/id``.
    public var number: UInt32
    public var name: TableName
    /// Another text each time that it becomes a part.
    public var mark: String
    /// Whether it was made as a part of the table and has been one ever since, so that changes tell of all of its rows.
    /// False where that is not known for sure.
    public var isNative: Bool

    public init(number: UInt32, name: TableName, mark: String, isNative: Bool) {
        self.number = number
        self.name = name
        self.mark = mark
        self.isNative = isNative
    }
}

/// What a table consists of.
public struct TableExtent: Hashable, Sendable {
    /// The numbers of its columns, as ``ColumnSchema/id``.
    public var columns: Set<Int>
    /// The parts that its rows lie in (``CatalogTable/parts``), by number, with their marks.
    public var parts: [UInt32: String]
    /// As ``CatalogTable/definition``.
    public var definition: TableDefinition?

    public init(columns: Set<Int>, parts: [UInt32: String] = [:], definition: TableDefinition? = nil) {
        self.columns = columns
        self.parts = parts
        self.definition = definition
    }
}
