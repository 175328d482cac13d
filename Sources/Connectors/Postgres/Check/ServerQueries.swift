/// The questions about a server as a whole, as a server of one version understands them.
struct ServerQueries: Sendable {
    /// As `server_version_num`.
    let version: Int

    /// One row. Read by ``ServerFacts/init(facts:settings:signs:hostName:version:)``.
    var facts: String {
        let bypasses = version >= 90_500 ? "r.rolbypassrls" : "r.rolsuper"
        // What kind of process it is, is hidden of those of other users; before 10, clients are all that is listed.
        let clients =
            "a.datid IS NOT NULL AND a.usesysid IS NOT NULL"
            + (version >= 100_000 ? " AND coalesce(a.backend_type, 'client backend') = 'client backend'" : "")
        return """
            SELECT pg_catalog.current_database(), current_user, r.rolsuper,
              r.rolreplication OR r.rolsuper OR EXISTS (
                SELECT FROM pg_catalog.pg_roles h
                WHERE h.rolname = 'rds_replication' AND pg_catalog.pg_has_role(h.oid, 'MEMBER')),
              \(bypasses) OR r.rolsuper, CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit END,
              CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit END,
              pg_catalog.has_database_privilege(d.oid, 'CREATE'), n.oid IS NOT NULL,
              CASE WHEN n.oid IS NULL THEN pg_catalog.has_database_privilege(d.oid, 'CREATE')
                ELSE pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                END,
              pg_catalog.pg_is_in_recovery(), pg_catalog.pg_encoding_to_char(d.encoding),
              (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE \(clients)),
              (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE \(clients) AND a.usename = current_user),
              (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE \(clients) AND a.datid = d.oid)
            FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
              LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = '\(TriggerNames.schema)'
            WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()
            """
    }

    /// Name and value of every setting the user may see.
    var settings: String { "SELECT s.name, s.setting FROM pg_catalog.pg_settings s" }

    /// What tells hosts apart, one a row: a word for what it is, and its name.
    var signs: String {
        """
        SELECT 'role', r.rolname::text FROM pg_catalog.pg_roles r
        WHERE r.rolname IN ('supabase_admin', 'neon_superuser', 'rds_superuser', 'azure_pg_admin', 'cloudsqlsuperuser')
        UNION ALL
        SELECT 'schema', n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.nspname = 'heroku_ext'
        UNION ALL
        SELECT 'function', p.proname::text FROM pg_catalog.pg_proc p WHERE p.proname = 'aurora_version'
        """
    }
}
