import TandemRows

extension Metadata {
    func loads() throws -> [TableName] {
        try session.texts(
            "SELECT schema_name, table_name FROM \(table("loads")) WHERE table_name <> ''",
            to: "look for leftovers"
        )
        .map { TableName(schema: $0[0] ?? "", table: $0[1] ?? "") }
    }

    func rememberLoad(_ name: TableName) throws {
        try session.run(
            "INSERT INTO \(table("loads")) VALUES ($1, $2)",
            [.text(name.schema), .text(name.table)],
            to: "note a load"
        )
    }

    func forgetLoads(_ names: [TableName]) throws {
        guard !names.isEmpty else { return }
        let list = names.map { "(\(SQL.literal($0.schema)), \(SQL.literal($0.table)))" }.joined(separator: ", ")
        try session.run(
            "DELETE FROM \(table("loads")) WHERE (schema_name, table_name) IN (\(list))",
            to: "forget loads"
        )
    }

    /// The schemas that were made for a load, and into which nothing has been published yet.
    func madeSchemas() throws -> [String] {
        try session.texts("SELECT schema_name FROM \(table("loads")) WHERE table_name = ''", to: "look for leftovers")
            .map { $0[0] ?? "" }
    }

    func rememberMade(schema: String) throws { try rememberLoad(TableName(schema: schema, table: "")) }

    func forgetMade(schemas: Set<String>) throws {
        try forgetLoads(schemas.sorted().map { TableName(schema: $0, table: "") })
    }
}
