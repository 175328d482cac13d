import TandemCore
import TandemRows

/// A table on its way to become another: made beside it, filled, given its key, and dropped again if that fails.
struct StagingTable: Sendable {
    let table: TargetTable
    let name: TableName
    /// Whether it was loaded in sections, and stays until it is published or not wanted any more.
    var isKept = false

    static let prefix = "_tandem_load_"

    var quoted: String { SQL.name(name) }

    /// Makes an empty one, in the schema of its target: what an administrator has granted by default there, and where
    /// its tables lie, holds from the start.
    static func make(for table: TargetTable, ticket: Int64, in session: Session) throws -> StagingTable {
        try table.checkNames(session.endpoint)
        return try session.writing {
            let target = table.target
            let base = SQL.shortened(prefix, target.table)
            // Another sync may load a table of the same name just now.
            let candidates = [base] + (2...99).map { SQL.shortened(prefix, target.table, "_\($0)") }
            let names = candidates.map { TableName(schema: target.schema, table: $0) }
            let known = try Relations(names + [target], in: session)
            if let problem = known.problem(of: target) {
                throw PostgresError.destination(session.endpoint, problem)
            }
            if let old = known[target], old.kind == "r",
                let column = try UserColumns(of: [old.oid], in: session).clash(of: table.columnNames, in: old.oid)
            {
                throw PostgresError.destination(session.endpoint, .userColumn(target, column: column))
            }
            guard let name = names.first(where: { known[$0] == nil }) else {
                throw PostgresError.destination(session.endpoint, .inTheWay(names[0], kind: "a table"))
            }
            try session.makeSchema(target.schema)
            try session.execute(
                """
                CREATE TABLE \(SQL.name(name)) (\(table.loadedDefinition));
                COMMENT ON TABLE \(SQL.name(name)) IS \(SQL.literal(Metadata.mark));
                \(Metadata.noting(NotedLoad(ticket: ticket, name: name)))
                """
            )
            return StagingTable(table: table, name: name)
        }
    }

    /// Gives the rows that were copied in their types and their key, and the planner its statistics.
    ///
    /// - Parameter spansSnapshots: Whether rows may have been loaded twice: the later one stays.
    /// - Throws: ``Uncastable``; ``PostgresError``.
    func finish(in session: Session, spansSnapshots: Bool = false) throws {
        let casts = table.casts
        try session.writing {
            if isKept, try hasKey(in: session) { return }
            if !casts.isEmpty {
                do {
                    try session.execute("ALTER TABLE \(quoted) \(casts.joined(separator: ", "))")
                } catch let error as PostgresError where error.isDataException {
                    throw Uncastable()
                }
            }
            if spansSnapshots { try removeEarlier(in: session) }
            try addKey(in: session)
            try session.execute("ANALYZE \(quoted)")
        }
    }

    /// The server cannot read the text of some column as the type it has at the source.
    struct Uncastable: Error {}

    /// Whether it was finished before: its key comes last, together with all else.
    private func hasKey(in session: Session) throws -> Bool {
        let question = """
            SELECT true FROM pg_catalog.pg_constraint c WHERE c.conrelid = $1::pg_catalog.regclass AND c.contype = 'p'
            """
        return try session.query(question, [quoted]).value != nil
    }

    private func removeEarlier(in session: Session) throws {
        try session.execute(
            """
            DELETE FROM \(quoted) AS kept USING (
              SELECT ctid AS place, pg_catalog.row_number() OVER (PARTITION BY \(table.keyList) ORDER BY ctid DESC) AS number
              FROM \(quoted)
            ) AS twice WHERE twice.number > 1 AND kept.ctid = twice.place
            """
        )
    }

    private func addKey(in session: Session) throws {
        guard !table.schema.identity.isEmpty else { return }
        do {
            try session.execute("ALTER TABLE \(quoted) ADD PRIMARY KEY (\(table.keyList))")
        } catch let error as PostgresError {
            // Nulls, equal keys, and types without an order or too long for an index.
            guard let state = error.sqlState, ["23502", "23505", "42704", "54000"].contains(state) else { throw error }
            let columns = table.schema.identity.map { table.schema.columns[$0].name }
            throw PostgresError.destination(
                session.endpoint,
                .keyRefused(table.target, columns: columns, reason: error.serverMessage ?? "")
            )
        }
    }

    func drop(in session: Session) throws {
        try session.writing {
            try session.execute("DROP TABLE IF EXISTS \(quoted)")
            for statement in Metadata.forgetting(loads: [name]) { try session.execute(statement) }
        }
    }
}

extension PostgresError {
    /// A value was refused for what it is, or the server cannot read its type at all.
    var isDataException: Bool {
        guard let state = sqlState else { return false }
        return state.hasPrefix("22") || ["0A000", "42846"].contains(state)
    }

    /// The server's own words.
    var serverMessage: String? {
        switch self {
        case .server(_, _, _, let message), .insufficientPrivilege(_, let message), .lockTimeout(_, let message),
            .missingInFunction(_, _, let message):
            message
        default: nil
        }
    }
}
