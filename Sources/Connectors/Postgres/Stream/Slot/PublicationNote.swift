import TandemCore
import TandemRows

/// Says of tables that somebody else has to publish before the log tells this user of them.
struct PublicationNote {
    private let session: Session
    private let config: PostgresConfig

    init(_ session: Session, _ config: PostgresConfig) {
        self.session = session
        self.config = config
    }

    func settle(_ tables: [CatalogTable]) throws -> [CatalogTable] {
        guard session.capabilities.hasPublications, config.plugin != .wal2json else { return tables }
        let owners = try owners()
        return tables.map { table in
            guard let owner = owners[table.schema.id], case .usable(let note) = table.methods[.logBased] else {
                return table
            }
            let missing =
                "Its owner \"\(owner)\" or a superuser adds it to the publication; \"tandem setup\" prints the SQL."
            var table = table
            table.methods[.logBased] = .usable(note: [note, missing].compactMap(\.self).joined(separator: " "))
            return table
        }
    }

    /// The owners of tables that this user may not publish and that nobody has, by the tables' numbers.
    private func owners() throws -> [UInt32: String] {
        let names = config.publication == nil ? "p.pubname ~ '^tandem(_|$)'" : "p.pubname = $1"
        let bySchema =
            session.capabilities.version >= 150_000
            ? """
             OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace s
                        WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)
            """ : ""
        let question = """
            SELECT c.oid, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c
            WHERE c.relkind IN ('r', 'p') AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_publication p
              WHERE \(names) AND (p.puballtables OR EXISTS (
                SELECT FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)\(bySchema)))
            """
        let rows = try session.query(question, config.publication.map { [$0] } ?? []).rows
        return Dictionary(
            rows.compactMap { cells in cells[0].flatMap { UInt32($0) }.map { ($0, cells[1] ?? "") } }
        ) { first, _ in first }
    }
}
