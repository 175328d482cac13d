import TandemCore

/// Asks what the values of tables depend on, as the session's transaction shows it.
struct Definitions {
    private let session: Session

    init(_ session: Session) { self.session = session }

    /// By the tables' numbers.
    ///
    /// - Parameter only: The tables wanted, `nil` for all.
    /// - Throws: `UnreadableCell`; ``PostgresError``.
    func all(only: [UInt32]? = nil) throws -> [UInt32: TableDefinition] {
        let wanted = only.map { "{" + $0.map(String.init).joined(separator: ",") + "}" }
        let moment = try session.query(
            "SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())"
        ).value.flatMap { UInt64($0) }
        guard let moment else { throw UnreadableCell() }
        var found: [UInt32: TableDefinition] = [:]
        let question = CatalogQueries(version: session.capabilities.version).definitions
        for cells in try session.query(question, [wanted]).rows {
            var row = ResultRow(cells)
            let table: UInt32 = try row.number()
            let letter = try row.text()
            guard let kind = letter.first.flatMap(TableDefinition.Kind.init) else { throw UnreadableCell() }
            let key = TableDefinition.Key(kind, try row.text())
            let text = try row.text()
            found[table, default: TableDefinition(moment: moment)].facts[key] = text
            if let name = try row.optional() { found[table]?.names[key] = name }
        }
        return found
    }
}
