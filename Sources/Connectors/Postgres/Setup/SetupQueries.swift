/// What has to be asked before a user is given access. `$1` is the user's name, who need not exist.
enum SetupQueries {
    /// One row. Read by ``SetupFacts``.
    static let role = """
        SELECT r.oid IS NOT NULL, pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT'),
          pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')
        FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $1
        WHERE d.datname = pg_catalog.current_database()
        """

    /// One row for each schema: whether tables may be made in it.
    static let fillable = """
        SELECT n.nspname, pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
            AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
        FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $1
        """

    /// One row for each schema that holds tables. Read by ``SchemaAccess``.
    static let schemas = """
        SELECT n.nspname, pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'),
          pg_catalog.has_schema_privilege(n.oid, 'USAGE WITH GRANT OPTION')
        FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $1
        WHERE EXISTS (
          SELECT FROM pg_catalog.pg_class c
          WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND \(CatalogQueries.isUsers))
        ORDER BY n.nspname
        """

    /// One row for each table and partition. Read by ``TableAccess``.
    static let tables = """
        SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner),
          pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT'),
          pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT'),
          pg_catalog.has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION'), pg_catalog.pg_has_role(c.relowner, 'USAGE')
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $1
        WHERE \(CatalogQueries.isUsers) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        ORDER BY n.nspname, c.relname
        """

    /// Whose future tables the user may read already: the schema, null for all, and the tables' owner.
    static let defaults = """
        SELECT n.nspname, pg_catalog.pg_get_userbyid(d.defaclrole)
        FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_roles r ON r.rolname = $1
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace,
          LATERAL pg_catalog.aclexplode(d.defaclacl) a
        WHERE d.defaclobjtype = 'r' AND a.privilege_type = 'SELECT' AND a.grantee IN (r.oid, 0)
        """
}
