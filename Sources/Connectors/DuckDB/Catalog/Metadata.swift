import TandemCore
import TandemRows

/// What Tandem remembers in the warehouse itself: the tables of schema `tandem`, which anyone may read.
final class Metadata {
    static let schema = "tandem"
    static let version = 11
    /// What an earlier one wrote is not read any more.
    static let oldestVersion = 10

    let session: Session
    /// Which version the tables are of, once that was asked and there were any.
    private var known: Int?

    init(_ session: Session) { self.session = session }

    func table(_ name: String) -> String { session.quoted(TableName(schema: Self.schema, table: name)) }

    /// Makes the tables where they are missing, and brings those of the version before to this one.
    ///
    /// - Throws: As ``storedVersion()``.
    func prepare() throws {
        if let version = try storedVersion() { return try upgrade(from: version) }
        try session.transaction {
            try session.run(
                """
                CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema: Self.schema));
                CREATE TABLE \(table("version")) (version BIGINT NOT NULL);
                INSERT INTO \(table("version")) VALUES (\(Self.version));
                CREATE TABLE \(table("loads")) (
                    schema_name VARCHAR NOT NULL, table_name VARCHAR NOT NULL, note VARCHAR
                );
                \(create("tables"));
                CREATE TABLE \(table("streams")) (
                    sync VARCHAR NOT NULL, id VARCHAR NOT NULL, checkpoint VARCHAR NOT NULL, time DOUBLE,
                    method VARCHAR DEFAULT 'LOG_BASED'
                );
                CREATE TABLE \(table("made")) (
                    sync VARCHAR NOT NULL, project VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
                    place VARCHAR NOT NULL, replacing VARCHAR
                );
                """,
                to: "make schema \(Self.schema)"
            )
            try makeStatus()
        }
    }

    /// The statement that makes the table of copies.
    private func create(_ name: String) -> String {
        """
        CREATE TABLE \(table(name)) (
            sync VARCHAR NOT NULL, schema_name VARCHAR NOT NULL, table_name VARCHAR NOT NULL,
            row_count BIGINT NOT NULL, document JSON NOT NULL, copied_at TIMESTAMPTZ NOT NULL
        )
        """
    }

    private static let status = TableName(schema: schema, table: "status")
    private static let statusMark = "made by tandem: what it has copied"

    /// What people ask of the copies, unless something of theirs has the name. A view keeps no file's name: files are
    /// attached under any.
    private func makeStatus() throws {
        guard try WarehouseCatalog(session).kind(of: Self.status) == nil else { return }
        let status = session.quoted(Self.status)
        try session.run(
            """
            CREATE VIEW \(status) AS
            SELECT t.sync, t.schema_name, t.table_name, t.document->'source'->>'schema' AS source_schema,
                t.document->'source'->>'table' AS source_table, t.row_count,
                to_timestamp(greatest((t.document->'moment'->>'time')::DOUBLE, s.time)) AS as_of, t.copied_at,
                coalesce(json_array_length(t.document->'issues'), 0) AS issues
            FROM \(Self.schema).tables t LEFT JOIN \(Self.schema).streams s
                ON s.sync = t.sync AND s.id = t.document->>'stream'
            WHERE t.sync <> '';
            COMMENT ON VIEW \(status) IS \(SQL.literal(Self.statusMark))
            """,
            to: "make \(Self.status)"
        )
    }

    private func dropStatus() throws {
        let marked = try session.texts(
            """
            SELECT view_name FROM duckdb_views()
            WHERE database_name = $1 AND schema_name = $2 AND view_name = $3 AND comment = $4
            """,
            [.text(session.catalog), .text(Self.status.schema), .text(Self.status.table), .text(Self.statusMark)],
            to: "look for \(Self.status)"
        )
        guard !marked.isEmpty else { return }
        try session.run("DROP VIEW \(session.quoted(Self.status))", to: "drop \(Self.status)")
    }

