import TandemCore
import TandemRows

/// What is to be said before a server's log is followed. Pure.
struct LogReview: Sendable {
    let facts: ServerFacts
    let log: LogFacts
    let config: PostgresConfig
    let context: ConnectionContext

    /// Findings for the server, and for each sync that follows the log.
    var findings: [Finding] {
        if case .unusable(let reason, let remedy) = MethodRules.serverObstacle(facts) {
            return [Finding(.error, "log", "It cannot be followed: \(reason)", remedy: remedy)]
        }
        var findings = [Finding(.ok, "log", "Its log can be followed.")]
        findings += [version, senders, keepSize, senderTimeout].compactMap { $0 }
        if config.slot != nil, log.tables.count > 1 {
            findings.append(
                Finding(
                    .error,
                    "slot",
                    "\(log.tables.count) syncs follow this connection, and \"slot\" gives them one slot: each would take "
                        + "the other's changes.",
                    remedy: Remedy("Remove the setting \"slot\", or give each sync a connection of its own.")
                )
            )
        }
        findings += log.tables.keys.sorted().flatMap { self.findings(of: $0) }
        return findings + forgotten
    }

    static func slotName(
        for sync: String,
        slots: [SlotFacts],
        config: PostgresConfig,
        context: ConnectionContext,
        facts: ServerFacts
    ) -> String {
        if let slot = config.slot { return slot }
        let handMade = SlotName.handMade(in: facts.database)
        if slots.contains(where: { $0.name == handMade && $0.database == facts.database }) { return handMade }
        return SlotName.made(for: sync, of: context.syncs, in: facts.database)
    }

    static func plugin(
        of slot: SlotFacts?,
        _ config: PostgresConfig,
        _ server: ServerCapabilities
    ) -> PostgresConfig.Plugin {
        if let plugin = slot?.plugin.flatMap(PostgresConfig.Plugin.init(rawValue:)) { return plugin }
        let standard: PostgresConfig.Plugin = server.hasPublications ? .pgoutput : .wal2json
        return config.plugin.map { $0 == .auto ? standard : $0 } ?? standard
    }

    private var server: ServerCapabilities { ServerCapabilities(version: facts.version, isInRecovery: facts.isStandby) }

    // MARK: The server

    private var version: Finding? {
        let remedy = Remedy("Update to the latest minor release.")
        if server.losesChangesOfNewTables {
            return Finding(
                .warning,
                "version",
                "Postgres \(facts.versionText) may lose changes of a table that joins a publication while it is written "
                    + "to. A run therefore locks such a table against writers for a moment.",
                remedy: remedy
            )
        }
        guard server.isBelow([13: 22, 14: 19, 15: 14, 16: 10, 17: 6]) else { return nil }
        return Finding(
            .warning,
            "version",
            "Decoding in Postgres \(facts.versionText) can run out of memory (\"invalid memory alloc request size\") where "
                + "tables are changed while transactions are open.",
            remedy: remedy
        )
    }

    private var senders: Finding? {
        guard let limit = facts.number("max_wal_senders"), limit - log.senders < max(1, log.tables.count) else {
            return nil
        }
        return Finding(
            .error,
            "max_wal_senders",
            "All \(limit) connections that may replicate are in use, or nearly.",
            remedy: Remedy("Raise max_wal_senders and restart the server.")
        )
    }

    private var keepSize: Finding? {
        guard server.version >= 130_000, let limit = facts.number("max_slot_wal_keep_size") else { return nil }
        guard limit < 0 else {
            return Finding(
                .note,
                "max_slot_wal_keep_size",
                "The server drops what a slot keeps beyond \(limit) MB; a sync that falls behind further copies again."
            )
        }
        return Finding(
            .note,
            "max_slot_wal_keep_size",
            "There is no limit to the log that a slot keeps: one that nobody reads fills the server's disk. A run warns "
                + "at max_slot_wal (\(config.maxSlotLog ?? .standard)).",
            remedy: facts.host == .selfHosted
                ? Remedy(
                    "As a superuser, set a limit the disk has room for.",
                    sql: ["ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'", "SELECT pg_reload_conf()"]
                ) : nil
        )
    }

    private var senderTimeout: Finding? {
        // From 12 on a run sets it for itself.
        guard server.version < 120_000, let timeout = facts.number("wal_sender_timeout"), (1..<10_000).contains(timeout)
        else { return nil }
        return Finding(
            .warning,
            "wal_sender_timeout",
            "The server hangs up on who is silent for \(timeout) ms, which a slow network may be.",
            remedy: Remedy("Set wal_sender_timeout to 60s.")
        )
    }

    /// Slots of this program that no sync reads any more.
    private var forgotten: [Finding] {
        let used = Set(
            log.tables.keys.map {
                Self.slotName(for: $0, slots: log.slots, config: config, context: context, facts: facts)
            }
        )
        let own = SlotName.made(for: "", of: [], in: facts.database)
        return log.slots.filter {
            $0.database == facts.database && SlotName.isOurs($0.name) && !used.contains($0.name) && $0.activePID == nil
                && ($0.name == own || $0.name.hasPrefix(own + "_"))
        }.map {
            Finding(
                .warning,
                "slot \($0.name)",
                "No sync of this configuration would make this slot, and it keeps \(ByteSize($0.retained ?? 0)) of log.",
                remedy: Remedy(
                    "If no other installation reads it, and no sync began with it, drop it.",
                    sql: ["SELECT pg_drop_replication_slot(\(SQL.literal($0.name)))"]
                )
            )
        }
    }
}
