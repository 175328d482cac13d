package import TandemCore
package import TandemRows

extension PostgresDestination {
    package func obstacles(to targets: [TableName]) async throws -> [Finding] {
        try await connection.run { session in
            try session.transaction { try Obstacles(session: session).findings(to: targets) }
        }
    }
}

/// What keeps tables from being written, as far as the catalog tells.
private struct Obstacles {
    let session: Session

    func findings(to targets: [TableName]) throws -> [Finding] {
        do { try DestinationServer.check(session) } catch let error as PostgresError {
            return [Finding(.error, "server", error.description, remedy: error.remedy)]
        }
        let schemas = Set(targets.map(\.schema)).union([Metadata.schema]).sorted()
        return try schemas.compactMap(finding(ofSchema:)) + tables(targets)
    }

    private func finding(ofSchema name: String) throws -> Finding? {
        let question = """
            SELECT current_user, pg_catalog.current_database(),
              pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
              (SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')
               FROM pg_catalog.pg_namespace n WHERE n.nspname = $1)
            """
        guard let cells = try session.query(question, [name]).rows.first, let user = cells[0], let database = cells[1]
        else { throw PostgresError.malformed(session.endpoint, what: "a row of its catalog") }
        let role = SQL.identifier(user)
        switch (cells[3], cells[2]) {
        case ("t", _), (nil, "t"): return nil
        // As `check` says it of every connection.
        case (nil, _) where name == Metadata.schema: return DestinationReview.noMetadata(user, database)
        case _ where name == Metadata.schema: return DestinationReview.closedMetadata(user)
        case (nil, _):
            return Finding(
                .error,
                "schema \(name)",
                "\"\(user)\" may not make it in \"\(database)\", and it is not there.",
                remedy: Remedy(
                    "As an administrator, make it, or allow it to.",
                    sql: ["CREATE SCHEMA \(SQL.identifier(name)) AUTHORIZATION \(role)"]
                )
            )
        default:
            return Finding(
                .error,
                "schema \(name)",
                "\"\(user)\" may not make tables in it.",
                remedy: Remedy(
                    "Let its owner grant it.",
                    sql: ["GRANT USAGE, CREATE ON SCHEMA \(SQL.identifier(name)) TO \(role)"]
                )
            )
        }
    }

    private func tables(_ targets: [TableName]) throws -> [Finding] {
        let relations = try Relations(targets, in: session)
        let oids = targets.compactMap { relations[$0]?.oid }
        let owned = """
            SELECT c.oid, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c
            WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
            """
        let rows = oids.isEmpty ? [] : try session.query(owned, [SQL.array(oids.map(String.init))]).rows
        let others = Dictionary(rows.map { ($0[0].flatMap { UInt32($0) } ?? 0, $0[1] ?? "") }) { first, _ in first }
        return targets.compactMap { target in
            if let problem = relations.problem(of: target) {
                let error = PostgresError.destination(session.endpoint, problem)
                return Finding(.error, "\(target)", error.description, remedy: error.remedy)
            }
            guard let oid = relations[target]?.oid, let owner = others[oid] else { return nil }
            return Finding(
                .error,
                "\(target)",
                "It belongs to \"\(owner)\", and only its owner may replace it.",
                remedy: Remedy(
                    "Give it back, or connect as that user.",
                    sql: ["ALTER TABLE \(SQL.name(target)) OWNER TO CURRENT_USER"]
                )
            )
        }
    }
}
