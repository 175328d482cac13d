import TandemCore
import TandemRows

/// Takes tables out of this program's publications whose updates and deletes the server refuses by them: they have lost
/// what told their rows apart. Blocks.
struct HarmfulMembers {
    let session: Session
    let config: PostgresConfig

    /// - Parameter record: What the destination remembers; the publications of others are theirs to mend.
    func remove(_ record: SourceRecord) throws {
        guard session.capabilities.hasPublications, !session.capabilities.isInRecovery, config.publication == nil else {
            return
        }
        let harmful = try session.transaction { try members(of: record) }
        for (publication, table) in harmful {
            try session.transaction(.readWrite) {
                try session.execute("SET LOCAL lock_timeout = '2s'")
                try session.execute("ALTER PUBLICATION \(SQL.identifier(publication)) DROP TABLE \(SQL.name(table))")
            }
        }
    }

    /// What is to be taken out, of which publication.
    private func members(of record: SourceRecord) throws -> [(publication: String, table: TableName)] {
        let place = try Origin.read(session)
        var publications = record.made.filter { $0.kind == .publication && $0.place == place }.map(\.name)
        if publications.isEmpty {
            // Earlier versions remembered nothing but the stream.
            let slots = record.streams.compactMap { StreamIdentity($0.id)?.slot }
            publications = slots.map { SlotName.publication(for: $0).all }
        }
        return try publications.sorted().flatMap { publication in
            try session.query(Self.question, [publication]).rows.compactMap { cells in
                guard let schema = cells[0], let table = cells[1] else { return nil }
                return (publication, TableName(schema: schema, table: table))
            }
        }
    }

    private static let question = """
        SELECT n.nspname, c.relname
        FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
          JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE p.pubname = $1 AND (p.pubupdate OR p.pubdelete) AND pg_catalog.pg_has_role(p.pubowner, 'USAGE')
          AND c.relreplident <> 'f' AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indimmediate AND i.indisvalid
              AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)
          )
        """
}
