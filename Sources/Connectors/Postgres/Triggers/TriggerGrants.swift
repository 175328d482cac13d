/// What a user lacks who is to make triggers later, and to own what notes changes.
struct TriggerGrants {
    let session: Session
    let user: String

    /// Whether it may make no triggers on the table. One that is not there yet may nothing.
    func lacksTrigger(on relation: UInt32) throws -> Bool {
        let question = """
            SELECT NOT coalesce(pg_catalog.has_table_privilege(r.oid, c.oid, 'TRIGGER'), false)
            FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $2
            WHERE c.oid = $1::pg_catalog.oid
            """
        return try session.query(question, [String(relation), user]).value == "t"
    }

    /// Whether the schema is there and closed to it.
    func lacksSchema() throws -> Bool {
        let question = """
            SELECT NOT coalesce(pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')
              AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'), false)
            FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $2
            WHERE n.nspname = $1
            """
        return try session.query(question, [TriggerNames.schema, user]).value == "t"
    }
}
