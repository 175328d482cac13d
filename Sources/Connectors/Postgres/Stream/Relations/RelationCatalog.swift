import TandemRows

/// Asks the catalog, through a session beside the stream, for what the stream does not say of its tables.
struct RelationCatalog {
    typealias Query = (_ sql: String, _ parameters: [String?]) throws -> QueryRows

    let version: Int
    private let query: Query
    private var types: TypeMap?
    /// Types of the users' own that the map was asked for.
    private var asked: Set<UInt32> = []

    /// - Parameters:
    ///   - version: As `server_version_num`.
    ///   - query: Runs a statement with its parameters, read-only.
    init(version: Int, query: @escaping Query) {
        self.version = version
        self.query = query
    }

    /// `nil` where there is no such table any more.
    func relation(_ table: UInt32) throws -> CatalogRelation? {
        let rows = try query(sql, [String(table)]).rows
        guard let first = rows.first else { return nil }
        return try CatalogRelation(first: first, rows: rows)
    }

    /// The number of the table that has this name now.
    func number(of schema: String, _ name: String) throws -> UInt32? {
        let sql = """
            SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
            """
        return try query(sql, [schema, name]).value.flatMap { UInt32($0) }
    }

    /// Which of `tables` have partitions.
    func partitioned(_ tables: some Collection<UInt32>) throws -> Set<UInt32> {
        let sql = """
            SELECT c.oid FROM pg_catalog.pg_class c
            WHERE c.relkind = 'p' AND c.oid = ANY ($1::pg_catalog.oid[])
            """
        let list = "{" + tables.map(String.init).joined(separator: ",") + "}"
        return try Set(query(sql, [list]).rows.compactMap { $0.first.flatMap(\.self).flatMap { UInt32($0) } })
    }

    /// What a table is called.
    struct Naming {
        var name: TableName
        /// The transaction that made the table or gave it this name: the last one to have written the type of its
        /// rows, which has the same name.
        var giver: UInt64
        /// Whether the log tells which of its rows are updated and deleted.
        var isTold: Bool
    }

    /// What tables are called now.
    func names(of tables: some Collection<UInt32>) throws -> [UInt32: Naming] {
        let sql = """
            SELECT c.oid, n.nspname, c.relname, t.xmin,
              pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()), c.relreplident = 'f' OR EXISTS (
                SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indimmediate AND i.indisvalid
                  AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)
              )
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_catalog.pg_type t ON t.oid = c.reltype
            WHERE c.oid = ANY ($1::pg_catalog.oid[])
            """
        let list = "{" + tables.map(String.init).joined(separator: ",") + "}"
        var names: [UInt32: Naming] = [:]
        for cells in try query(sql, [list]).rows {
            var row = ResultRow(cells)
            let number = try row.number(UInt32.self)
            names[number] = Naming(
                name: TableName(schema: try row.text(), table: try row.text()),
                giver: Self.full(try row.number(UInt32.self), before: try row.number(UInt64.self)),
                isTold: try row.flag()
            )
        }
        return names
    }

    /// `xid` with the epoch that makes it the last one of its number before `next`. It may be older than the 2^31
    /// transactions by which such numbers are compared.
    static func full(_ xid: UInt32, before next: UInt64) -> UInt64 {
        let age = UInt64(UInt32(truncatingIfNeeded: next) &- xid)
        return next < age ? 0 : next - age
    }

    /// The partitions of `table` that hold rows, at whatever depth.
    func leaves(of table: UInt32) throws -> Set<UInt32> {
        let sql = """
            WITH RECURSIVE tree(relation) AS (
              SELECT $1::pg_catalog.oid
              UNION ALL
              SELECT h.inhrelid FROM tree JOIN pg_catalog.pg_inherits h ON h.inhparent = tree.relation
            )
            SELECT c.oid FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.relation WHERE c.relkind <> 'p'
            """
        return try Set(query(sql, [String(table)]).rows.compactMap { $0.first.flatMap(\.self).flatMap { UInt32($0) } })
    }

