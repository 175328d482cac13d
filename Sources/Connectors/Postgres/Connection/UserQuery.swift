import TandemCore

/// A user's own statement, answered in text.
struct UserQuery {
    private let sql: String

    init(_ sql: String) { self.sql = sql }

    /// Runs it in a read-only transaction with the user's own `search_path` and row-level security, and hands the
    /// answer to `take` in parts, the first also where there are no rows, for as long as it wants more.
    func answer(over session: Session, _ take: (QueryResult) throws -> Bool) throws {
        try session.transaction {
            let security = session.capabilities.hasRowSecurity ? "; SET LOCAL row_security TO DEFAULT" : ""
            try session.execute("SET LOCAL search_path TO DEFAULT" + security)
            // Before the rows, because nothing else can be asked while they come.
            let shape = try session.describe(sql)
            let types = try Self.typeNames(of: shape, session)
            try session.stream(sql) { part in
                try take(QueryResult(columns: part.columns, types: types, rows: part.rows))
            }
        }
    }

    private static func typeNames(of answer: QueryRows, _ session: Session) throws -> [String] {
        guard !answer.types.isEmpty else { return [] }
        let types = "{" + answer.types.map(String.init).joined(separator: ",") + "}"
        let modifiers = "{" + answer.modifiers.map(String.init).joined(separator: ",") + "}"
        let question = """
            SELECT pg_catalog.format_type(t, m)
            FROM unnest($1::pg_catalog.oid[], $2::pg_catalog.int4[]) WITH ORDINALITY AS c(t, m, number) ORDER BY number
            """
        return try session.query(question, [types, modifiers]).rows.map { ($0.first ?? nil) ?? "" }
    }
}
