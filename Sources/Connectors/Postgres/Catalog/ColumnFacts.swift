/// What the catalog says of one column, for the current user.
struct ColumnFacts: Sendable {
    var table: UInt32
    var number: Int
    var name: String
    var type: UInt32
    var modifier: Int32
    var typeName: String
    /// Whether no row holds null in it.
    var isNotNull: Bool
    var maySelect: Bool
}

extension ColumnFacts {
    /// From a row of ``CatalogQueries/columns``.
    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        table = try row.number()
        number = try row.number()
        name = try row.text()
        type = try row.number()
        modifier = try row.number()
        typeName = try row.text()
        isNotNull = try row.flag()
        maySelect = try row.flag()
    }
}
