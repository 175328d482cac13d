import TandemCore
import TandemRows

extension Metadata {
    /// The statements that store `copies` in place of what was known of the same targets and of `retired`.
    ///
    /// - Parameter relations: Which tables the copies are, by OID; of one that is not given, what was known of it
    ///   stays.
    static func remembering(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        as relations: [TableName: UInt32] = [:]
    ) throws -> [String] {
        var statements: [String] = []
        if !retired.isEmpty {
            let list = retired.map { "(\(SQL.literal($0.schema)), \(SQL.literal($0.table)))" }.joined(separator: ", ")
            statements.append("DELETE FROM \(table("tables")) WHERE (schema_name, table_name) IN (\(list))")
        }
        guard !copies.isEmpty else { return statements }
        let rows = try copies.map { copy in
            let texts = [sync, copy.target.schema, copy.target.table, try copy.document].map(SQL.literal)
            return
                "(\(texts.joined(separator: ", ")), \(copy.rows), \(relations[copy.target].map(String.init) ?? "NULL"))"
        }
        statements.append(
            """
            INSERT INTO \(table("tables")) AS t (sync, schema_name, table_name, document, row_count, relation)
            VALUES \(rows.joined(separator: ", "))
            ON CONFLICT (schema_name, table_name) DO UPDATE SET sync = EXCLUDED.sync, document = EXCLUDED.document,
              row_count = EXCLUDED.row_count, relation = \(relation), copied_at = EXCLUDED.copied_at
            """
        )
        return statements
    }

    /// Of a copy that was restored from a dump its comment alone tells.
    private static let relation = """
        coalesce(EXCLUDED.relation, (
          SELECT c.oid::pg_catalog.int8 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = t.schema_name AND c.relname = t.table_name
            AND pg_catalog.obj_description(c.oid, 'pg_class') LIKE '\(mark)%'), t.relation)
        """

    /// The statement that has what is known of `old` be known of `new`.
    static func moving(_ old: TableName, to new: TableName) -> String {
        """
        DELETE FROM \(table("tables")) WHERE schema_name = \(SQL.literal(new.schema)) AND table_name = \(SQL.literal(new.table));
        UPDATE \(table("tables")) SET schema_name = \(SQL.literal(new.schema)), table_name = \(SQL.literal(new.table))
        WHERE schema_name = \(SQL.literal(old.schema)) AND table_name = \(SQL.literal(old.table))
        """
    }

    /// What is known of `sync`, by target.
    func copies(of sync: String) throws -> [SyncedTable] {
        guard let version = try storedVersion() else { return [] }
        let question = """
            SELECT schema_name, table_name, row_count, \(version < Self.version ? Self.documentBefore : "document")
            FROM \(Self.table("tables")) WHERE sync = $1 ORDER BY schema_name, table_name
            """
        return try session.query(question, [sync]).rows.map { cells in
            do {
                var row = ResultRow(cells)
                let target = TableName(schema: try row.text(), table: try row.text())
                let rows: Int = try row.number()
                return try SyncedTable(document: try row.text(), target: target, rows: rows)
            } catch {
                throw PostgresError.malformed(session.endpoint, what: "a row of \(Self.schema).tables")
            }
        }
    }

    /// Which tables are remembered under these names, by OID, of whatever sync and of those that were forgotten.
    func relations(of names: [TableName]) throws -> [TableName: UInt32] {
        guard try exists() else { return [:] }
        let question = """
            SELECT t.schema_name, t.table_name, t.relation FROM \(Self.table("tables")) t
              JOIN unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS w(schema_name, table_name)
                ON w.schema_name = t.schema_name AND w.table_name = t.table_name
            """
        let rows = try session.query(question, [SQL.array(names.map(\.schema)), SQL.array(names.map(\.table))]).rows
        let pairs = rows.compactMap { row in
            row[2].flatMap { UInt32($0) }.map { (TableName(schema: row[0] ?? "", table: row[1] ?? ""), $0) }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// The sync that wrote each target.
    func owners() throws -> [TableName: String] {
        guard try exists() else { return [:] }
        let question = "SELECT schema_name, table_name, sync FROM \(Self.table("tables")) WHERE sync <> ''"
        let rows = try session.query(question).rows
        let owned = rows.map { (TableName(schema: $0[0] ?? "", table: $0[1] ?? ""), $0[2] ?? "") }
        return Dictionary(owned, uniquingKeysWith: { first, _ in first })
    }

    /// Forgets `sync`, or some of its tables. Inside a transaction.
    ///
    /// - Parameter ticket: The number that this one's loads have, if any.
    func forget(_ sync: String, _ tables: [TableName]?, holding ticket: Int64?) throws {
        guard try exists() else { return }
        try dropKept(holding: ticket) { load in
            load.sync == sync && tables.map { $0.contains(load.target) } ?? true
        }
        var chosen = ["sync = \(SQL.literal(sync))"]
        if let tables {
            let list = tables.map { "(\(SQL.literal($0.schema)), \(SQL.literal($0.table)))" }.joined(separator: ", ")
            chosen.append(tables.isEmpty ? "false" : "(schema_name, table_name) IN (\(list))")
        } else {
            _ = try session.query("DELETE FROM \(Self.table("streams")) WHERE sync = $1", [sync])
        }
        let condition = chosen.joined(separator: " AND ")
        // That they are ours, and which of their columns, is known as long as the tables are there.
        try session.execute(
            """
            UPDATE \(Self.table("tables")) SET sync = '' WHERE \(condition);
            DELETE FROM \(Self.table("tables")) t WHERE t.sync = '' AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = t.schema_name AND c.relname = t.table_name)
            """
        )
    }
}
