import TandemCore
import TandemRows

/// What earlier runs have left at the destination, found by the tables it came from.
struct EarlierCopies {
    /// Copies that a stream keeps up to date, which tells tables by their ids, by these.
    private let followed: [TableID: SyncedTable]
    private let byName: [TableName: SyncedTable]
    /// Copies whose name at the source is gone, by their ids there.
    private let byID: [TableID: SyncedTable]

    init(_ copies: [SyncedTable], catalog: Catalog) {
        let tables = Dictionary(catalog.tables.map { ($0.schema.id, $0.schema) }) { first, _ in first }
        let names = Set(catalog.tables.map(\.schema.name))
        let numbered = copies.filter { copy in
            tables[copy.schema.id].map { Self.isSame(copy.schema, $0) } ?? false
        }
        let followed = numbered.filter { $0.stream != nil }
        let homeless = numbered.filter { !names.contains($0.schema.name) }
        let targets = Set(followed.map(\.target))
        let others = copies.filter { !targets.contains($0.target) }
        self.followed = Dictionary(followed.map { ($0.schema.id, $0) }) { first, _ in first }
        byName = Dictionary(others.map { ($0.schema.name, $0) }) { first, _ in first }
        byID = Dictionary(homeless.map { ($0.schema.id, $0) }) { first, _ in first }
    }

    /// The copy of a table, if there is one, perhaps from when it had another name.
    subscript(table: TableSchema) -> SyncedTable? {
        followed[table.id] ?? byName[table.name] ?? byID[table.id]
    }

    /// What is left of a table from when it had another name, where it takes over the copy of one that had its name.
    func remainder(of table: TableSchema) -> SyncedTable? {
        byID[table.id].flatMap { $0.target == self[table]?.target ? nil : $0 }
    }

    /// Whether half of the columns are what they were. A number means something within one database only, and a
    /// restored one gives it to another table.
    private static func isSame(_ earlier: TableSchema, _ table: TableSchema) -> Bool {
        let current = Dictionary(table.columns.map { ($0.id, $0.name) }) { first, _ in first }
        return 2 * earlier.columns.count { current[$0.id] == $0.name } >= earlier.columns.count
    }
}