    /// What the types with these numbers are called, as `format_type` writes them, in their order.
    func names(of types: [(type: UInt32, modifier: Int32)]) throws -> [String] {
        let sql = """
            SELECT pg_catalog.format_type(t, m)
            FROM ROWS FROM (
              pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int4[])
            ) WITH ORDINALITY AS u (t, m, i) ORDER BY i
            """
        let numbers = types.map { String($0.type) }.joined(separator: ",")
        let modifiers = types.map { String($0.modifier) }.joined(separator: ",")
        let names = try query(sql, ["{\(numbers)}", "{\(modifiers)}"]).rows.map { $0.first.flatMap(\.self) ?? "???" }
        guard names.count == types.count else { throw UnreadableCell() }
        return names
    }

    /// What is known of types, these among them.
    mutating func typeMap(for numbers: [UInt32]) throws -> TypeMap {
        // What is built in was there from the start.
        let own = numbers.filter { $0 >= 16_384 }
        if let types, asked.isSuperset(of: own) { return types }
        let map = try TypeMap(rows: query(CatalogQueries(version: version).types, []).rows)
        asked.formUnion(own)
        types = map
        return map
    }

    private var sql: String {
        let missing =
            version >= 110_000
            ? """
            CASE WHEN a.atthasmissing THEN pg_catalog.array_to_string(a.attmissingval, '')
                WHEN c.relkind = 'p' AND NOT a.attisdropped THEN (\(leafMissing)) END
            """ : "NULL"
        let identity = version >= 100_000 ? "a.attidentity <> ''" : "false"
        let generated = version >= 120_000 ? "a.attgenerated <> ''" : "false"
        let keyColumns = version >= 110_000 ? "i.indnkeyatts" : "i.indnatts"
        return """
            SELECT n.nspname, c.relname, c.relreplident, \(root),
              pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()),
              (SELECT string_agg(concat_ws(':', i.indisprimary, i.indisreplident, i.indimmediate, \(keyColumns), i.indkey),
                  ',' ORDER BY i.indexrelid)
                FROM pg_catalog.pg_index i
                WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL),
              a.attnum, a.attname, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod),
              \(CatalogQueries(version: version).isNotNull), a.attisdropped, a.xmin,
              a.atthasdef OR \(identity) OR t.typdefault IS NOT NULL, \(generated), \(missing),
              pg_catalog.has_table_privilege(c.oid, 'SELECT')
                OR NOT a.attisdropped AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
              LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE c.oid = $1::pg_catalog.oid AND c.relkind IN ('r', 'p')
            ORDER BY a.attnum
            """
    }

    /// What the partitions of `c` that were there hold in its column `a`: without rows of its own it says nothing.
    private var leafMissing: String {
        """
        WITH RECURSIVE tree(relation) AS (
          SELECT c.oid
          UNION ALL
          SELECT h.inhrelid FROM tree JOIN pg_catalog.pg_inherits h ON h.inhparent = tree.relation
        )
        SELECT CASE WHEN count(DISTINCT pg_catalog.array_to_string(l.attmissingval, '')) = 1
            THEN min(pg_catalog.array_to_string(l.attmissingval, '')) END
        FROM tree JOIN pg_catalog.pg_attribute l ON l.attrelid = tree.relation
        WHERE l.attname = a.attname AND l.atthasmissing
        """
    }

    /// The root of the tree of partitions that `c` belongs to, if it is one.
    private var root: String {
        guard version >= 100_000 else { return "NULL" }
        return """
            CASE WHEN c.relispartition THEN (
                WITH RECURSIVE up(relation) AS (
                  SELECT c.oid
                  UNION ALL
                  SELECT h.inhparent FROM up JOIN pg_catalog.pg_class p ON p.oid = up.relation AND p.relispartition
                    JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.relation
                )
                SELECT up.relation FROM up JOIN pg_catalog.pg_class p ON p.oid = up.relation
                WHERE NOT p.relispartition
              ) END
            """
    }
}
