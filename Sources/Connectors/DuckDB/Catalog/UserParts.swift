import TandemCore
import TandemRows

/// What users have made at copies, which those that take their places are to have too: columns, comments, indexes.
struct UserParts {
    /// A column that neither came from the source nor was added by this program.
    struct Column {
        var name: String
        var type: String
        var standard: String?
    }

    struct Index {
        var name: String
        /// The statement that makes it, which names its schema and not its file.
        var sql: String
        var comment: String?
    }

    /// What users have made at one table.
    struct Parts {
        /// As it was copied: its own number is that of its table at the source.
        var schema: TableSchema
        var columns: [Column] = []
        var comment: String?
        /// By the names of columns.
        var columnComments: [(column: String, text: String)] = []
        var indexes: [Index] = []
    }

    private var known: [TableName: Parts] = [:]

    init() {}

    /// Those of all tables that are remembered, of whatever sync and of those that were forgotten.
    init(in session: Session) throws {
        var ours: [TableName: Set<String>] = [:]
        for copy in try Metadata(session).allCopies() {
            let name = SQL.fold(copy.target)
            ours[name] = Set((copy.columnNames + [SQL.noColumns]).map(SQL.folding.fold))
            known[name] = Parts(schema: copy.schema)
        }
        try readColumns(ours, in: session)
        try readIndexes(in: session)
        let comments = try session.texts(
            "SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE database_name = $1",
            [.text(session.catalog)],
            to: "look at its tables"
        )
        for row in comments { known[Self.name(row)]?.comment = row[2] }
    }

    private static func name(_ row: [String?]) -> TableName {
        SQL.fold(TableName(schema: row[0] ?? "", table: row[1] ?? ""))
    }

    private mutating func readColumns(_ ours: [TableName: Set<String>], in session: Session) throws {
        let columns = try session.texts(
            """
            SELECT schema_name, table_name, column_name, data_type, column_default, comment FROM duckdb_columns()
            WHERE database_name = $1 AND NOT internal ORDER BY table_oid, column_index
            """,
            [.text(session.catalog)],
            to: "look at its columns"
        )
        for row in columns {
            let table = Self.name(row)
            guard let ours = ours[table], let column = row[2] else { continue }
            if !ours.contains(SQL.folding.fold(column)) {
                known[table]?.columns.append(Column(name: column, type: row[3] ?? "", standard: row[4]))
            }
            if let text = row[5] { known[table]?.columnComments.append((column, text)) }
        }
    }

    private mutating func readIndexes(in session: Session) throws {
        let indexes = try session.texts(
            """
            SELECT schema_name, table_name, index_name, sql, comment FROM duckdb_indexes()
            WHERE database_name = $1 AND sql IS NOT NULL
            """,
            [.text(session.catalog)],
            to: "look at its indexes"
        )
        for row in indexes {
            known[Self.name(row)]?.indexes.append(Index(name: row[2] ?? "", sql: row[3] ?? "", comment: row[4]))
        }
    }

    subscript(table: TableName) -> Parts? { known[SQL.fold(table)] }

    /// A user's column of `table` that has one of these names.
    func clash(of columns: [String], in table: TableName) -> String? {
        guard let own = self[table]?.columns, !own.isEmpty else { return nil }
        let wanted = Set(columns.map(SQL.folding.fold))
        return own.first { wanted.contains(SQL.folding.fold($0.name)) }?.name
    }
}

extension UserParts.Index {
    /// The statement that makes it on a table of whatever name, which is quoted.
    func statement(on table: String) -> String {
        let start = sql.hasPrefix("CREATE UNIQUE INDEX ") ? "CREATE UNIQUE INDEX " : "CREATE INDEX "
        guard sql.hasPrefix(start) else { return sql }
        var rest = sql.dropFirst(start.count)
        let index = Self.takeName(&rest)
        guard rest.hasPrefix(" ON ") else { return sql }
        rest = rest.dropFirst(4)
        _ = Self.takeName(&rest)
        while rest.first == "." {
            rest = rest.dropFirst()
            _ = Self.takeName(&rest)
        }
        return "\(start)\(index) ON \(table)\(rest)"
    }

    /// Takes a name, in quotes or without.
    private static func takeName(_ text: inout Substring) -> Substring {
        let whole = text
        guard text.first == "\"" else {
            text = text.drop { !" .(".contains($0) }
            return whole[..<text.startIndex]
        }
        repeat {
            text = text.dropFirst().drop { $0 != "\"" }.dropFirst()
        } while text.first == "\""
        return whole[..<text.startIndex]
    }
}
