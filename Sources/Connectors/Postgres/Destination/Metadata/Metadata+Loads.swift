import TandemRows

/// A table that is on its way, and who holds it: whoever has the advisory lock of that number.
struct NotedLoad {
    var ticket: Int64
    var name: TableName
}

extension Metadata {
    func loads() throws -> [NotedLoad] {
        try session.query("SELECT ticket, schema_name, table_name FROM \(Self.table("loads"))").rows.compactMap { row in
            guard let ticket = row[0].flatMap({ Int64($0) }), let schema = row[1], let table = row[2] else {
                return nil
            }
            return NotedLoad(ticket: ticket, name: TableName(schema: schema, table: table))
        }
    }

    static func noting(_ load: NotedLoad) -> String {
        """
        INSERT INTO \(table("loads")) (ticket, schema_name, table_name)
        VALUES (\(load.ticket), \(SQL.literal(load.name.schema)), \(SQL.literal(load.name.table)))
        """
    }

    static func forgetting(loads: [TableName]) -> [String] {
        guard !loads.isEmpty else { return [] }
        let list = loads.map { "(\(SQL.literal($0.schema)), \(SQL.literal($0.table)))" }.joined(separator: ", ")
        return ["DELETE FROM \(table("loads")) WHERE (schema_name, table_name) IN (\(list))"]
    }

    /// Drops what runs that were killed had loaded: nobody holds its number any more. Inside a transaction.
    func sweep() throws {
        for load in try loads() {
            let question = "SELECT pg_catalog.pg_try_advisory_xact_lock($1)"
            guard try session.query(question, [String(load.ticket)]).value == "t" else { continue }
            try session.execute("DROP TABLE IF EXISTS \(SQL.name(load.name))")
            for statement in Self.forgetting(loads: [load.name]) { try session.execute(statement) }
        }
    }
}
