import TandemRows

/// The names of primary keys, which were given while their tables had other names.
struct KeyNames: Sendable {
    private var current: [TableName: String] = [:]
    private var taken: Set<TableName> = []

    /// - Parameter dropped: Tables whose own indexes stand in nobody's way.
    init(of loads: [StagingTable], dropping dropped: [UInt32], in session: Session) throws {
        let keyed = loads.filter { !$0.table.schema.identity.isEmpty }
        guard !keyed.isEmpty else { return }
        let question = """
            SELECT n.nspname, c.relname, k.conname
            FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS w(schema_name, table_name)
              JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema_name
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.table_name
              JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
            """
        let names = keyed.map(\.name)
        for row in try session.query(question, [SQL.array(names.map(\.schema)), SQL.array(names.map(\.table))]).rows {
            current[TableName(schema: row[0] ?? "", table: row[1] ?? "")] = row[2]
        }
        let wanted = keyed.map { Self.name(for: $0.table.target) }
        let occupied = """
            SELECT n.nspname, c.relname
            FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS w(schema_name, index_name)
              JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema_name
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.index_name
              LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
            WHERE i.indrelid IS NULL OR i.indrelid <> ALL ($3::pg_catalog.oid[])
            """
        let parameters = [
            SQL.array(wanted.map(\.schema)), SQL.array(wanted.map(\.table)),
            "{" + dropped.map(String.init).joined(separator: ",") + "}",
        ]
        for row in try session.query(occupied, parameters).rows {
            taken.insert(TableName(schema: row[0] ?? "", table: row[1] ?? ""))
        }
        taken.formUnion(loads.map(\.table.target))
    }

    /// Gives keys of ours other names where they have those of tables that are to come. Inside a transaction.
    static func giveWay(to names: [TableName], _ relations: inout Relations, in session: Session) throws {
        for name in names {
            guard let key = relations[name], let table = key.keyed, key.isOurs else { continue }
            let candidates = (2...99).map { number in
                TableName(schema: name.schema, table: SQL.shortened("", table.table, "_pkey_\(number)"))
            }
            let known = try Relations(candidates, in: session)
            guard let free = candidates.first(where: { known[$0] == nil && !names.contains($0) }) else { continue }
            try PostgresError.about(name) {
                try session.execute(
                    """
                    ALTER TABLE \(SQL.name(table)) RENAME CONSTRAINT \(SQL.identifier(name.table)) \
                    TO \(SQL.identifier(free.table))
                    """
                )
            }
            relations.free(name)
        }
    }

    /// As Postgres itself would call it.
    private static func name(for target: TableName) -> TableName {
        TableName(schema: target.schema, table: SQL.shortened("", target.table, "_pkey"))
    }

    /// What gives the key of `load` the name that fits its target, where that is free.
    func renaming(_ load: StagingTable) -> [String] {
        let wanted = Self.name(for: load.table.target)
        guard let now = current[load.name], !now.isExactly(wanted.table), !taken.contains(wanted) else { return [] }
        return [
            "ALTER TABLE \(load.quoted) RENAME CONSTRAINT \(SQL.identifier(now)) TO \(SQL.identifier(wanted.table))"
        ]
    }
}
