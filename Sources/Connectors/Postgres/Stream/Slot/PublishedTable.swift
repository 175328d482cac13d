import TandemCore
import TandemRows

/// A table that a stream is to bring, as far as publishing it goes.
struct PublishedTable: Hashable, Sendable {
    var id: UInt32
    var name: TableName
    var kind: CatalogTable.Kind
    /// Whether the log tells which of its rows, and of its partitions' rows, are updated or deleted. Where it does not,
    /// publishing updates would make the application's own fail.
    var isIdentified: Bool
    /// Whether this user may add it to a publication.
    var isOwned: Bool

    /// One row for each table of `$1`, and its partitions taken together.
    static let question = """
        WITH RECURSIVE tree(root, relation) AS (
          SELECT c.oid, c.oid FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[])
          UNION ALL
          SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
            JOIN pg_catalog.pg_class c ON c.oid = t.relation AND c.relkind = 'p'
        )
        SELECT t.root, bool_and(CASE c.relreplident WHEN 'f' THEN true
            WHEN 'd' THEN EXISTS (SELECT FROM pg_catalog.pg_index x
              WHERE x.indrelid = c.oid AND x.indisprimary AND x.indisvalid AND x.indimmediate)
            WHEN 'i' THEN EXISTS (SELECT FROM pg_catalog.pg_index x
              WHERE x.indrelid = c.oid AND x.indisreplident AND x.indisvalid AND x.indimmediate)
            ELSE false END),
          bool_and(t.root <> c.oid OR pg_catalog.pg_has_role(c.relowner, 'USAGE'))
        FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.relation GROUP BY t.root
        """

    /// Those of `tables` that are still there.
    static func all(_ tables: [CatalogTable], _ session: Session) throws -> [PublishedTable] {
        let ids = "{" + tables.map { String($0.schema.oid) }.joined(separator: ",") + "}"
        let known = Dictionary(tables.map { ($0.schema.oid, $0) }) { first, _ in first }
        do {
            return try session.query(question, [ids]).rows.compactMap { cells in
                var row = ResultRow(cells)
                let id: UInt32 = try row.number()
                guard let table = known[id] else { return nil }
                return PublishedTable(
                    id: id,
                    name: table.schema.name,
                    kind: table.kind,
                    isIdentified: try row.flag(),
                    isOwned: try row.flag()
                )
            }.sorted { $0.name < $1.name }
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
        }
    }
}
