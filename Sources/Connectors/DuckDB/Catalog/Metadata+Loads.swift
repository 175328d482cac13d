import TandemCore
import TandemRows

extension Metadata {
    func loads() throws -> [TableName] {
        try session.texts(
            "SELECT schema_name, table_name FROM \(table("loads")) WHERE table_name <> ''",
            to: "look for leftovers"
        )
        .map { TableName(schema: $0[0] ?? "", table: $0[1] ?? "") }
    }

    func rememberLoads(_ names: [TableName]) throws {
        guard !names.isEmpty else { return }
        let values = names.map { "(\(SQL.literal($0.schema)), \(SQL.literal($0.table)))" }.joined(separator: ", ")
        try session.run(
            "INSERT INTO \(table("loads")) (schema_name, table_name) VALUES \(values)",
            to: "note a load"
        )
    }

    /// What has been loaded in sections and is not whole, or not published.
    func keptLoads() throws -> [Warehouse.KeptLoad] {
        guard try storedVersion() != nil else { return [] }
        let rows = try session.texts(
            "SELECT schema_name, table_name, note FROM \(table("loads")) WHERE note IS NOT NULL",
            to: "look for what was loaded in part"
        )
        return rows.compactMap { row in
            guard let load = row[2].flatMap(SectionedLoad.init(text:)) else { return nil }
            return Warehouse.KeptLoad(
                name: TableName(schema: row[0] ?? "", table: row[1] ?? ""),
                load: load
            )
        }
    }

    /// Stores how far the load at `name` has come.
    func note(_ load: SectionedLoad, of name: TableName) throws {
        try session.run(
            "UPDATE \(table("loads")) SET note = $1 WHERE schema_name = $2 AND table_name = $3",
            [.text(try load.text), .text(name.schema), .text(name.table)],
            to: "note a section of \(load.target)"
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

    func rememberMade(schema: String) throws { try rememberLoads([TableName(schema: schema, table: "")]) }

    func forgetMade(schemas: [String]) throws {
        try forgetLoads(schemas.map { TableName(schema: $0, table: "") })
    }
}