    private func upgrade(from version: Int) throws {
        guard version < Self.version else { return }
        known = nil
        try session.transaction {
            try session.run(
                """
                \(create("tables_new"));
                INSERT INTO \(table("tables_new"))
                SELECT sync, schema_name, table_name, row_count, \(documentBefore), copied_at FROM \(table("tables"));
                DROP TABLE \(table("tables"));
                ALTER TABLE \(table("tables_new")) RENAME TO tables;
                UPDATE \(table("version")) SET version = \(Self.version);
                """,
                to: "bring schema \(Self.schema) to version \(Self.version)"
            )
            try makeStatus()
        }
    }

    /// The document of a copy from the columns that the version before stored of it.
    private var documentBefore: String {
        """
        json_object(
            'source', json_object('schema', source_schema, 'table', source_table, 'id', nullif(source_id, 0)),
            'shape', json_object('columns', columns, 'key', key_columns),
            'moment', json_object('checkpoint', checkpoint, 'origin', origin, 'time', source_time, 'position', position),
            'stream', stream, 'definition', definition, 'cursor', cursor::JSON, 'issues', issues::JSON,
            'kept_columns', kept_columns::JSON, 'spans_snapshots', patchwork,
            'left_out', [id::BIGINT FOR id IN string_split(left_out, ',')], 'own_columns', string_split(own_columns, ','),
            'parts', map_from_entries([
                {k: split_part(part, ':', 1), v: split_part(part, ':', 2)} FOR part IN string_split(parts, ',')
            ])
        )
        """
    }

    /// Drops all that this program made but users' tables, and says what that was.
    func remove() throws -> [String] {
        guard try exists() else { return [] }
        known = nil
        var removed: [String] = []
        try session.transaction {
            for load in try loads() {
                try session.run("DROP TABLE IF EXISTS \(session.quoted(load))", to: "drop \(load)")
                removed.append("table \(load), left over from a run")
            }
            try dropStatus()
            for name in ["loads", "made", "streams", "tables", "version"] {
                try session.run("DROP TABLE IF EXISTS \(table(name))", to: "drop \(Self.schema).\(name)")
                removed.append("table \(Self.schema).\(name)")
            }
            // Users may have put tables of their own there.
            guard try WarehouseCatalog(session).isEmpty(schema: Self.schema) else { return }
            try session.run("DROP SCHEMA \(session.quoted(schema: Self.schema))", to: "drop schema \(Self.schema)")
            removed.append("schema \(Self.schema)")
        }
        return removed
    }

    /// Not to be asked in a transaction, which a no would end.
    private func exists() throws -> Bool {
        do {
            // The catalog's own tables would be the cleaner answer, and take twenty times as long.
            _ = try Statement("SELECT NULL FROM \(table("tables"))", in: session, to: "look for its tables")
            return true
        } catch DuckDBError.failed(_, let reason) where reason.hasPrefix("Catalog Error") {
            return false
        }
    }

    /// Which version the tables are of; `nil` where there are none. Not to be asked in a transaction, which that would
    /// end.
    ///
    /// - Throws: If it is newer than this program, or older than what it knows.
    func storedVersion() throws -> Int? {
        if let known { return known }
        guard try exists() else { return nil }
        let rows = try session.texts("SELECT max(version)::VARCHAR FROM \(table("version"))", to: "read its version")
        let version = rows.first?.first?.flatMap { Int($0) } ?? 0
        guard version <= Self.version else {
            throw DuckDBError.newerMetadata(path: session.file.path, version: version)
        }
        guard version >= Self.oldestVersion else {
            throw DuckDBError.olderMetadata(path: session.file.path, version: version)
        }
        known = version
        return version
    }
}

// MARK: Copies

extension Metadata {
    /// Copies that one statement stores: each costs more than its rows, and takes memory for every word of them.
    private static let portion = 100

    /// Stores `copies` in place of what was known of the same targets and of `retired`.
    func remember(_ copies: [SyncedTable], retiring retired: [TableName], of sync: String) throws {
        try forgetTables(copies.map(\.target) + retired)
        for start in stride(from: 0, to: copies.count, by: Self.portion) {
            try store(copies[start..<min(start + Self.portion, copies.count)], of: sync)
        }
    }

