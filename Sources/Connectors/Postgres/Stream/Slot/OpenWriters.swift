/// Transactions that have written to tables and are open.
struct OpenWriters {
    let session: Session
    let notify: @Sendable (String) -> Void

    /// Waits for those that have written to `tables` by now: to their partitions too, and to what views read.
    ///
    /// - Parameter limit: How long at most; `nil` for as long as it takes.
    /// - Returns: The tables that some of them, which are still open, have written to.
    @discardableResult
    func wait(for tables: [UInt32], limit: Duration? = nil) throws -> Set<UInt32> {
        Set(try writers(of: tables, limit: limit).keys)
    }

    /// Waits as ``wait(for:limit:)`` does.
    ///
    /// - Returns: Those that are still open, told by the tables that they have written to.
    func writers(of tables: [UInt32], limit: Duration?) throws -> [UInt32: [String]] {
        guard !tables.isEmpty else { return [:] }
        let ids = "{" + tables.map(String.init).joined(separator: ",") + "}"
        var tablesByWriter: [String: Set<UInt32>] = [:]
        for row in try session.query(Self.writers, [ids]).rows {
            guard row.count == 2, let table = row[0].flatMap({ UInt32($0) }), let writer = row[1] else { continue }
            tablesByWriter[writer, default: []].insert(table)
        }
        guard !tablesByWriter.isEmpty else { return [:] }
        let list = "{" + tablesByWriter.keys.map { "\"\($0)\"" }.joined(separator: ",") + "}"
        let isDone = try Patience(session, notify).wait(
            for: "transactions that have written to tables which are to be copied",
            counting: "SELECT count(DISTINCT l.virtualtransaction) \(Self.held)",
            [list],
            naming: { try OpenTransactions(session: session).virtual(list) },
            limit: limit
        )
        guard !isDone else { return [:] }
        let open = try session.query("SELECT DISTINCT l.virtualtransaction \(Self.held)", [list]).rows
        var names: [UInt32: [String]] = [:]
        for writer in open.compactMap({ $0.first ?? nil }) {
            let told = try OpenTransactions(session: session).virtual("{\"\(writer)\"}")
            for table in tablesByWriter[writer] ?? [] { names[table, default: []] += told }
        }
        return names
    }

    private static let held =
        "FROM pg_catalog.pg_locks l WHERE l.virtualtransaction = ANY ($1::pg_catalog.text[])"

    private static let writers = """
        WITH RECURSIVE tree(root, relation) AS (
          SELECT r, r FROM unnest($1::pg_catalog.oid[]) AS r
          UNION
          SELECT t.root, below.relation FROM tree t JOIN LATERAL (
            SELECT i.inhrelid AS relation FROM pg_catalog.pg_inherits i WHERE i.inhparent = t.relation
            UNION ALL
            SELECT d.refobjid FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d
              ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            WHERE w.ev_class = t.relation
          ) AS below ON true
        )
        SELECT DISTINCT t.root, l.virtualtransaction FROM pg_catalog.pg_locks l JOIN tree t ON t.relation = l.relation
        WHERE l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
          AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
        """
}
