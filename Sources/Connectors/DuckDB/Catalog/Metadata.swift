import TandemCore
import TandemRows

/// What Tandem remembers in the warehouse itself: the tables of schema `tandem`, which anyone may read.
struct Metadata {
    static let schema = "tandem"
    static let version = 10

    let session: Session

    init(_ session: Session) { self.session = session }

    func table(_ name: String) -> String { session.quoted(TableName(schema: Self.schema, table: name)) }

    /// Makes the tables where they are missing, and brings those of an older version to this one.
    func prepare() throws {
        if try exists() { return try upgrade() }
        try session.transaction {
            try session.run(
                """
                CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema: Self.schema));
                CREATE TABLE \(table("version")) (version BIGINT NOT NULL);
                INSERT INTO \(table("version")) VALUES (\(Self.version));
                CREATE TABLE \(table("loads")) (
                    schema_name VARCHAR NOT NULL, table_name VARCHAR NOT NULL, note VARCHAR
                );
                CREATE TABLE \(table("tables")) (
                    sync VARCHAR NOT NULL, schema_name VARCHAR NOT NULL, table_name VARCHAR NOT NULL,
                    source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, source_id BIGINT NOT NULL,
                    columns JSON NOT NULL, key_columns JSON NOT NULL, row_count BIGINT NOT NULL,
                    checkpoint VARCHAR NOT NULL, origin VARCHAR NOT NULL, source_time DOUBLE NOT NULL,
                    copied_at TIMESTAMPTZ NOT NULL, stream VARCHAR, position VARCHAR, left_out VARCHAR,
                    own_columns VARCHAR, parts VARCHAR, cursor VARCHAR, issues VARCHAR, patchwork BOOLEAN,
                    definition VARCHAR, kept_columns VARCHAR
                );
                \(createStreams);
                \(createMade);
                """,
                to: "make schema \(Self.schema)"
            )
        }
    }

    private var createStreams: String {
        """
        CREATE TABLE \(table("streams")) (
            sync VARCHAR NOT NULL, id VARCHAR NOT NULL, checkpoint VARCHAR NOT NULL, time DOUBLE,
            method VARCHAR DEFAULT 'LOG_BASED'
        )
        """
    }

    private var createMade: String {
        """
        CREATE TABLE \(table("made")) (
            sync VARCHAR NOT NULL, project VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
            place VARCHAR NOT NULL, replacing VARCHAR
        )
        """
    }

    private func upgrade() throws {
        let version = try storedVersion()
        guard version < Self.version else { return }
        let second = """
            ALTER TABLE \(table("tables")) ADD COLUMN stream VARCHAR;
            ALTER TABLE \(table("tables")) ADD COLUMN position VARCHAR;
            \(createStreams);
            """
        let third = """
            ALTER TABLE \(table("tables")) ADD COLUMN left_out VARCHAR;
            ALTER TABLE \(table("tables")) ADD COLUMN own_columns VARCHAR;
            """
        let fifth = "ALTER TABLE \(table("tables")) ADD COLUMN cursor VARCHAR;"
        let fourth = "ALTER TABLE \(table("tables")) ADD COLUMN parts VARCHAR;"
        let sixth = "ALTER TABLE \(table("tables")) ADD COLUMN issues VARCHAR;"
        let seventh = "ALTER TABLE \(table("streams")) ADD COLUMN method VARCHAR DEFAULT 'LOG_BASED';"
        let eighth = """
            ALTER TABLE \(table("tables")) ADD COLUMN patchwork BOOLEAN;
            ALTER TABLE \(table("loads")) ADD COLUMN note VARCHAR;
            """
        let ninth = "ALTER TABLE \(table("tables")) ADD COLUMN definition VARCHAR; \(createMade);"
        try session.transaction {
            try session.run(
                """
                \(version < 2 ? second : "") \(version < 3 ? third : "") \(version < 4 ? fourth : "")
                \(version < 5 ? fifth : "") \(version < 6 ? sixth : "") \((2..<7).contains(version) ? seventh : "")
                \(version < 8 ? eighth : "")
                \(version < 9 ? ninth : "")
                ALTER TABLE \(table("tables")) ADD COLUMN kept_columns VARCHAR;
                UPDATE \(table("version")) SET version = \(Self.version);
                """,
                to: "bring schema \(Self.schema) to version \(Self.version)"
            )
        }
    }

    /// Drops all that this program made but users' tables, and says what that was.
    func remove() throws -> [String] {
        guard try exists() else { return [] }
        var removed: [String] = []
        try session.transaction {
            for load in try loads() {
                try session.run("DROP TABLE IF EXISTS \(session.quoted(load))", to: "drop \(load)")
                removed.append("table \(load), left over from a run")
            }
            for name in ["loads", "made", "streams", "tables", "version"] {
                try session.run("DROP TABLE IF EXISTS \(table(name))", to: "drop \(Self.schema).\(name)")
                removed.append("table \(Self.schema).\(name)")
            }
            // Users may have put tables of their own there.
            guard try Catalogue(session).isEmpty(schema: Self.schema) else { return }
            try session.run("DROP SCHEMA \(session.quoted(schema: Self.schema))", to: "drop schema \(Self.schema)")
            removed.append("schema \(Self.schema)")
        }
        return removed
    }

