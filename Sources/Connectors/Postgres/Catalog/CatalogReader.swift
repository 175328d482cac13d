import TandemCore

/// Reads what a database holds, through one session.
package struct CatalogReader {
    private let session: Session
    private let queries: CatalogQueries

    package init(_ session: Session) {
        self.session = session
        queries = CatalogQueries(version: session.capabilities.version)
    }

    /// Every table as of one moment: that of the transaction the session is in, or else of one of its own.
    ///
    /// - Parameters:
    ///   - only: OIDs of the tables wanted; those that are gone are left out. `nil` for all.
    ///   - isComplete: Whether to throw ``PostgresError/catalogChanged(_:message:)`` where a table has been dropped
    ///     since that moment, and may have been made anew, instead of leaving it out.
    ///   - types: What the types are, where that is known. They are as many as all tables, whichever are wanted.
    ///   - withDefinitions: Whether also what their values depend on besides rows, which costs as much as all the rest.
    /// - Throws: ``PostgresError``.
    package func tables(
        only: [UInt32]? = nil,
        isComplete: Bool = false,
        types known: TypeMap? = nil,
        withDefinitions: Bool = true
    ) throws -> [PostgresTable] {
        guard session.isInTransaction else {
            return try session.transaction(.snapshot) {
                try tables(only: only, isComplete: isComplete, types: known, withDefinitions: withDefinitions)
            }
        }
        return try readable {
            let wanted = [only.map { "{" + $0.map(String.init).joined(separator: ",") + "}" }]
            let server = try facts()
            let types = try known ?? types()
            let columns = try Dictionary(
                grouping: session.query(queries.columns, wanted).rows.map(ColumnFacts.init),
                by: \.table
            )
            let keys = try Dictionary(
                grouping: session.query(queries.keys, wanted).rows.map(KeyCandidate.init),
                by: \.table
            )
            let parts = try Partitions(session).all()
            let definitions = withDefinitions ? try Definitions(session).all(only: only) : [:]
            let tables = try tableFacts(wanted)
            if isComplete, let gone = tables.first(where: \.isGone) {
                throw PostgresError.catalogChanged(session.endpoint, message: "\(gone.name) has been dropped")
            }
            return tables.filter { !$0.isGone }.map { facts in
                PostgresTable(
                    facts,
                    columns: columns[facts.oid] ?? [],
                    keys: keys[facts.oid] ?? [],
                    parts: parts[facts.oid] ?? [],
                    definition: definitions[facts.oid],
                    types: types,
                    server: server
                )
            }
        }
    }

    /// The facts of each table, without what TimescaleDB keeps rows of other tables in.
    private func tableFacts(_ wanted: [String?]) throws -> [TableFacts] {
        let tables = try session.query(queries.tables, wanted).rows.map(TableFacts.init)
        guard tables.contains(where: { $0.kind == .table && ($0.hasChildren || $0.isChild) }) else { return tables }
        let hypertables = try Hypertables(session)
        return tables.filter { !hypertables.internals.contains($0.oid) }.map { table in
            var table = table
            table.isHypertable = hypertables.roots.contains(table.oid)
            return table
        }
    }

    /// What is known of every type of this database, without the tables.
    package func types() throws -> TypeMap { try readable { try TypeMap(rows: session.query(queries.types).rows) } }

    /// What the server is, and who we are there.
    func facts() throws -> ServerFacts {
        let version = session.capabilities.version
        let queries = ServerQueries(version: version)
        return try readable {
            guard let facts = try session.query(queries.facts).rows.first else { throw UnreadableCell() }
            var server = try ServerFacts(
                facts: facts,
                settings: session.query(queries.settings).rows,
                signs: session.query(queries.signs).rows,
                hostName: session.endpoint.host,
                version: version
            )
            server.isPooled = session.capabilities.isPooled
            return server
        }
    }

    private func readable<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
        }
    }
}
