import TandemCore

extension HostType {
    /// How the log is made to hold what logical decoding needs.
    var logicalLogRemedy: Remedy {
        switch self {
        case .selfHosted:
            Remedy(
                "As a superuser, set wal_level and restart the server.", sql: ["ALTER SYSTEM SET wal_level = 'logical'"]
            )
        case .rds: Remedy("Set rds.logical_replication to 1 in the instance's parameter group, and reboot it.")
        case .aurora: Remedy("Set rds.logical_replication to 1 in the cluster's parameter group, and reboot the writer.")
        case .cloudSQL: Remedy("Set the flag cloudsql.logical_decoding to on, which restarts the instance.")
        case .azure: Remedy("Set the server parameter wal_level to logical, and restart the server.")
        case .heroku: Remedy("Use TRIGGER_BASED: Heroku Postgres does not offer logical decoding.")
        case .supabase: Remedy("Supabase has it on; if it was changed, set wal_level back to logical and restart the project.")
        case .neon: Remedy("Switch logical replication on in the project's settings; it cannot be switched off again.")
        }
    }

    /// How `user` gets the right to replicate.
    func replicationRemedy(_ user: String) -> Remedy {
        let user = SQL.identifier(user)
        let attribute = ["ALTER ROLE \(user) WITH REPLICATION"]
        return switch self {
        case .selfHosted: Remedy("As a superuser, allow it.", sql: attribute)
        case .rds, .aurora: Remedy("As the master user, make it a member.", sql: ["GRANT rds_replication TO \(user)"])
        case .cloudSQL: Remedy("As the user postgres, allow it.", sql: attribute)
        case .azure: Remedy("As the server's administrator, allow it.", sql: attribute)
        case .heroku: Remedy("Use TRIGGER_BASED: Heroku Postgres gives no user this right.")
        case .supabase: Remedy("As the user postgres, allow it.", sql: attribute)
        case .neon: Remedy("As a member of neon_superuser, allow it; roles made in the console have it already.", sql: attribute)
        }
    }
}
