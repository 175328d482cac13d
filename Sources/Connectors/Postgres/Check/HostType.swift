/// Who runs a server, because that decides how a setting is changed and who may grant what.
package enum HostType: String, Sendable, CaseIterable {
    case selfHosted = "self-hosted"
    case rds = "Amazon RDS"
    case aurora = "Amazon Aurora"
    case cloudSQL = "Google Cloud SQL"
    case azure = "Azure Database for PostgreSQL"
    case heroku = "Heroku Postgres"
    case supabase = "Supabase"
    case neon = "Neon"
    case render = "Render"

    /// What a server shows of itself.
    package struct Signs: Sendable {
        /// As the user wrote it. Empty for a socket or a service.
        package var hostName: String
        /// Names of settings, roles, schemas and functions; the ones that tell nothing do no harm.
        package var settings: Set<String>
        package var roles: Set<String>
        package var schemas: Set<String>
        package var functions: Set<String>

        package init(
            hostName: String = "",
            settings: Set<String> = [],
            roles: Set<String> = [],
            schemas: Set<String> = [],
            functions: Set<String> = []
        ) {
            self.hostName = hostName
            self.settings = settings
            self.roles = roles
            self.schemas = schemas
            self.functions = functions
        }
    }

    /// The host that `signs` point to.
    ///
    /// What the server says counts before its name, which may be an alias or a
    /// tunnel. Heroku, Supabase and Neon come before those whose machines they
    /// may run on.
    package init(_ signs: Signs) {
        let name = signs.hostName.lowercased()
        func hasSetting(_ prefix: String) -> Bool { signs.settings.contains { $0.hasPrefix(prefix) } }
        func isNamed(_ endings: String...) -> Bool { endings.contains { name.hasSuffix($0) } }
        let checks: [(host: HostType, holds: Bool)] = [
            (.heroku, signs.schemas.contains("heroku_ext")),
            (.supabase, signs.roles.contains("supabase_admin")),
            (.neon, hasSetting("neon.") || signs.roles.contains("neon_superuser")),
            (.aurora, signs.functions.contains("aurora_version")),
            (.rds, hasSetting("rds.") || signs.roles.contains("rds_superuser")),
            (.azure, hasSetting("azure.") || signs.roles.contains("azure_pg_admin")),
            (.cloudSQL, hasSetting("cloudsql.") || signs.roles.contains("cloudsqlsuperuser")),
            (.supabase, isNamed(".supabase.co", ".supabase.com")),
            (.neon, isNamed(".neon.tech", ".neon.build")),
            (.render, isNamed(".render.com")),
            (.azure, isNamed(".postgres.database.azure.com")),
            (.aurora, isNamed(".rds.amazonaws.com", ".rds.amazonaws.com.cn") && name.contains(".cluster-")),
            (.rds, isNamed(".rds.amazonaws.com", ".rds.amazonaws.com.cn")),
            (.heroku, name.hasPrefix("ec2-") && isNamed(".amazonaws.com")),
        ]
        self = checks.first(where: \.holds)?.host ?? .selfHosted
    }
}
