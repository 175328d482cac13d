import TandemCore
import TandemRows

/// What Tandem remembers in the database it writes to: the tables of schema `tandem`.
struct Metadata {
    static let schema = "tandem"
    static let version = 10
    /// What an earlier one wrote is not read any more.
    static let oldestVersion = 9
    /// What the comment on each of our tables begins with, unless users have given it another. What is not ours, as
    /// ``Relations`` tells it, is never dropped or replaced.
    static let mark = "copied by tandem"
    /// Those who prepare or sweep take turns under this number.
    static let lock: Int64 = 0x74_616E_6465_6D00

    let session: Session

    init(_ session: Session) { self.session = session }

    static func table(_ name: String) -> String { SQL.name(TableName(schema: schema, table: name)) }

    /// Makes the tables where they are missing. Inside a transaction.
    func prepare() throws {
        if try storedVersion() == Self.version { return }
        try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Self.lock))")
        // Another one may have made them while this one waited.
        if let version = try storedVersion() {
            if version < Self.version { try upgrade() }
            return
        }
        try refuseStrangers()
        try session.makeSchema(Self.schema)
        try session.execute(
            """
            CREATE TABLE \(Self.table("version")) (version integer NOT NULL);
            INSERT INTO \(Self.table("version")) VALUES (\(Self.version));
            CREATE TABLE \(Self.table("loads")) (
                ticket bigint NOT NULL, schema_name text NOT NULL, table_name text NOT NULL,
                note text, is_text boolean, PRIMARY KEY (schema_name, table_name)
            );
            \(Self.createTables);
            CREATE TABLE \(Self.table("streams")) (
                sync text NOT NULL, method text NOT NULL, id text NOT NULL, checkpoint text NOT NULL,
                source_time double precision, applied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
                PRIMARY KEY (sync, method)
            );
            CREATE TABLE \(Self.table("made")) (
                sync text NOT NULL, project text NOT NULL, kind text NOT NULL, name text NOT NULL, place text NOT NULL,
                replacing text, PRIMARY KEY (sync, kind, name, place)
            );
            """
        )
        try makeStatus()
    }

    private static let createTables = """
        CREATE TABLE \(table("tables")) (
            sync text NOT NULL, schema_name text NOT NULL, table_name text NOT NULL, row_count bigint NOT NULL,
            document json NOT NULL, relation bigint, copied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
            PRIMARY KEY (schema_name, table_name)
        )
        """

    /// What people ask of the copies, unless something of theirs has the name.
    private func makeStatus() throws {
        let status = Self.table("status")
        guard try session.query("SELECT pg_catalog.to_regclass($1)", [status]).value == nil else { return }
        try session.execute(
            """
            CREATE VIEW \(status) AS
            SELECT t.sync, t.schema_name, t.table_name, t.document -> 'source' ->> 'schema' AS source_schema,
              t.document -> 'source' ->> 'table' AS source_table, nullif(c.reltuples, -1)::pg_catalog.int8 AS row_count,
              pg_catalog.to_timestamp(greatest((t.document -> 'moment' ->> 'time')::pg_catalog.float8, s.source_time))
                AS as_of, t.copied_at, coalesce(pg_catalog.json_array_length(t.document -> 'issues'), 0) AS issues
            FROM \(Self.table("tables")) t
              LEFT JOIN pg_catalog.pg_class c
                ON c.oid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', t.schema_name, t.table_name))
              LEFT JOIN \(Self.table("streams")) s ON s.sync = t.sync AND s.id = t.document ->> 'stream'
            WHERE t.sync <> '';
            COMMENT ON VIEW \(status) IS \(SQL.literal(Self.statusMark))
            """
        )
    }

    private static let statusMark = "made by tandem: what it has copied"

    /// From the version before.
    private func upgrade() throws {
        try session.execute(
            """
            ALTER TABLE \(Self.table("tables")) ADD COLUMN document json;
            UPDATE \(Self.table("tables")) SET document = \(Self.documentBefore);
            ALTER TABLE \(Self.table("tables")) ALTER COLUMN document SET NOT NULL,
              \(Self.columnsBefore.map { "DROP COLUMN \($0)" }.joined(separator: ", "));
            UPDATE \(Self.table("version")) SET version = \(Self.version)
            """
        )
        try makeStatus()
    }

    private static let columnsBefore = [
        "source_schema", "source_table", "source_id", "columns", "key_columns", "checkpoint", "position", "origin",
        "source_time", "stream", "left_out", "own_columns", "parts", "cursor", "issues", "patchwork", "definition",
        "kept_columns",
    ]

    /// The document of a copy from the columns that the version before stored of it.
    static let documentBefore = """
        pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
          'source', pg_catalog.json_build_object('schema', source_schema, 'table', source_table,
            'id', nullif(source_id, 0)),
          'shape', pg_catalog.json_build_object('columns', columns, 'key', key_columns),
          'moment', pg_catalog.json_build_object('checkpoint', checkpoint, 'origin', origin, 'time', source_time,
            'position', position),
          'stream', stream, 'definition', definition, 'cursor', cursor::pg_catalog.json,
          'issues', issues::pg_catalog.json, 'kept_columns', kept_columns::pg_catalog.json, 'spans_snapshots', patchwork,
          'left_out', pg_catalog.string_to_array(left_out, ',')::pg_catalog.int8[],
          'own_columns', pg_catalog.string_to_array(own_columns, ','),
          'parts', (SELECT pg_catalog.json_object_agg(pg_catalog.split_part(p.part, ':', 1),
              pg_catalog.split_part(p.part, ':', 2))
            FROM pg_catalog.unnest(pg_catalog.string_to_array(parts, ',')) AS p(part))))
        """

    private static let tables = ["loads", "made", "streams", "tables", "version"]

    func exists() throws -> Bool { try storedVersion() != nil }

    /// - Throws: ``PostgresError/destination(_:_:)`` where something of a user's has one of the names.
    func refuseStrangers() throws {
        guard let stranger = try OwnTables.stranger(Self.tables, session) else { return }
        let name = TableName(schema: Self.schema, table: stranger)
        throw PostgresError.destination(session.endpoint, .strangeMetadata(name))
    }

    /// Which version the tables are of; `nil` where there are none.
    ///
    /// - Throws: ``PostgresError/destination(_:_:)`` if that is newer than this program, or older than what it knows.
    func storedVersion() throws -> Int? {
        guard try OwnTables.exists("tables", session) else { return nil }
        let version = try session.query("SELECT max(version) FROM \(Self.table("version"))").value.flatMap { Int($0) }
        guard let version, version <= Self.version else {
            throw PostgresError.destination(session.endpoint, .newerMetadata(version: version ?? 0))
        }
        guard version >= Self.oldestVersion else {
            throw PostgresError.destination(session.endpoint, .olderMetadata(version: version))
        }
        return version
    }

    /// Drops all that this program made but users' tables, and says what that was. Inside a transaction.
    func remove() throws -> [String] {
        guard try exists() else { return [] }
        var removed: [String] = []
        for load in try loads() {
            try session.execute("DROP TABLE IF EXISTS \(SQL.name(load.name))")
            removed.append("table \(load.name), left over from a run")
        }
        let question = "SELECT pg_catalog.obj_description(pg_catalog.to_regclass($1), 'pg_class')"
        if try session.query(question, [Self.table("status")]).value == Self.statusMark {
            try session.execute("DROP VIEW \(Self.table("status"))")
        }
        for name in Self.tables {
            try session.execute("DROP TABLE IF EXISTS \(Self.table(name))")
            removed.append("table \(Self.schema).\(name)")
        }
        return try removed + (removeSchemaIfEmpty() ? ["schema \(Self.schema)"] : [])
    }

    /// Drops the schema if nothing is left in it: users, and this program at the other end, may have things of their
    /// own there. Inside a transaction.
    func removeSchemaIfEmpty() throws -> Bool {
        let question = """
            SELECT NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                AND d.refobjid = n.oid) AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
            FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
            """
        guard try session.query(question, [Self.schema]).value == "t" else { return false }
        try session.execute("DROP SCHEMA \(SQL.identifier(Self.schema))")
        return true
    }
}

extension Session {
    /// Makes a schema, if there is none of that name. Inside a transaction.
    func makeSchema(_ name: String) throws {
        // Not IF NOT EXISTS, which wants the right to make one even where there is one.
        let question = "SELECT true FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
        guard try query(question, [name]).value == nil else { return }
        try execute("CREATE SCHEMA IF NOT EXISTS \(SQL.identifier(name))")
    }

    /// One of several transactions that write, begun with the settings of all of ours and made durable by its COMMIT.
    func writing<Value>(_ body: () throws -> Value) throws -> Value {
        try DestinationServer.check(self)
        return try transaction(.readWrite) {
            try execute(
                """
                SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
                WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
                """
            )
            return try body()
        }
    }
}
