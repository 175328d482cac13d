import TandemCore

extension PublicationFacts {
    /// What the publications with these names let through of tables, as ``TableDefinition`` has it.
    ///
    /// A publication that is altered there and back has a new line in the catalog which says the same; a table that is
    /// taken out and put in again has another number in it.
    static func definitions(
        of tables: [UInt32],
        in names: [String],
        _ session: Session
    ) throws -> [UInt32: [TableDefinition.Key: String]] {
        let list = "{" + tables.map(String.init).joined(separator: ",") + "}"
        var found: [UInt32: [TableDefinition.Key: String]] = [:]
        for cells in try session.query(question(names, session.capabilities.version), [list]).rows {
            guard cells.count == 3, let table = cells[0].flatMap({ UInt32($0) }), let fact = cells[1],
                let record = cells[2]
            else { throw PostgresError.malformed(session.endpoint, what: "its list of publications") }
            found[table] = [.init(.publication, 0): fact, .init(.publicationRecord, 0): record]
        }
        return found
    }

    /// Under which number a schema is published, and since when the table has been in it: one that is moved away and
    /// back depends on it by a new line.
    private static let schema = """
        CASE WHEN s.oid IS NOT NULL THEN concat(s.oid, '.', (
            SELECT pg_catalog.max(d.xmin::text) FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
              AND d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)) END
        """

    private static func question(_ names: [String], _ version: Int) -> String {
        var words = ["p.oid", "p.puballtables", "p.pubinsert", "p.pubupdate", "p.pubdelete", "r.oid"]
        if version >= 110_000 { words.append("p.pubtruncate") }
        if version >= 130_000 { words.append("p.pubviaroot") }
        if version >= 150_000 { words += ["r.prqual::text", "r.prattrs::text", Self.schema] }
        let harmless = ["p.pubname", "p.pubowner"] + (version >= 180_000 ? ["p.pubgencols"] : [])
        func text(_ words: [String]) -> String {
            "concat_ws('|', \(words.map { "coalesce((\($0))::text, '')" }.joined(separator: ", ")))"
        }
        let bySchema =
            version >= 150_000
            ? "LEFT JOIN pg_catalog.pg_publication_namespace s ON s.pnpubid = p.oid AND s.pnnspid = c.relnamespace" : ""
        return """
            SELECT c.oid,
              pg_catalog.left(pg_catalog.md5(string_agg(\(text(words)), ',' ORDER BY p.oid)), 12),
              concat(string_agg(p.xmin::text, '+' ORDER BY p.oid), '.',
                pg_catalog.left(pg_catalog.md5(string_agg(\(text(words + harmless)), ',' ORDER BY p.oid)), 12))
            FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_publication p ON p.pubname IN (\(names.map(SQL.literal).joined(separator: ", ")))
              LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
              \(bySchema)
            WHERE c.oid = ANY ($1::pg_catalog.oid[])
              AND (p.puballtables OR r.oid IS NOT NULL\(version >= 150_000 ? " OR s.oid IS NOT NULL" : ""))
            GROUP BY c.oid
            """
    }
}
