import CDuckDB
import TandemCore
import TandemRows

/// A user's own query, answered in text.
struct Question {
    let sql: String
    let session: Session

    /// - Throws: If it is not one statement that only reads.
    func answer() throws -> QueryResult {
        try findTablesOfAllSchemas()
        let statement = try Statement(sql, in: session, to: "run the query")
        let names = statement.columnNames
        switch statement.type {
        case DUCKDB_STATEMENT_TYPE_SELECT: return try answerSelect(names)
        case DUCKDB_STATEMENT_TYPE_EXPLAIN:
            return QueryResult(
                columns: names,
                types: names.map { _ in "VARCHAR" },
                rows: try rows(of: statement.stream())
            )
        default: throw DuckDBError.notReadOnly
        }
    }

    /// `FROM orders` finds `public.orders`: names without a schema are looked for in `main`, then in
    /// the others but Tandem's own.
    private func findTablesOfAllSchemas() throws {
        let schemas = try session.texts(
            """
            SELECT schema_name FROM duckdb_schemas()
            WHERE database_name = $1 AND NOT internal AND schema_name NOT IN ('main', '\(Metadata.schema)')
            """,
            [.text(session.catalog)],
            to: "look for schemas"
        )
        let path = (["main"] + schemas.compactMap { $0[0] }).map { SQL.identifier($0) }.joined(separator: ",")
        try session.run("SET search_path = \(SQL.literal(path))", to: "look for schemas")
    }

    /// DuckDB itself turns the values into text, so that each type looks as its users know it.
    private func answerSelect(_ names: [String]) throws -> QueryResult {
        let query = "query(\(SQL.literal(sql)))"
        let types = try session.texts("SELECT column_type FROM (DESCRIBE FROM \(query))", to: "read the query's types")
        let aliases = types.indices.map { "c\($0)" }
        let select = "SELECT " + aliases.map { "\($0)::VARCHAR" }.joined(separator: ", ")
        let results = try Statement(
            "\(select) FROM \(query) AS answer(\(aliases.joined(separator: ", ")))",
            in: session,
            to: "run the query"
        ).stream()
        return QueryResult(columns: names, types: types.map { $0[0] ?? "" }, rows: try rows(of: results))
    }

    private func rows(of results: ResultStream) throws -> [[String?]] {
        var rows: [[String?]] = []
        while let chunk = try results.next() {
            try Task.checkCancellation()
            let columns = (0..<results.columnCount).map { chunk.column($0, as: .text) }
            for row in 0..<chunk.rowCount { rows.append(columns.map { $0.text(row, as: .text) }) }
        }
        return rows
    }
}