    /// Not to be asked in a transaction, which a no would end.
    func exists() throws -> Bool {
        do {
            // The catalog's own tables would be the cleaner answer, and take twenty times as long.
            _ = try Statement("SELECT NULL FROM \(table("tables"))", in: session, to: "look for its tables")
            return true
        } catch DuckDBError.failed(_, let reason) where reason.hasPrefix("Catalog Error") {
            return false
        }
    }

    /// Which version the tables are of.
    ///
    /// - Throws: If that is newer than this program.
    @discardableResult
    func storedVersion() throws -> Int {
        let rows = try session.texts("SELECT max(version)::VARCHAR FROM \(table("version"))", to: "read its version")
        let version = rows.first?.first?.flatMap { Int($0) } ?? 0
        guard version <= Self.version else {
            throw DuckDBError.newerMetadata(path: session.file.path, version: version)
        }
        return version
    }
}

// MARK: Copies

extension Metadata {
    /// Copies that one statement stores: each costs more than its rows, and takes memory for every word of them.
    private static let portion = 100

    /// Stores `copies` in place of what was known of the same targets and of `retired`.
    func remember(_ copies: [CopiedTable], retiring retired: [TableName], of sync: String) throws {
        try forgetTables(copies.map(\.target) + retired)
        for start in stride(from: 0, to: copies.count, by: Self.portion) {
            try store(copies[start..<min(start + Self.portion, copies.count)], of: sync)
        }
    }

    private func store(_ copies: ArraySlice<CopiedTable>, of sync: String) throws {
        let rows = try copies.map { copy in
            let schema = try StoredSchema(copy.schema)
            let texts = [
                sync, copy.target.schema, copy.target.table, copy.schema.name.schema, copy.schema.name.table,
                copy.idText, schema.columns, schema.key, "\(copy.rows)", copy.moment.checkpoint.description,
                copy.moment.origin, "\(copy.moment.time)",
            ]
            let rest =
                [
                    copy.stream, copy.moment.position?.description, copy.leftOutText, copy.ownColumnsText,
                    copy.partsText,
                    try copy.cursorText, try copy.issuesText,
                ].map { $0.map(SQL.literal) ?? "NULL" }
                + ["\(copy.isPatchwork)"]
                + [copy.definitionText, try copy.keptColumnsText].map { $0.map(SQL.literal) ?? "NULL" }
            return "(" + texts.map(SQL.literal).joined(separator: ", ") + ", now(), \(rest.joined(separator: ", ")))"
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
    func copies(of sync: String) throws -> [CopiedTable] {
        guard try exists() else { return [] }
        let version = try storedVersion()
        let nothing = "NULL::VARCHAR, NULL::VARCHAR"
        let ofStreams = version < 2 ? nothing : "stream, position"
        let ofColumns = version < 3 ? nothing : "left_out, own_columns"
        let ofParts = version < 4 ? "NULL::VARCHAR" : "parts"
        let ofCursor = version < 5 ? "NULL::VARCHAR" : "cursor"
        let ofIssues = version < 6 ? "NULL::VARCHAR" : "issues"
        let ofMoments = version < 8 ? "NULL::VARCHAR" : "patchwork::VARCHAR"
        let ofDefinitions = version < 9 ? "NULL::VARCHAR" : "definition"
        let ofColumnsKept = version < 10 ? "NULL::VARCHAR" : "kept_columns"
        let rows = try session.texts(
            """
            SELECT schema_name, table_name, source_schema, source_table, source_id::VARCHAR, columns::VARCHAR,
                key_columns::VARCHAR, row_count::VARCHAR, checkpoint, origin, source_time::VARCHAR, \(ofStreams),
                \(ofColumns), \(ofParts), \(ofCursor), \(ofIssues), \(ofMoments), \(ofDefinitions),
                \(ofColumnsKept)
            FROM \(table("tables")) WHERE sync = $1 ORDER BY schema_name, table_name
            """,
            [.text(sync)],
            to: "read what it knows of \(sync)"
        )
        do { return try rows.map(Self.copy) } catch is DecodingError {
            throw DuckDBError.failed(action: "read what it knows of \(sync)", reason: "a newer version wrote it")
        }
    }

    private static func copy(_ columns: [String?]) throws -> CopiedTable {
        let row = columns.map { $0 ?? "" }
        let stored = StoredSchema(columns: row[5], key: row[6])
        let name = TableName(schema: row[2], table: row[3])
        return try CopiedTable(
            target: TableName(schema: row[0], table: row[1]),
            schema: stored.schema(name: name, id: CopiedTable.id(row[4], of: name)),
            rows: Int(row[7]) ?? 0,
            moment: Moment(
                checkpoint: Checkpoint(row[8]),
                origin: row[9],
                time: Double(row[10]) ?? 0,
                position: columns[12].map { Checkpoint($0) }
            ),
            stream: columns[11],
            leftOut: CopiedTable.leftOut(columns[13]),
            ownColumns: CopiedTable.ownColumns(columns[14]),
            parts: CopiedTable.parts(columns[15]),
            definition: columns[19].map(TableDefinition.init(text:)),
            cursor: CopiedTable.cursor(columns[16]),
            issues: CopiedTable.issues(columns[17]),
            isPatchwork: columns[18] == "true",
            keptColumns: CopiedTable.keptColumns(columns[20])
        )
    }

    /// The sync that wrote each target.
    func owners() throws -> [TableName: String] {
        guard try exists() else { return [:] }
        try storedVersion()
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
            let tables = "UPDATE \(table("tables")) SET sync = '', stream = NULL WHERE sync = $1 AND \(chosen)"
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
