import CLibPQ
package import TandemCore
package import TandemRows

/// Answers `tandem check` for one connection.
package enum ConnectionCheck {
    /// Whether everything is ready to read `tables` with `readers` connections. Not reaching the server is an answer.
    ///
    /// - Parameters:
    ///   - following: By sync, those whose changes are to be followed in the log.
    ///   - leaving: Others that are selected, and cannot be copied as they are.
    package static func findings(
        for tables: [TableName],
        following: [String: [TableName]] = [:],
        leaving: [TableName] = [],
        through connection: Connection,
        readers: Int,
        config: PostgresConfig = PostgresConfig(),
        context: ConnectionContext = ConnectionContext(name: "", folder: "/")
    ) async -> [Finding] {
        do {
            return try await connection.run { session in
                let catalog = CatalogReader(session)
                let facts = try catalog.facts()
                let review = ServerReview(
                    facts: facts,
                    endpoint: session.endpoint,
                    isEncrypted: session.isEncrypted,
                    sslMode: session.sslMode,
                    isPooled: session.capabilities.isPooled,
                    readers: readers
                )
                let noted =
                    try TriggerReview.read(
                        session,
                        wanted: tables + leaving,
                        syncs: context.syncs,
                        project: context.project,
                        config: config
                    )?.findings
                    ?? []
                guard !tables.isEmpty || !following.isEmpty else { return review.findings + noted }
                let known = try catalog.tables()
                let tableReview = TableReview(
                    tables: known,
                    user: facts.user,
                    isSuperuser: facts.isSuperuser
                )
                let views = try ViewReview(session: session).findings(for: tables, among: known)
                guard !following.isEmpty else {
                    return review.findings + noted + tableReview.findings(for: tables) + views
                }
                let followed = following.mapValues { names in
                    known.filter { names.contains($0.name) }.map(\.catalogTable)
                }
                let log = try LogFacts.read(
                    session,
                    following: followed,
                    config: config,
                    context: context,
                    facts: facts
                )
                let logReview = LogReview(
                    facts: facts,
                    log: log,
                    config: config,
                    context: context
                )
                return review.findings + logReview.findings + noted + tableReview.findings(for: tables) + views
            }
        } catch {
            return [Reachability.finding(for: error)]
        }
    }
}

extension Session {
    /// Whether what travels between this machine and the next is encrypted.
    var isEncrypted: Bool { connection.map { PQsslInUse($0) == 1 } ?? false }

    /// What libpq settled on, wherever it found it.
    var sslMode: PostgresConfig.SSLMode? {
        guard let options = connection.flatMap({ PQconninfo($0) }) else { return nil }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "sslmode" {
                return option.pointee.val.flatMap { PostgresConfig.SSLMode(rawValue: String(cString: $0)) }
            }
            option += 1
        }
        return nil
    }
}
