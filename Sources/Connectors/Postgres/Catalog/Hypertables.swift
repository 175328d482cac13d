/// The tables of TimescaleDB: to Postgres, each is an empty table that others, its chunks, inherit from.
struct Hypertables: Sendable {
    /// By OID, the tables that users know.
    private(set) var roots: Set<UInt32> = []
    /// Their chunks, and the tables that hold what is compressed or summed up, by OID.
    private(set) var internals: Set<UInt32> = []

    /// None.
    init() {}

    /// Those of the session's database: none where TimescaleDB is not installed.
    init(_ session: Session) throws {
        guard try session.query(Self.mayAsk).value == "t" else { return }
        for row in try session.query(Self.question).rows {
            guard row.count == 2, let oid = row[0].flatMap({ UInt32($0) }) else {
                throw PostgresError.malformed(session.endpoint, what: "a row of TimescaleDB's catalog")
            }
            if row[1] == "t" { internals.insert(oid) } else { roots.insert(oid) }
        }
    }

    private static let mayAsk = """
        SELECT EXISTS (
          SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = '_timescaledb_catalog' AND c.relname = 'hypertable'
            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
        )
        """

    private static let question = """
        WITH roots AS (
          SELECT c.oid, n.nspname = '_timescaledb_internal' AS is_internal
          FROM _timescaledb_catalog.hypertable h JOIN pg_catalog.pg_namespace n ON n.nspname = h.schema_name
            JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = h.table_name
        )
        SELECT oid, is_internal FROM roots
        UNION
        SELECT i.inhrelid, true FROM pg_catalog.pg_inherits i JOIN roots r ON r.oid = i.inhparent
        """
}
