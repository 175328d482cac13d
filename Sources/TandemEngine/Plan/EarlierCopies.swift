import TandemCore
import TandemRows

/// What earlier runs have left at the destination, found by the tables it came from.
struct EarlierCopies {
    private let byName: [TableName: CopiedTable]
    /// Copies whose name at the source is gone, by their number there.
    private let byNumber: [UInt32: CopiedTable]

    init(_ copies: [CopiedTable], catalog: Catalog) {
        let names = Set(catalog.tables.map(\.schema.name))
        byName = Dictionary(copies.map { ($0.schema.name, $0) }) { first, _ in first }
        let homeless = copies.filter { $0.schema.id != 0 && !names.contains($0.schema.name) }
        byNumber = Dictionary(homeless.map { ($0.schema.id, $0) }) { first, _ in first }
    }

    /// The copy of a table, if there is one, perhaps from when it had another name.
    subscript(table: TableSchema) -> CopiedTable? {
        byName[table.name] ?? byNumber[table.id].flatMap { Self.isSame($0.schema, table) ? $0 : nil }
    }

    /// Whether half of the columns are what they were. A number means something within one database only, and a
    /// restored one gives it to another table.
    private static func isSame(_ earlier: TableSchema, _ table: TableSchema) -> Bool {
        let current = Dictionary(table.columns.map { ($0.id, $0.name) }) { first, _ in first }
        return 2 * earlier.columns.count { current[$0.id] == $0.name } >= earlier.columns.count
    }
}
