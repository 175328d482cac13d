import TandemCore
import TandemRows

extension Metadata {
    /// The statements that store `copies` in place of what was known of the same targets and of `retired`.
    static func remembering(_ copies: [CopiedTable], retiring retired: [TableName], of sync: String) throws -> [String]
    {
        let names = copies.map(\.target) + retired
        guard !names.isEmpty else { return [] }
        let list = names.map { "(\(SQL.literal($0.schema)), \(SQL.literal($0.table)))" }.joined(separator: ", ")
        let delete = "DELETE FROM \(table("tables")) WHERE (schema_name, table_name) IN (\(list))"
        guard !copies.isEmpty else { return [delete] }
        let rows = try copies.map { try row($0, of: sync) }.joined(separator: ", ")
        return [delete, "INSERT INTO \(table("tables")) (\(columns.joined(separator: ", "))) VALUES \(rows)"]
    }

    private static let columns = [
        "sync", "schema_name", "table_name", "source_schema", "source_table", "source_id", "columns", "key_columns",
        "row_count", "checkpoint", "position", "origin", "source_time", "stream", "left_out", "own_columns",
        "parts", "cursor", "issues", "patchwork", "definition",
    ]

    private static func row(_ copy: CopiedTable, of sync: String) throws -> String {
        let schema = try StoredSchema(copy.schema)
        let texts: [String?] = [
            sync, copy.target.schema, copy.target.table, copy.schema.name.schema, copy.schema.name.table,
            "\(copy.schema.id)", schema.columns, schema.key, "\(copy.rows)", copy.moment.checkpoint.description,
            copy.moment.position?.description, copy.moment.origin, "\(copy.moment.time)", copy.stream,
            copy.leftOutText, copy.ownColumnsText, copy.partsText, try copy.cursorText,
            try copy.issuesText, "\(copy.isPatchwork)", copy.definitionText,
        ]
        return "(" + texts.map { $0.map(SQL.literal) ?? "NULL" }.joined(separator: ", ") + ")"
    }

    /// What is known of `sync`, by target.
    func copies(of sync: String) throws -> [CopiedTable] {
        guard let version = try storedVersion() else { return [] }
        let question = """
            SELECT schema_name, table_name, source_schema, source_table, source_id, columns, key_columns, row_count,
              checkpoint, position, origin, source_time, stream, \(version < 2 ? "NULL, NULL" : "left_out, own_columns"),
              \(version < 3 ? "NULL" : "parts"), \(version < 4 ? "NULL" : "cursor"), \(version < 5 ? "NULL" : "issues"),
              \(version < 7 ? "NULL" : "patchwork"), \(version < 8 ? "NULL" : "definition")
            FROM \(Self.table("tables")) WHERE sync = $1 ORDER BY schema_name, table_name
            """
        return try session.query(question, [sync]).rows.map { cells in
            do { return try Self.copy(cells) } catch {
                throw PostgresError.malformed(session.endpoint, what: "a row of \(Self.schema).tables")
            }
        }
    }

    private static func copy(_ cells: [String?]) throws -> CopiedTable {
        var row = ResultRow(cells)
        let target = TableName(schema: try row.text(), table: try row.text())
        let name = TableName(schema: try row.text(), table: try row.text())
        let id: UInt32 = try row.number()
        let stored = StoredSchema(columns: try row.text(), key: try row.text())
        let rows: Int = try row.number()
        let checkpoint = Checkpoint(try row.text())
        let position = try row.optional().map { Checkpoint($0) }
        let origin = try row.text()
        guard let time = Double(try row.text()) else { throw UnreadableCell() }
        var copy = CopiedTable(
            target: target,
            schema: try stored.schema(name: name, id: id),
            rows: rows,
            moment: Moment(checkpoint: checkpoint, origin: origin, time: time, position: position),
            stream: try row.optional(),
            leftOut: CopiedTable.leftOut(try row.optional()),
            ownColumns: CopiedTable.ownColumns(try row.optional()),
            parts: CopiedTable.parts(try row.optional()),
            cursor: try CopiedTable.cursor(try row.optional()),
            issues: try CopiedTable.issues(try row.optional()),
            isPatchwork: try row.optional() == "t"
        )
        copy.definition = try row.optional().map(TableDefinition.init(text:))
        return copy
    }

    /// The sync that wrote each target.
    func owners() throws -> [TableName: String] {
        guard try exists() else { return [:] }
        let rows = try session.query("SELECT schema_name, table_name, sync FROM \(Self.table("tables"))").rows
        let owned = rows.map { (TableName(schema: $0[0] ?? "", table: $0[1] ?? ""), $0[2] ?? "") }
        return Dictionary(owned, uniquingKeysWith: { first, _ in first })
    }

    /// Forgets `sync`, or some of its tables. Inside a transaction.
    ///
    /// - Parameter ticket: The number that this one's loads have, if any.
    func forget(_ sync: String, _ tables: [TableName]?, holding ticket: Int64?) throws {
        guard try exists() else { return }
        if try storedVersion() == Self.version {
            try dropKept(holding: ticket) { load in load.sync == sync && tables.map { $0.contains(load.target) } ?? true
            }
        }
        guard let tables else {
            for name in ["tables", "streams"] {
                _ = try session.query("DELETE FROM \(Self.table(name)) WHERE sync = $1", [sync])
            }
            return
        }
        for name in tables {
            _ = try session.query(
                "DELETE FROM \(Self.table("tables")) WHERE sync = $1 AND schema_name = $2 AND table_name = $3",
                [sync, name.schema, name.table]
            )
        }
    }
}
