import TandemCore

extension HostType {
    /// How the log is made to hold what logical decoding needs.
    var logicalLogRemedy: Remedy {
        switch self {
        case .selfHosted:
            Remedy(
                "As a superuser, set wal_level and restart the server.",
                sql: ["ALTER SYSTEM SET wal_level = 'logical'"]
            )
        case .rds: Remedy("Set rds.logical_replication to 1 in the instance's parameter group, and reboot it.")
        case .aurora:
            Remedy("Set rds.logical_replication to 1 in the cluster's parameter group, and reboot the writer.")
        case .cloudSQL: Remedy("Set the flag cloudsql.logical_decoding to on, which restarts the instance.")
        case .azure: Remedy("Set the server parameter wal_level to logical, and restart the server.")
        case .heroku: Remedy("Use TRIGGER_BASED: Heroku Postgres does not offer logical decoding.")
        case .supabase:
            Remedy("Supabase has it on; if it was changed, set wal_level back to logical and restart the project.")
        case .neon: Remedy("Switch logical replication on in the project's settings; it cannot be switched off again.")
        case .render: Remedy("Ask Render's support to switch logical replication on, which restarts the database.")
        }
    }

    /// How `user` gets the right to replicate, and what can be done without it.
    func replicationRemedy(_ user: String) -> Remedy {
        let user = SQL.identifier(user)
        let attribute = ["ALTER ROLE \(user) WITH REPLICATION"]
        let who =
            switch self {
            case .selfHosted: "As a superuser, allow it"
            case .rds, .aurora: "As the master user, make it a member of rds_replication"
            case .cloudSQL, .supabase: "As the user postgres, allow it"
            case .azure: "As the server's administrator, allow it"
            case .neon: "As a member of neon_superuser, allow it (roles made in the console have it already)"
            case .render: "Ask Render's support to allow it"
            case .heroku: ""
            }
        switch self {
        case .heroku: return Remedy("Use TRIGGER_BASED: Heroku Postgres gives no user this right.")
        case .rds, .aurora:
            return Remedy(who + "; or use TRIGGER_BASED, which needs none.", sql: ["GRANT rds_replication TO \(user)"])
        case .render: return Remedy(who + "; or use TRIGGER_BASED, which needs none.")
        default: return Remedy(who + "; or use TRIGGER_BASED, which needs none.", sql: attribute)
        }
    }

    /// How a standby is kept from cancelling a long read, and what each way costs.
    var standbyRemedy: Remedy {
        let costs =
            " (the primary then keeps dead rows for as long as a copy takes); or read from the primary; or raise "
            + "max_standby_streaming_delay and max_standby_archive_delay above the duration of a copy (the standby then "
            + "falls behind by as much)."
        return switch self {
        case .selfHosted, .heroku, .supabase, .neon, .render:
            Remedy(
                "At the standby, switch hot_standby_feedback on" + costs,
                sql: self == .selfHosted
                    ? ["ALTER SYSTEM SET hot_standby_feedback = 'on'", "SELECT pg_reload_conf()"] : []
            )
        case .rds, .aurora: Remedy("In the replica's parameter group, set hot_standby_feedback to 1" + costs)
        case .cloudSQL: Remedy("Set the replica's flag hot_standby_feedback to on" + costs)
        case .azure: Remedy("Set the replica's server parameter hot_standby_feedback to on" + costs)
        }
    }

    /// How to go round a pooler.
    var poolerRemedy: Remedy {
        switch self {
        case .supabase: Remedy("Connect directly, or through the session pooler: port 5432 instead of 6543.")
        case .neon: Remedy("Connect directly: take \"-pooler\" out of the host's name.")
        case .azure, .heroku: Remedy("Connect to the database's own port instead of the built-in PgBouncer's.")
        case .rds, .aurora: Remedy("Connect to the instance instead of RDS Proxy or PgBouncer.")
        case .selfHosted, .cloudSQL, .render: Remedy("Connect to the server itself instead of the pooler.")
        }
    }
}
