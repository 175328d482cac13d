import CDuckDB
import TandemCore
import TandemRows

/// A user's own query, answered in text.
struct Question {
    let sql: String
    let session: Session

    /// Hands the answer to `take` in parts, the first also where there are no rows, for as long as it wants more.
    ///
    /// - Throws: If it is not one statement that only reads.
    func answer(_ take: (QueryResult) throws -> Bool) throws {
        try findTablesOfAllSchemas()
        let statement = try Statement(sql, in: session, to: "run the query")
        let names = statement.columnNames
        switch statement.type {
        case DUCKDB_STATEMENT_TYPE_SELECT: try answerSelect(names, take)
        case DUCKDB_STATEMENT_TYPE_EXPLAIN:
            let empty = QueryResult(columns: names, types: names.map { _ in "VARCHAR" }, rows: [])
            try hand(statement.stream(), as: empty, to: take)
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
        let path = (["main"] + schemas.compactMap { $0[0] }).map { session.quoted(schema: $0) }.joined(separator: ",")
        try session.run("SET search_path = \(SQL.literal(path))", to: "look for schemas")
    }

    /// DuckDB itself turns the values into text, so that each type looks as its users know it.
    private func answerSelect(_ names: [String], _ take: (QueryResult) throws -> Bool) throws {
        let query = "query(\(SQL.literal(sql)))"
        let types = try session.texts("SELECT column_type FROM (DESCRIBE FROM \(query))", to: "read the query's types")
        let aliases = types.indices.map { "c\($0)" }
        let select = "SELECT " + aliases.map { "\($0)::VARCHAR" }.joined(separator: ", ")
        let results = try Statement(
            "\(select) FROM \(query) AS answer(\(aliases.joined(separator: ", ")))",
            in: session,
            to: "run the query"
        ).stream()
        try hand(results, as: QueryResult(columns: names, types: types.map { Self.name($0[0]) }, rows: []), to: take)
    }

    /// The type of a bare NULL is listed as an identifier.
    private static func name(_ type: String??) -> String { type.flatMap { $0 == "\"NULL\"" ? "NULL" : $0 } ?? "" }

    private func hand(
        _ results: ResultStream,
        as empty: QueryResult,
        to take: (QueryResult) throws -> Bool
    ) throws {
        var isFirst = true
        while let chunk = try results.next() {
            try Task.checkCancellation()
            let columns = (0..<results.columnCount).map { chunk.column($0, as: .text) }
            var part = empty
            part.rows = (0..<chunk.rowCount).map { row in columns.map { $0.text(row, as: .text) } }
            isFirst = false
            guard try take(part) else { return }
        }
        if isFirst { _ = try take(empty) }
    }
}
