/// What users have attached to tables of ours, so that dropping these would lose it: views, foreign keys, indexes,
/// triggers, policies, constraints, publications, columns of their own, and settings of the tables themselves.
struct Attachments: Sendable {
    let columns: UserColumns
    private var descriptions: [UInt32: [String]] = [:]

    init(to tables: [UInt32], in session: Session) throws {
        columns = try UserColumns(of: tables, in: session)
        guard !tables.isEmpty else { return }
        for table in tables {
            let own = columns.of(table).map { "column \($0) of table" }
            if !own.isEmpty { descriptions[table] = own }
        }
        let oids = "{" + tables.map(String.init).joined(separator: ",") + "}"
        for cells in try session.query(Self.question, [oids]).rows {
            guard let table = cells[0].flatMap({ UInt32($0) }), let text = cells[1] else {
                throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
            }
            descriptions[table, default: []].append(text)
        }
    }

    /// A description of each, as the server words it.
    func of(_ table: UInt32) -> [String] { descriptions[table] ?? [] }

    /// The primary key is ours, and so are the NOT NULL constraints that servers since 18 list.
    private static let question = """
        SELECT d.refobjid, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
        FROM pg_catalog.pg_depend d
        WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = ANY ($1::pg_catalog.oid[])
          AND d.deptype IN ('n', 'a')
          AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_constraint k
            WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
              AND k.conrelid = d.refobjid AND k.contype IN ('p', 'n'))
        UNION
        SELECT c.oid, s.text
        FROM pg_catalog.pg_class c, LATERAL (VALUES
          (c.relrowsecurity, 'row-level security'), (c.relreplident <> 'd', 'its replica identity'),
          (c.reloptions IS NOT NULL, 'its storage parameters'),
          (c.relowner <> (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user), 'its owner'),
          (EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid), 'its parent table'),
          (EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL),
            'privileges on its columns'),
          (EXISTS (SELECT FROM pg_catalog.pg_description t WHERE t.objoid = c.oid AND t.objsubid > 0
              AND t.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass), 'comments on its columns')
        ) AS s(holds, text)
        WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND s.holds
        ORDER BY 1, 2
        """
}
