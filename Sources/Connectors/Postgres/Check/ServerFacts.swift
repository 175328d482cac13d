/// What a server is, and what the current user may do there as far as it does not depend on a table.
struct ServerFacts: Sendable {
    /// As `server_version_num`.
    var version: Int
    var database: String
    var user: String
    var isSuperuser = false
    /// By the role's own attribute or, on hosts that have such a role, by membership.
    var mayReplicate = false
    var bypassesRowSecurity = false
    /// This user's, and the database's. `nil` where there is no limit.
    var connectionLimit: Int?
    var databaseConnectionLimit: Int?
    var mayCreateInDatabase = false
    /// Whether there is the schema that notes of changes are kept in, and whether tables can be made there, or the
    /// schema.
    var hasNotesSchema = false
    var mayCreateNotes = false
    var isStandby = false
    /// A pooler stands between, which does not send the log.
    var isPooled = false
    var encoding = "UTF8"
    var connections = 0
    /// Among them this user's, and those to the database.
    var ownConnections = 0
    var databaseConnections = 0
    /// `pg_settings`, as far as this user sees it.
    var settings: [String: String] = [:]
    var host = HostType.selfHosted

    /// A setting that is a number. `nil` where it is hidden, missing, or none.
    func number(_ setting: String) -> Int? { settings[setting].flatMap { Int($0) } }
    func isOn(_ setting: String) -> Bool { settings[setting] == "on" }

    /// `15.3`, `9.4.26`.
    var versionText: String { ServerCapabilities(version: version).versionText }
}
