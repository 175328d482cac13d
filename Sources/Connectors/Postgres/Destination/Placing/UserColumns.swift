import TandemRows

/// Columns that users have added to copies: what neither came from the source nor was added by this program.
struct UserColumns: Sendable {
    private var names: [UInt32: [String]] = [:]

    /// - Parameter tables: Tables of ours, by OID. Of one that nothing is known of, all columns count as ours.
    init(of tables: [UInt32], in session: Session) throws {
        guard !tables.isEmpty, try Metadata(session).exists() else { return }
        let question = """
            SELECT c.oid, a.attname
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              JOIN \(Metadata.table("tables")) t ON t.schema_name = n.nspname AND t.table_name = c.relname
              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.oid = ANY ($1::pg_catalog.oid[])
              AND NOT EXISTS (
                SELECT FROM pg_catalog.json_array_elements(t.document -> 'shape' -> 'columns') AS s(known)
                WHERE s.known ->> 'name' = a.attname)
              AND NOT EXISTS (
                SELECT FROM (VALUES (t.document -> 'own_columns'), (t.document -> 'kept_columns')) AS l(list),
                  pg_catalog.json_array_elements_text(
                    CASE pg_catalog.json_typeof(l.list) WHEN 'array' THEN l.list ELSE '[]' END) AS s(known)
                WHERE s.known = a.attname)
            ORDER BY c.oid, a.attnum
            """
        for row in try session.query(question, [SQL.array(tables.map(String.init))]).rows {
            guard let table = row[0].flatMap({ UInt32($0) }), let name = row[1] else {
                throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
            }
            names[table, default: []].append(name)
        }
    }

    func of(_ table: UInt32) -> [String] { names[table] ?? [] }

    /// The first of `columns` whose name a user's column of `table` has.
    func clash(of columns: [String], in table: UInt32) -> String? {
        let taken = Set(of(table))
        return taken.isEmpty ? nil : columns.first(where: taken.contains)
    }
}
