import TandemRows

/// What a server says of one publication.
struct PublicationFacts: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var name: TableName
        /// Whether it was added by itself, and not with its schema or all tables.
        var isNamed = true
        /// Rows that a condition leaves out are missing from the stream.
        var isFiltered = false
    }

    var name: String
    /// This user may change it.
    var isOurs = true
    var hasAllTables = false
    /// Of `insert`, `update`, `delete`, `truncate`.
    var operations: Set<String> = []
    /// Changes of partitions come as those of their root.
    var isViaRoot = false
    /// Tables by their OIDs; partitions as the publication shows them.
    var members: [UInt32: Member] = [:]

    static func questions(_ server: ServerCapabilities) -> (publications: String, members: String) {
        let truncate = server.version >= 110_000 ? "p.pubtruncate" : "false"
        let root = server.version >= 130_000 ? "p.pubviaroot" : "false"
        let filter = server.version >= 150_000 ? "r.prqual IS NOT NULL" : "false"
        let publications = """
            SELECT p.pubname, pg_catalog.pg_has_role(p.pubowner, 'USAGE'), p.puballtables, p.pubinsert, p.pubupdate,
              p.pubdelete, \(truncate), \(root)
            FROM pg_catalog.pg_publication p
            """
        let members = """
            SELECT t.pubname, c.oid, n.nspname, c.relname, r.oid IS NOT NULL, \(filter)
            FROM pg_catalog.pg_publication_tables t JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
              JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
              JOIN pg_catalog.pg_publication p ON p.pubname = t.pubname
              LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
            WHERE t.pubname = ANY ($1::pg_catalog.text[])
            """
        return (publications, members)
    }

    /// Those of `names` that there are.
    static func all(_ names: [String], _ session: Session) throws -> [String: PublicationFacts] {
        let questions = questions(session.capabilities)
        var found: [String: PublicationFacts] = [:]
        do {
            for cells in try session.query(questions.publications).rows {
                let facts = try PublicationFacts(cells)
                if names.contains(facts.name) { found[facts.name] = facts }
            }
            let list =
                "{"
                + found.keys.map {
                    "\"" + $0.replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\"", with: "\\\"") + "\""
                }
                .joined(separator: ",") + "}"
            for cells in try session.query(questions.members, [list]).rows {
                var row = ResultRow(cells)
                let name = try row.text()
                let table: UInt32 = try row.number()
                found[name]?.members[table] = Member(
                    name: TableName(schema: try row.text(), table: try row.text()),
                    isNamed: try row.flag(),
                    isFiltered: try row.flag()
                )
            }
        } catch is UnreadableCell {
            throw PostgresError.malformed(session.endpoint, what: "its list of publications")
        }
        return found
    }

    private init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        name = try row.text()
        isOurs = try row.flag()
        hasAllTables = try row.flag()
        for operation in ["insert", "update", "delete", "truncate"] where try row.flag() {
            operations.insert(operation)
        }
        isViaRoot = try row.flag()
    }

    init(name: String) { self.name = name }
}
