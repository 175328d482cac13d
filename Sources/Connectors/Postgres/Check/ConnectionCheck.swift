import CLibPQ
package import TandemCore
package import TandemRows

/// Answers `tandem check` for one connection.
package enum ConnectionCheck {
    /// Whether everything is ready to read `tables` with `readers` connections. Not reaching the server is an answer.
    package static func findings(
        for tables: [TableName],
        through connection: Connection,
        readers: Int
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
                guard !tables.isEmpty else { return review.findings }
                let tableReview = TableReview(
                    tables: try catalog.tables(),
                    user: facts.user,
                    isSuperuser: facts.isSuperuser
                )
                return review.findings + tableReview.findings(for: tables)
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
