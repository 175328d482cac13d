import TandemCore

/// Answers `tandem check` for a connection that is written to.
enum DestinationCheck {
    static func findings(through connection: Connection) async -> [Finding] {
        do {
            return try await connection.run { session in
                try session.transaction {
                    let facts = try CatalogReader(session).facts()
                    let review = ServerReview(
                        facts: facts,
                        endpoint: session.endpoint,
                        isEncrypted: session.isEncrypted,
                        sslMode: session.sslMode,
                        isPooled: session.capabilities.isPooled,
                        readers: 1
                    )
                    var findings = review.introduction
                    findings +=
                        DestinationReview(
                            facts: facts,
                            isWritable: session.capabilities.version >= DestinationServer.oldestVersion,
                            mayUseMetadata: try mayUseMetadata(session)
                        ).findings
                    do { if try !Metadata(session).exists() { try Metadata(session).refuseStrangers() } } catch let
                        error as PostgresError
                    {
                        findings.append(Finding(.error, "schema tandem", "\(error)", remedy: error.remedy))
                    }
                    return findings
                }
            }
        } catch {
            return [Reachability.finding(for: error)]
        }
    }

    /// Whether our own schema is there and open to us; `nil` where it is not there.
    private static func mayUseMetadata(_ session: Session) throws -> Bool? {
        let question = """
            SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE, CREATE') FROM pg_catalog.pg_namespace n
            WHERE n.nspname = $1
            """
        return try session.query(question, [Metadata.schema]).value.map { $0 == "t" }
    }
}

/// What is to be said of a server before anything is written to it. Pure.
struct DestinationReview: Sendable {
    let facts: ServerFacts
    let isWritable: Bool
    let mayUseMetadata: Bool?

    var findings: [Finding] { [version, standby, privileges, encoding].compactMap { $0 } }

    private var version: Finding? {
        guard !isWritable else { return nil }
        let problem = DestinationProblem.oldServer(version: facts.versionText)
        return Finding(.error, "version", "It cannot be written to: \(problem).", remedy: problem.remedy)
    }

    private var standby: Finding {
        guard facts.isStandby else { return Finding(.ok, "primary", "The server is a primary.") }
        let problem = DestinationProblem.standby
        return Finding(.error, "standby", "It cannot be written to: \(problem).", remedy: problem.remedy)
    }

    private var privileges: Finding {
        let database = SQL.identifier(facts.database)
        let user = SQL.identifier(facts.user)
        if mayUseMetadata == false { return Self.closedMetadata(facts.user) }
        if facts.mayCreateInDatabase {
            return Finding(.ok, "privileges", "\"\(facts.user)\" may make schemas in \"\(facts.database)\".")
        }
        guard mayUseMetadata == true else { return Self.noMetadata(facts.user, facts.database) }
        return Finding(
            .note,
            "privileges",
            "\"\(facts.user)\" may not make schemas in \"\(facts.database)\": those that tables go to must be there.",
            remedy: Remedy(
                "As an administrator, make them for it, or allow it to.",
                sql: ["GRANT CREATE ON DATABASE \(database) TO \(user)"]
            )
        )
    }

    static func noMetadata(_ user: String, _ database: String) -> Finding {
        Finding(
            .error,
            "privileges",
            "\"\(user)\" may not make schemas in \"\(database)\", and there is none called \(Metadata.schema) to keep "
                + "track of the copies in.",
            remedy: Remedy(
                "As an administrator, allow it, or make the schema for it.",
                sql: ["GRANT CREATE ON DATABASE \(SQL.identifier(database)) TO \(SQL.identifier(user))"]
            )
        )
    }

    static func closedMetadata(_ user: String) -> Finding {
        Finding(
            .error,
            "privileges",
            "\"\(user)\" may not use schema \(Metadata.schema), which belongs to somebody else.",
            remedy: Remedy(
                "Let its owner grant it, or connect as its owner.",
                sql: ["GRANT USAGE, CREATE ON SCHEMA \(Metadata.schema) TO \(SQL.identifier(user))"]
            )
        )
    }

    private var encoding: Finding? {
        guard !["UTF8", "SQL_ASCII"].contains(facts.encoding) else { return nil }
        return Finding(
            .warning,
            "encoding",
            "The database's encoding is \(facts.encoding): a character that it lacks stops the copy of its table.",
            remedy: Remedy("Write to a database whose encoding is UTF8.")
        )
    }
}
