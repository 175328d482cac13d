import TandemRows

/// The names of all tables and views of a file, asked for once instead of name by name.
struct TableNames {
    private var kinds: [TableName: WarehouseCatalog.Kind] = [:]

    init() {}

    init(of session: Session) throws {
        let rows = try session.texts(
            """
            SELECT schema_name, table_name, CASE WHEN \(WarehouseCatalog.isOurs) THEN 'ours' ELSE 'foreign' END
            FROM duckdb_tables() WHERE database_name = $1
            UNION ALL
            SELECT schema_name, view_name, 'view' FROM duckdb_views() WHERE database_name = $1 AND NOT internal
            """,
            [.text(session.catalog)],
            to: "list its tables"
        )
        for row in rows {
            let name = TableName(schema: row[0] ?? "", table: row[1] ?? "")
            self[name] = row[2].flatMap(WarehouseCatalog.Kind.init(rawValue:))
        }
    }

    /// What has the name `name`, in any case of its letters.
    subscript(name: TableName) -> WarehouseCatalog.Kind? {
        get { kinds[SQL.fold(name)] }
        set { kinds[SQL.fold(name)] = newValue }
    }

    /// - Throws: If there is something under that name that is not ours to replace.
    func refuseToReplace(_ name: TableName) throws {
        switch self[name] {
        case .view: throw DuckDBError.viewInTheWay(name)
        case .foreign: throw DuckDBError.foreignTable(name)
        case .ours, nil: return
        }
    }

    /// `name`, or `name` with a number, whichever nothing has yet.
    func freeName(_ name: String, in schema: String) -> TableName {
        var candidate = TableName(schema: schema, table: name)
        var number = 2
        while self[candidate] != nil {
            candidate.table = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }
}
