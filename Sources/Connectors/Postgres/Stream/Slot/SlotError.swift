import TandemCore

/// Explains why a server does not let its log be read.
enum SlotError {
    /// `error`, with the reason and remedy where it is known what the server means.
    static func of(_ error: PostgresError, plugin: PostgresConfig.Plugin, host: HostType) -> PostgresError {
        let text = error.description
        func refused(_ reason: String, _ remedy: Remedy) -> PostgresError {
            .notReplicable(error.endpoint, reason: reason, remedy: remedy)
        }
        if error.sqlState == "53400", text.contains("slots") {
            return refused(
                "all replication slots are in use",
                Remedy(
                    "Drop a slot that nobody reads any more (each of them keeps log), or raise max_replication_slots and "
                        + "restart the server.",
                    sql: ["SELECT slot_name, active, restart_lsn FROM pg_replication_slots"]
                )
            )
        }
        if text.contains("max_wal_senders") || text.contains("standby connections") {
            return refused(
                "no more connections may replicate (max_wal_senders)",
                Remedy("Raise max_wal_senders and restart the server.")
            )
        }
        if text.contains("may not be used as an output plugin") || text.contains("output_plugin_libraries") {
            return refused("the server does not allow the plugin \(plugin.rawValue)", host.outputPluginRemedy)
        }
        if error.sqlState == "58P01" || (error.sqlState == "42704" && text.contains(plugin.rawValue)) {
            return refused("the plugin \(plugin.rawValue) is not installed at the server", host.pluginRemedy)
        }
        if isMissingPermission(error) {
            return refused(permission(error.endpoint.user), host.replicationRemedy(error.endpoint.user))
        }
        return error
    }

    private static func isMissingPermission(_ error: PostgresError) -> Bool {
        let text = error.description
        return text.contains("REPLICATION") || text.contains("replication role") || text.contains("WAL sender")
            || text.contains("use replication slots")
    }

    static func permission(_ user: String) -> String {
        "the user \"\(user)\" does not have the right permissions for replication"
    }
}

extension HostType {
    /// How wal2json gets where it can be used.
    var pluginRemedy: Remedy {
        switch self {
        case .selfHosted:
            Remedy("Install wal2json at the server (Debian: postgresql-<version>-wal2json), or set plugin: pgoutput.")
        default: Remedy("Set plugin: pgoutput, which every server from 10 on has.")
        }
    }

    /// How a library is allowed to decode the log, where a setting names those that are.
    var outputPluginRemedy: Remedy {
        guard self == .selfHosted else { return Remedy("Set plugin: pgoutput, or let the host allow wal2json.") }
        return Remedy(
            "As a superuser, add wal2json to the libraries that may decode the log; or set plugin: pgoutput.",
            sql: [
                "ALTER SYSTEM SET output_plugin_libraries = 'pgoutput', 'test_decoding', 'wal2json'",
                "SELECT pg_reload_conf()",
            ]
        )
    }
}
