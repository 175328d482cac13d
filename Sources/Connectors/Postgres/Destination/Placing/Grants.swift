import TandemRows

/// Who may do what with tables that are about to be dropped, so that the same holds for those that take their place.
struct Grants: Sendable {
    private struct Grant: Sendable {
        /// `nil` for everybody.
        var role: String?
        var privilege: String
        var isGrantable: Bool
    }

    private var grants: [UInt32: [Grant]] = [:]

    init(on tables: [UInt32], in session: Session) throws {
        guard !tables.isEmpty else { return }
        let question = """
            SELECT c.oid, CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, a.privilege_type,
              a.is_grantable
            FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a
            WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND a.grantee <> c.relowner
            """
        for cells in try session.query(question, ["{" + tables.map(String.init).joined(separator: ",") + "}"]).rows {
            do {
                var row = ResultRow(cells)
                let table: UInt32 = try row.number()
                let grant = Grant(role: try row.optional(), privilege: try row.text(), isGrantable: try row.flag())
                // It becomes part of a statement as it stands.
                guard grant.privilege.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == " ") }) else { continue }
                grants[table, default: []].append(grant)
            } catch is UnreadableCell {
                throw PostgresError.malformed(session.endpoint, what: "a row of its catalog")
            }
        }
    }

    /// What gives on `name` all that was given on `table`.
    func statements(of table: UInt32, on name: TableName) -> [String] {
        (grants[table] ?? []).map { grant in
            let role = grant.role.map(SQL.identifier) ?? "PUBLIC"
            let option = grant.isGrantable ? " WITH GRANT OPTION" : ""
            return "GRANT \(grant.privilege) ON \(SQL.name(name)) TO \(role)\(option)"
        }
    }
}
