/// A table that lives through a ``RandomHistory``, as it is at one moment of it.
struct HistoryTable: Sendable {
    /// What tells its rows apart.
    enum Identity: Sendable {
        case primaryKey
        /// A unique index that is not the primary key's.
        case index
        /// The whole row.
        case full
        /// Nothing: its rows are never updated or deleted one by one.
        case nothing
    }

    let schema: String
    var name: String
    /// Names that it had, the last one last.
    var former: [String] = []
    var identity = Identity.primaryKey
    var columns: [HistoryColumn]
    /// What its partitions are for; empty where it has none.
    var regions: [String] = []

    /// The name, quoted.
    var sql: String { "\(SQLText.quoted(schema)).\(SQLText.quoted(name))" }
    var keys: [HistoryColumn] { columns.filter(\.isKey) }

    /// The column by which rows are looked for.
    var selector: HistoryColumn? { columns.first { $0.role == .key || $0.role == .selector } }

    /// Numbers of the columns that are there for their values.
    var values: [Int] { columns.indices.filter { columns[$0].role == .value } }

    /// The statements that make it. `number` is not used again.
    func creation(referring table: HistoryTable?, number: Int) -> [String] {
        var parts = columns.map { column in
            var part = "\(SQLText.quoted(column.name)) \(column.kind.type)"
            if column.isRequired { part += " NOT NULL" }
            if column.role == .reference, let table, let key = table.keys.first {
                part += " REFERENCES \(table.sql) (\(SQLText.quoted(key.name))) ON DELETE CASCADE ON UPDATE CASCADE"
            }
            return part
        }
        let key = keys.reversed().map { SQLText.quoted($0.name) }.joined(separator: ", ")
        if identity == .primaryKey { parts.append("PRIMARY KEY (\(key))") }
        var create = "CREATE TABLE \(sql) (\(parts.joined(separator: ", ")))"
        if let region = columns.first(where: { $0.role == .region }) {
            create += " PARTITION BY LIST (\(SQLText.quoted(region.name)))"
        }
        let index = "i\(number)"
        let unique = "CREATE UNIQUE INDEX \(index) ON \(sql) (\(key))"
        let rest =
            switch identity {
            case .primaryKey, .nothing: regions.map(partition)
            case .index: [unique, "ALTER TABLE \(sql) REPLICA IDENTITY USING INDEX \(index)"]
            case .full: ["ALTER TABLE \(sql) REPLICA IDENTITY FULL"]
            }
        return [create] + rest
    }

    func partition(_ region: String) -> String {
        "CREATE TABLE \(partitionName(region)) PARTITION OF \(sql) FOR VALUES IN ('\(region)')"
    }

    func partitionTable(_ region: String) -> String { "of \(region)" }

    func partitionName(_ region: String) -> String {
        SQLText.quoted(schema) + "." + SQLText.quoted(partitionTable(region))
    }
}

extension HistoryTable {
    /// The tables that a history begins with; the last of them is not meant to be synced.
    ///
    /// - Parameter hasOwnTypes: Whether there are columns of types that the history makes.
    static func all(in schema: String, hasOwnTypes: Bool) -> [HistoryTable] {
        let id = HistoryColumn(name: "id", kind: .integer, role: .key)
        let note = HistoryColumn(name: "note", kind: .long)
        let name = HistoryColumn(name: "name", kind: .varchar)
        let count = HistoryColumn(name: "count", kind: .integer)
        let total = HistoryColumn(name: "total", kind: .amount)
        let day = HistoryColumn(name: "on", kind: .date)
        let order = HistoryColumn(name: "order", kind: .bigint, role: .reference)
        let pair = [
            HistoryColumn(name: "a", kind: .integer, role: .key), HistoryColumn(name: "b", kind: .text, role: .key),
        ]
        let code = HistoryColumn(name: "code", kind: .integer, role: .key, isRequired: true)
        let number = HistoryColumn(name: "k", kind: .bigint, role: .selector)
        let region = HistoryColumn(name: "region", kind: .text, role: .region)
        let uuid = HistoryColumn(name: "id", kind: .uuid, role: .key)
        let kinds = HistoryColumn.Kind.allCases.filter { hasOwnTypes || !$0.isOwn }.enumerated().map {
            HistoryColumn(name: "v\($0)", kind: $1)
        }
        let tables: [(name: String, identity: Identity, columns: [HistoryColumn])] = [
            ("orders", .primaryKey, [id, name, total, note, day]),
            ("lines", .primaryKey, [id, order, count, note]),
            ("pairs", .primaryKey, [pair[0], note, pair[1], count]),
            ("codes", .index, [name, code, note, count]),
            ("loose", .full, [number, name, note, count]),
            ("events", .nothing, [number, name, note]),
            ("parted", .primaryKey, [id, region, note, count]),
            ("kinds", .primaryKey, [uuid] + kinds),
            ("ignored", .primaryKey, [id, note]),
        ]
        return tables.map { table in
            let regions = table.name == "parted" ? ["north", "south"] : []
            return HistoryTable(
                schema: schema,
                name: table.name,
                identity: table.identity,
                columns: table.columns,
                regions: regions
            )
        }
    }
}
