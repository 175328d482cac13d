import TandemCore

/// What is to be said of a server before anything is read from it. Pure.
struct ServerReview: Sendable {
    let facts: ServerFacts
    let endpoint: Endpoint
    /// Whether this end of the connection is encrypted, and how much of it was asked for.
    let isEncrypted: Bool
    let sslMode: PostgresConfig.SSLMode?
    /// Whether another process answers than the one that was logged in to.
    let isPooled: Bool
    /// How many connections read at once.
    let readers: Int

    var findings: [Finding] {
        introduction + [role, standby, pooler, encoding, connections, oldSnapshots].compactMap { $0 }
    }

    /// What matters whether it is read or written to.
    var introduction: [Finding] {
        [
            Finding(
                .ok,
                "server",
                "\(endpoint.server) answers: Postgres \(facts.versionText), \(facts.host.rawValue)."
            ),
            Finding(.ok, "authentication", "Logged in to \"\(facts.database)\" as \"\(facts.user)\"."),
            encryption, version,
        ].compactMap { $0 }
    }

    /// The last version this program was tried with.
    static let latestKnown = 18

    private var version: Finding? {
        guard facts.version / 10_000 > Self.latestKnown else { return nil }
        return Finding(
            .warning,
            "version",
            "Postgres \(facts.versionText) is later than \(Self.latestKnown), the last one tried.",
            remedy: Remedy("Look for a newer release of this program.")
        )
    }

    private var encryption: Finding {
        let isLocal =
            endpoint.host.isEmpty || endpoint.host.hasPrefix("/") || endpoint.host.hasPrefix("@")
            || endpoint.host == "localhost" || endpoint.host.hasPrefix("127.") || endpoint.host == "::1"
        if isLocal, !isEncrypted { return Finding(.ok, "TLS", "The connection does not leave this machine.") }
        let remedy = Remedy(
            "Set sslmode: verify-full, with sslrootcert naming the authority of the server's certificate."
        )
        guard isEncrypted else {
            return Finding(.warning, "TLS", "The connection is not encrypted: rows travel in clear.", remedy: remedy)
        }
        guard sslMode == .verifyFull || isLocal else {
            return Finding(
                .note,
                "TLS",
                "Encrypted, but nothing proves that the server is the right one.",
                remedy: remedy
            )
        }
        return Finding(.ok, "TLS", "The connection is encrypted.")
    }

    private var role: Finding? {
        guard facts.isSuperuser else { return nil }
        return Finding(
            .warning,
            "role",
            "\"\(facts.user)\" is a superuser, and reading needs none of that.",
            remedy: Remedy("Use a read-only user: \"tandem setup\" prints the SQL that makes one.")
        )
    }

    private var standby: Finding {
        guard facts.isStandby else { return Finding(.ok, "primary", "The server is a primary.") }
        if facts.isOn("hot_standby_feedback") {
            return Finding(
                .ok,
                "standby",
                "The server is a standby, and hot_standby_feedback protects what is being read."
            )
        }
        let delay = facts.settings["max_standby_streaming_delay"].map { $0 == "-1" ? "without limit" : "for \($0) ms" }
        return Finding(
            .warning,
            "standby",
            "The server is a standby without hot_standby_feedback: once the primary removes rows that are being read, "
                + "it waits \(delay ?? "for a while") and then cancels the read.",
            remedy: facts.host.standbyRemedy
        )
    }

    private var pooler: Finding? {
        guard isPooled else { return nil }
        return Finding(
            .warning,
            "pooler",
            "A pooler such as PgBouncer stands between: a snapshot can then not be shared, and one reader has to do.",
            remedy: facts.host.poolerRemedy
        )
    }

    private var encoding: Finding? {
        guard facts.encoding == "SQL_ASCII" else { return nil }
        return Finding(
            .warning,
            "encoding",
            "The database's encoding is SQL_ASCII: the server does not know what its bytes mean, so text that is no "
                + "UTF-8 arrives with those bytes escaped.",
            remedy: Remedy("Move the data to a database whose encoding is UTF8.")
        )
    }

    private var connections: Finding {
        // One asks the catalog, one holds the snapshot, the readers join it.
        let wanted = readers + 2
        let reserved =
            (facts.number("superuser_reserved_connections") ?? 0) + (facts.number("reserved_connections") ?? 0)
        var limits: [(name: String, free: Int)?] = [
            facts.number("max_connections").map { ("max_connections", $0 - reserved - facts.connections) }
        ]
        // A superuser is held to neither.
        if !facts.isSuperuser {
            limits += [
                facts.connectionLimit.map { ("the limit of \"\(facts.user)\"", $0 - facts.ownConnections) },
                facts.databaseConnectionLimit.map {
                    ("the limit of database \"\(facts.database)\"", $0 - facts.databaseConnections)
                },
            ]
        }
        // The one that asks is counted by the server and is one of those a run opens.
        if let short = limits.compactMap(\.self).first(where: { $0.free + 1 < wanted }) {
            return Finding(
                .warning,
                "connections",
                "A run opens \(wanted) connections, and \(short.name) leaves \(max(short.free + 1, 0)).",
                remedy: Remedy("Lower the setting \"readers\", or raise that limit.")
            )
        }
        return Finding(.ok, "connections", "There is room for the \(wanted) connections of a run.")
    }

    private var oldSnapshots: Finding? {
        guard let minutes = facts.number("old_snapshot_threshold"), minutes >= 0 else { return nil }
        return Finding(
            .warning,
            "old_snapshot_threshold",
            "A copy that takes longer than \(minutes) min fails with \"snapshot too old\".",
            remedy: Remedy("Set old_snapshot_threshold to -1 and restart the server.")
        )
    }
}
