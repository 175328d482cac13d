import TandemCore

/// What it takes to follow a server's log: the statements, and what SQL cannot do. Pure.
///
/// With wal2json these are the four documented steps; with pgoutput two of them fall away.
struct LogSetup: Sendable {
    /// Without the quotes.
    let user: String
    let host: HostType
    /// As `server_version_num`; 0 where it is not known.
    let version: Int
    let plugin: PostgresConfig.Plugin
    let slot: String
    /// `nil` where it is not known.
    var logLevel: String?
    /// `output_plugin_libraries`. `nil` where there is no such setting.
    var allowedPlugins: String?
    var mayReplicate = false
    /// Whether the one who runs the statements may allow it.
    var mayAllow = true
    var hasSlot = false
    /// What publishes the tables, where this is not left to the runs.
    var publications: [String] = []

    var steps: [SetupPlan.Step] {
        guard host != .heroku else { return [] }
        var steps = permission
        guard plugin == .wal2json else {
            steps += publications.map {
                SetupPlan.Step(
                    comment: "LOG_BASED: what the log tells of. A table that comes later is to be added to it.",
                    sql: $0,
                    isNeeded: true
                )
            }
            return steps
        }
        steps.append(
            SetupPlan.Step(
                comment:
                    "LOG_BASED: a slot, which keeps the log until it has been read. Drop it if it is not to be read.",
                sql: "SELECT * FROM pg_create_logical_replication_slot(\(SQL.literal(slot)), 'wal2json')",
                isNeeded: !hasSlot && logLevel == "logical",
                standsAlone: true
            )
        )
        return steps
    }

    var advice: [String] {
        guard host != .heroku else {
            return ["LOG_BASED: Heroku Postgres gives no user the right to replicate. Use TRIGGER_BASED instead."]
        }
        return [library, level, blocked, slotAdvice].compactMap { $0 }.map { "LOG_BASED: " + $0 }
    }

    private var quotedUser: String { SQL.identifier(user) }

    private var library: String? {
        guard plugin == .wal2json else { return nil }
        guard host == .selfHosted else { return "The plugin wal2json is installed on this kind of host already." }
        let branch = version == 0 ? "<version>" : ServerCapabilities(version: version).branchText
        var text =
            "First install the plugin wal2json at the server (on Debian: apt install postgresql-\(branch)-wal2json)."
        if let allowedPlugins, !allowedPlugins.contains("wal2json") {
            text +=
                " This release also wants it listed. As a superuser: "
                + host.outputPluginRemedy.sql.map { $0 + ";" }.joined(separator: " ")
        }
        return text
    }

    private var level: String? {
        guard logLevel != "logical" else { return nil }
        guard host == .selfHosted else { return "Before that: " + host.logicalLogRemedy.text }
        return """
            Before that, set wal_level = logical in postgresql.conf (on Linux in /etc/postgresql/<version>/main), \
            uncommented, and restart the server:
              sudo service postgresql stop
              sudo service postgresql start
            SHOW wal_level; then answers logical.
            """
    }

    private var permission: [SetupPlan.Step] {
        // Only its support can.
        guard host != .render else { return [] }
        return [
            SetupPlan.Step(
                comment: "LOG_BASED: it may read the log.",
                sql: host == .rds || host == .aurora
                    ? "GRANT rds_replication TO \(quotedUser)" : "ALTER USER \(quotedUser) WITH REPLICATION",
                isNeeded: !mayReplicate && mayAllow
            )
        ]
    }

    private var blocked: String? {
        guard !mayReplicate else { return nil }
        if host == .render { return host.replicationRemedy(user).text }
        return mayAllow ? nil : "A superuser has to run ALTER USER \(quotedUser) WITH REPLICATION."
    }

    private var slotAdvice: String? {
        if plugin == .wal2json {
            return "Several databases need a slot each. \"tandem teardown\" leaves a slot that was made by hand."
        }
        return
            "The first run makes the slot \"\(slot)\", which keeps log until it is read; \"tandem teardown\" drops it. "
            + "Set plugin: wal2json for the way without a publication."
    }
}

extension ServerCapabilities {
    /// What Debian calls the packages of this branch: `15`, `9.6`.
    fileprivate var branchText: String {
        version >= 100_000 ? "\(version / 10_000)" : "\(version / 10_000).\(version / 100 % 100)"
    }
}
