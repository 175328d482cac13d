import TandemCore
import TandemRows

/// What tables and views there are in the file.
struct WarehouseCatalog {
    /// The comment by which a table is known to be Tandem's own, to be replaced without asking. Users may give it
    /// another: ``constraint`` stays.
    static let mark = "copied by tandem"

    /// What a definition of ours ends with: always true, and on the table itself, where neither a comment nor a rename
    /// nor a new start of DuckDB changes it.
    static let constraint = "CHECK (\(SQL.literal(mark)) <> '')"

    /// The condition that a row of `duckdb_tables()` is a table of ours.
    static let isOurs = """
        (coalesce(starts_with(comment, \(SQL.literal(mark))), false)
          OR check_constraint_count > 0 AND contains(replace(sql, '(', ''), \(SQL.literal("CHECK" + SQL.literal(mark)))))
        """

    private let session: Session

    init(_ session: Session) { self.session = session }

    enum Kind: String { case ours, foreign, view }

    /// What has the name `name`, in any case of its letters.
    func kind(of name: TableName) throws -> Kind? {
        let rows = try session.texts(
            """
            SELECT CASE WHEN \(Self.isOurs) THEN 'ours' ELSE 'foreign' END FROM duckdb_tables()
            WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2")) AND \(SQL.areSame("table_name", "$3"))
            UNION ALL
            SELECT 'view' FROM duckdb_views()
            WHERE database_name = $1 AND \(SQL.areSame("schema_name", "$2")) AND \(SQL.areSame("view_name", "$3"))
            """,
            [.text(session.catalog), .text(name.schema), .text(name.table)],
            to: "look for \(name)"
        )
        guard let row = rows.first else { return nil }
        return row[0].flatMap(Kind.init(rawValue:))
    }

    /// Those of `tables` that are not ours: somebody has put them in the place of a copy.
    func foreign(among tables: Set<TableName>) throws -> Set<TableName> {
        let list = tables.map { SQL.literal(SQL.foldedText($0)) }.joined(separator: ", ")
        let rows = try session.texts(
            """
            SELECT schema_name, table_name FROM duckdb_tables()
            WHERE database_name = $1 AND \(SQL.folded("schema_name", "table_name")) IN (\(list)) AND NOT \(Self.isOurs)
            """,
            [.text(session.catalog)],
            to: "look at its tables"
        )
        return Set(rows.map { SQL.fold(TableName(schema: $0[0] ?? "", table: $0[1] ?? "")) })
    }

    func schemas() throws -> [String] {
        try session.texts(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = $1",
            [.text(session.catalog)],
            to: "list its schemas"
        ).map { $0[0] ?? "" }
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

    typealias Column = (name: String, type: String)

    /// The columns of those of `tables` that there are, by ``SQL/fold(_:)``. Each question of this kind looks through
    /// all tables of the file, so that it is asked of many at once.
    func columns(of tables: [TableName]) throws -> [TableName: [Column]] {
        let list = Set(tables.map(SQL.fold)).map { SQL.literal(SQL.foldedText($0)) }.joined(separator: ", ")
        let rows = try session.texts(
            """
            SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()
            WHERE database_name = $1 AND \(SQL.folded("schema_name", "table_name")) IN (\(list)) AND table_oid IN (
                SELECT table_oid FROM duckdb_tables() WHERE database_name = $1)
            ORDER BY column_index
            """,
            [.text(session.catalog)],
            to: "look at its tables"
        )
        return Dictionary(grouping: rows) { SQL.fold(TableName(schema: $0[0] ?? "", table: $0[1] ?? "")) }
            .mapValues { $0.map { ($0[2] ?? "", $0[3] ?? "") } }
    }

    /// The columns of table `name` and their types, or `nil` if there is no such table.
    func columns(of name: TableName) throws -> [Column]? {
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

    /// Makes sure that table `name` has the columns of `schema`, for a user may have altered it since it was copied.
    ///
    /// - Throws: ``DuckDBError``. A type that is not the expected one would be misread.
    func expect(_ schema: TableSchema, of name: TableName) throws {
        try Self.expect(schema, of: name, among: columns(of: name))
    }

    /// - Parameter present: The columns that it has; `nil` where there is no such table.
    static func expect(_ schema: TableSchema, of name: TableName, among present: [Column]?) throws {
        guard let present else { throw DuckDBError.noTable(name) }
        let types = Dictionary(present.map { (SQL.folding.fold($0.name), $0.type) }) { first, _ in first }
        let missing = schema.columns.map(\.name).filter { types[SQL.folding.fold($0)] == nil }
        guard missing.isEmpty else { throw DuckDBError.noColumns(name, names: missing) }
        for column in schema.columns {
            guard let type = types[SQL.folding.fold(column.name)], type != column.type.listedSQL else { continue }
            throw DuckDBError.otherType(name, column: column.name, has: type, expected: column.type.listedSQL)
        }
    }
}
