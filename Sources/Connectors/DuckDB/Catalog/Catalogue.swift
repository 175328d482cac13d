import TandemRows

/// What tables and views there are in the file.
struct Catalogue {
    /// The comment by which a table is known to be Tandem's own, to be replaced without asking.
    static let mark = "copied by tandem"

    private let session: Session

    init(_ session: Session) { self.session = session }

    enum Kind { case ours, foreign, view }

    /// What has the name `name`, in any case of its letters.
    func kind(of name: TableName) throws -> Kind? {
        let rows = try session.texts(
            """
            SELECT 'table', comment FROM duckdb_tables()
            WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2")) AND \(SQL.areSame("table_name", "$3"))
            UNION ALL
            SELECT 'view', NULL FROM duckdb_views()
            WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2")) AND \(SQL.areSame("view_name", "$3"))
            """,
            [.text(session.catalog), .text(name.schema), .text(name.table)],
            to: "look for \(name)"
        )
        guard let row = rows.first else { return nil }
        return row[0] == "view" ? .view : row[1]?.hasPrefix(Self.mark) == true ? .ours : .foreign
    }

    /// Whether there is neither table nor view in `schema`.
    func isEmpty(schema: String) throws -> Bool {
        try session.texts(
            """
            SELECT table_name FROM duckdb_tables() WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2"))
            UNION ALL
            SELECT view_name FROM duckdb_views() WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2"))
            """,
            [.text(session.catalog), .text(schema)],
            to: "look into schema \(schema)"
        ).isEmpty
    }

    /// The columns of table `name` and their types, or `nil` if there is no such table.
    func columns(of name: TableName) throws -> [(name: String, type: String)]? {
        guard let kind = try kind(of: name), kind != .view else { return nil }
        return try session.texts(
            """
            SELECT column_name, data_type FROM duckdb_columns()
            WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2")) AND \(SQL.areSame("table_name", "$3"))
            ORDER BY column_index
            """,
            [.text(session.catalog), .text(name.schema), .text(name.table)],
            to: "look at \(name)"
        ).map { ($0[0] ?? "", $0[1] ?? "") }
    }
}