    private func store(_ copies: ArraySlice<SyncedTable>, of sync: String) throws {
        let rows = try copies.map { copy in
            let texts = [sync, copy.target.schema, copy.target.table].map(SQL.literal)
            return "(\(texts.joined(separator: ", ")), \(copy.rows), \(SQL.literal(try copy.document)), now())"
        }
        try session.run(
            "INSERT INTO \(table("tables")) VALUES \(rows.joined(separator: ", "))",
            to: "remember the copies"
        )
    }

    private func forgetTables(_ names: [TableName]) throws {
        guard !names.isEmpty else { return }
        let list = names.map { SQL.literal(SQL.foldedText($0)) }.joined(separator: ", ")
        try session.run(
            "DELETE FROM \(table("tables")) WHERE \(SQL.folded("schema_name", "table_name")) IN (\(list))",
            to: "forget the copies that are replaced"
        )
    }

    /// What is known of `sync`, by target.
    func copies(of sync: String) throws -> [SyncedTable] {
        guard try storedVersion() != nil else { return [] }
        return try stored("WHERE sync = \(SQL.literal(sync))")
    }

    /// What is known of tables of whatever sync, and of those that were forgotten.
    func allCopies() throws -> [SyncedTable] { try stored("") }

    private func stored(_ condition: String) throws -> [SyncedTable] {
        let document = try storedVersion() ?? Self.version < Self.version ? documentBefore : "document"
        let rows = try session.texts(
            """
            SELECT schema_name, table_name, row_count::VARCHAR, \(document)::VARCHAR FROM \(table("tables")) \(condition)
            ORDER BY schema_name, table_name
            """,
            to: "read what it knows of its copies"
        )
        do {
            return try rows.map { row in
                let target = TableName(schema: row[0] ?? "", table: row[1] ?? "")
                return try SyncedTable(document: row[3] ?? "", target: target, rows: row[2].flatMap { Int($0) } ?? 0)
            }
        } catch is DecodingError {
            throw DuckDBError.failed(action: "read what it knows of its copies", reason: "a newer version wrote it")
        }
    }

    /// The sync that wrote each target.
    func owners() throws -> [TableName: String] {
        guard try storedVersion() != nil else { return [:] }
        let rows = try session.texts(
            "SELECT schema_name, table_name, sync FROM \(table("tables")) WHERE sync <> ''",
            to: "read what it knows"
        )
        let owned = rows.map { (TableName(schema: $0[0] ?? "", table: $0[1] ?? ""), $0[2] ?? "") }
        return Dictionary(owned, uniquingKeysWith: { first, _ in first })
    }

    /// How many tables are remembered, of whatever sync.
    func count() throws -> Int {
        let question = "SELECT count(*)::VARCHAR FROM \(table("tables")) WHERE sync <> ''"
        let rows = try session.texts(question, to: "count its tables")
        return rows.first?.first?.flatMap { Int($0) } ?? 0
    }

    /// Forgets `sync` and its stream, or some of its tables. That these are ours, and which of their columns, is known
    /// as long as they are there.
    func forget(_ sync: String, _ tables: [TableName]?) throws {
        let list = (tables ?? []).map { SQL.literal(SQL.foldedText($0)) }.joined(separator: ", ")
        let name = SQL.folded("schema_name", "table_name")
        let chosen = tables == nil ? "true" : "\(name) IN (\(list.isEmpty ? "NULL" : list))"
        try session.transaction {
            if tables == nil {
                let streams = "DELETE FROM \(table("streams")) WHERE sync = $1"
                try session.run(streams, [.text(sync)], to: "forget \(sync)")
            }
            let tables = "UPDATE \(table("tables")) SET sync = '' WHERE sync = $1 AND \(chosen)"
            try session.run(tables, [.text(sync)], to: "forget tables of \(sync)")
            try session.run(
                """
                DELETE FROM \(table("tables")) WHERE sync = '' AND \(name) NOT IN (
                    SELECT \(name) FROM duckdb_tables() WHERE database_name = $1)
                """,
                [.text(session.catalog)],
                to: "forget tables of \(sync)"
            )
        }
    }
}
