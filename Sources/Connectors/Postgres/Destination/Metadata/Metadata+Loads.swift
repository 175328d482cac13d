import TandemCore
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

    /// Drops what runs that were killed had loaded, and nobody can go on with: nobody holds its number any more. Inside
    /// a transaction.
    func sweep() throws {
        let kept = try Set(keptLoads().map(\.noted.name))
        for load in try loads() where !kept.contains(load.name) {
            if try isFree(load.ticket) { try drop(load) }
        }
    }

    private func isFree(_ ticket: Int64) throws -> Bool {
        let question = "SELECT pg_catalog.pg_try_advisory_xact_lock($1)"
        return try session.query(question, [String(ticket)]).value == "t"
    }

    private func drop(_ load: NotedLoad) throws {
        try session.execute("DROP TABLE IF EXISTS \(SQL.name(load.name))")
        for statement in Self.forgetting(loads: [load.name]) { try session.execute(statement) }
    }
}

/// What has been loaded in sections and is not whole, or not published.
extension Metadata {
    struct KeptLoad {
        var noted: NotedLoad
        var load: SectionedLoad
        /// Whether its columns that travel as text are text here.
        var isText: Bool
    }

    /// All there are. Inside a transaction.
    func keptLoads() throws -> [KeptLoad] {
        guard try exists() else { return [] }
        let question = """
            SELECT ticket, schema_name, table_name, note, is_text FROM \(Self.table("loads")) WHERE note IS NOT NULL
            """
        return try session.query(question).rows.compactMap { row in
            guard let ticket = row[0].flatMap({ Int64($0) }), let schema = row[1], let table = row[2],
                let load = row[3].flatMap(SectionedLoad.init(text:))
            else { return nil }
            return KeptLoad(
                noted: NotedLoad(ticket: ticket, name: TableName(schema: schema, table: table)),
                load: load,
                isText: row[4] == "t"
            )
        }
    }

    /// Those that nobody else loads now.
    ///
    /// - Parameter ticket: The number that this one holds, if any.
    func freeLoads(holding ticket: Int64?) throws -> [KeptLoad] {
        try keptLoads().filter { try $0.noted.ticket == ticket || isFree($0.noted.ticket) }
    }

    /// Drops those that `isUnwanted` says, and nobody else loads.
    func dropKept(holding ticket: Int64?, _ isUnwanted: (SectionedLoad) -> Bool) throws {
        for kept in try freeLoads(holding: ticket) where isUnwanted(kept.load) { try drop(kept.noted) }
    }

    /// Stores how far the load at `name` has come.
    static func noting(_ load: SectionedLoad, at name: TableName, isText: Bool) throws -> String {
        """
        UPDATE \(table("loads")) SET note = \(SQL.literal(try load.text)), is_text = \(isText)
        WHERE schema_name = \(SQL.literal(name.schema)) AND table_name = \(SQL.literal(name.table))
        """
    }

    /// Says that whoever holds `ticket` is at the load at `name` now.
    static func taking(_ name: TableName, with ticket: Int64) -> String {
        """
        UPDATE \(table("loads")) SET ticket = \(ticket)
        WHERE schema_name = \(SQL.literal(name.schema)) AND table_name = \(SQL.literal(name.table))
        """
    }
}
