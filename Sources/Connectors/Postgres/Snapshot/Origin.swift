/// Tells one database from every other.
enum Origin {
    /// The cluster's identifier and the database's number: the same at a primary, its standbys and copies of its
    /// files, another wherever a dump was restored.
    ///
    /// Where the cluster's identifier may not be read, its address stands in.
    static func read(_ session: Session) throws -> String {
        let database =
            try session.query(
                "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
            ).value ?? "0"
        return "\(try cluster(session))/\(database)"
    }

    private static func cluster(_ session: Session) throws -> String {
        let address = session.endpoint.server
        guard session.capabilities.hasControlFunctions else { return address }
        let mayAsk = "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
        guard try session.query(mayAsk).value == "t" else { return address }
        return try session.query("SELECT system_identifier FROM pg_catalog.pg_control_system()").value ?? address
    }
}
