import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct PostgresConformanceTests {
    private static let seed = UInt64.random(in: .min ... .max)

    @Test(arguments: PostgresServer.Version.allCases)
    func keepsEveryPromiseOfASource(version: PostgresServer.Version) async throws {
        let harness = try PostgresHarness(version)
        try await SourceConformance(harness).run()
        try await SnapshotConformance(harness, seed: Self.seed).run()
    }

    /// The paths for servers that are too old to be at hand.
    @Test(arguments: [90_400, 90_600, 110_000, 130_000])
    func keepsThemOnThePathsForOldServers(version: Int) async throws {
        let harness = try PostgresHarness(.v16, pinned: version)
        try await SourceConformance(harness).run()
        try await SnapshotConformance(harness, seed: Self.seed).run()
    }

    @Test func keepsThemOnAStandbyThatCannotShareASnapshot() async throws {
        let harness = try PostgresHarness(.v15, pinned: 90_600, isStandby: true)
        try await SourceConformance(harness).run()
        try await SnapshotConformance(harness, seed: Self.seed).run()
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func keepsEveryPromiseOfACursorReader(version: PostgresServer.Version) async throws {
        try await CursorConformance(PostgresHarness(version), seed: Self.seed).run()
    }

    @Test(arguments: [(PostgresServer.Version.v15, "wal2json"), (.v16, "pgoutput"), (.v18, "pgoutput")])
    func keepsEveryPromiseOfALog(version: PostgresServer.Version, plugin: String) async throws {
        let harness = try PostgresHarness(version, plugin: plugin)
        try await ChangeLogConformance(harness, by: .logBased, seed: Self.seed).run()
    }

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func triggersKeepThemToo(version: PostgresServer.Version) async throws {
        let harness = try PostgresHarness(version)
        try await ChangeLogConformance(harness, by: .triggerBased, seed: Self.seed).run()
    }
}

private final class PostgresHarness: ChangeLogHarness {
    private let database: TestDatabase
    private let config: PostgresConfig
    private let writer: Connection
    private let pinned: Int?
    private let isStandby: Bool
    /// Tables in which nothing tells rows apart.
    private let keyless = Mutex<Set<TableName>>([])

    init(
        _ version: PostgresServer.Version,
        plugin: String? = nil,
        pinned: Int? = nil,
        isStandby: Bool = false
    ) throws {
        database = try TestDatabase(version)
        var config = database.config
        config.plugin = plugin.flatMap(PostgresConfig.Plugin.init(rawValue:))
        self.config = config
        writer = Connection(config, in: .test)
        self.pinned = pinned
        self.isStandby = isStandby
    }

    func makeSource(holding tables: [SampleTable]) async throws -> any Source {
        if pinned != nil { try database.execute(Self.oldNames) }
        for table in tables {
            let name = SQL.name(table.schema.name)
            let isKeyed = !table.schema.identity.isEmpty
            keyless.withLock { names in
                if isKeyed { names.remove(table.schema.name) } else { names.insert(table.schema.name) }
            }
            let lines = table.rows.map { row in
                "\(row.id)\t\(row.note ?? "\\N")\t\(row.amount.map { "\($0)" } ?? "\\N")\n"
            }.joined()
            try database.execute(
                """
                DROP TABLE IF EXISTS \(name);
                CREATE TABLE \(name) (id int8\(isKeyed ? " PRIMARY KEY" : ""), note text, amount int4);
                ALTER TABLE \(name) ALTER note SET STORAGE EXTERNAL;
                \(isKeyed ? "" : "ALTER TABLE \(name) REPLICA IDENTITY FULL;")
                COPY \(name) FROM STDIN;
                \(lines)\\.

                """
            )
        }
        return makeSource()
    }

    private func makeSource() -> PostgresSource {
        let context = ConnectionContext(name: "test", folder: "/", syncs: ["conformance"])
        return PostgresSource(
            config,
            in: context,
            pinned: { [pinned, isStandby] capabilities in
                if let pinned { capabilities.version = pinned }
                if isStandby { capabilities.isInRecovery = true }
            },
            sectionBytes: 1 << 16
        )
    }

    func commit(_ changes: [(table: TableName, change: SampleChange)]) async throws {
        let statements = changes.map { sql($0.change, $0.table) }
        try await writer.run { session in
            try session.execute((["BEGIN READ WRITE"] + statements + ["COMMIT"]).joined(separator: "; "))
        }
    }

    func makeSource(holdingUnfit table: TableName) async throws -> (any Source)? {
        let name = SQL.name(table)
        try database.execute(
            """
            DROP TABLE IF EXISTS \(name);
            CREATE TABLE \(name) (id int8 PRIMARY KEY, value timestamp);
            INSERT INTO \(name) VALUES (1, '2024-01-02 03:04:05')
            """
        )
        return makeSource()
    }

    func writeUnfit(_ id: Int64, to table: TableName) async throws {
        try database.execute("INSERT INTO \(SQL.name(table)) VALUES (\(id), '294276-12-31 23:59:59')")
    }

    func addColumn(_ name: String, holding value: Int32, to table: TableName) async throws -> Bool {
        try database.execute(
            "ALTER TABLE \(SQL.name(table)) ADD \(SQL.identifier(name)) int4 NOT NULL DEFAULT \(value)"
        )
        return true
    }

    func statement(reading table: TableName) -> String? { "SELECT * FROM \(SQL.name(table))" }

    func openWriter(
        of row: SampleTable.Row,
        to table: TableName
    ) async throws -> (@Sendable () async throws -> Void)? {
        let open = OpenSession(try database.session())
        try open.session.execute("BEGIN READ WRITE; \(sql(.write(row), table))")
        return {
            try open.session.execute("COMMIT")
            open.session.close()
        }
    }

    // Unchecked because one after another uses it.
    private final class OpenSession: @unchecked Sendable {
        let session: Session
        init(_ session: Session) { self.session = session }
    }

    private func sql(_ change: SampleChange, _ table: TableName) -> String {
        let name = SQL.name(table)
        let isKeyed = !keyless.withLock { $0.contains(table) }
        let conflict = "ON CONFLICT (id) DO UPDATE SET note = excluded.note, amount = excluded.amount"
        func note(_ row: SampleTable.Row) -> String { row.note.map(SQL.literal) ?? "NULL" }
        func amount(_ row: SampleTable.Row) -> String { row.amount.map { "\($0)" } ?? "NULL" }
        return switch change {
        case .write(let row):
            "INSERT INTO \(name) VALUES (\(row.id), \(note(row)), \(amount(row))) \(isKeyed ? conflict : "")"
        case .update(let row): "UPDATE \(name) SET amount = \(amount(row)) WHERE id = \(row.id)"
        case .move(let id, let row):
            "UPDATE \(name) SET id = \(row.id), note = \(note(row)), amount = \(amount(row)) WHERE id = \(id)"
        case .delete(let id): "DELETE FROM \(name) WHERE id = \(id)"
        case .empty: "TRUNCATE \(name)"
        }
    }

    /// What servers before 10 call these functions.
    private static let oldNames = """
        CREATE OR REPLACE FUNCTION pg_catalog.pg_current_xlog_insert_location() RETURNS pg_lsn
          LANGUAGE sql AS 'SELECT pg_current_wal_insert_lsn()';
        CREATE OR REPLACE FUNCTION pg_catalog.pg_last_xlog_replay_location() RETURNS pg_lsn
          LANGUAGE sql AS 'SELECT pg_last_wal_replay_lsn()';
        CREATE OR REPLACE FUNCTION pg_catalog.pg_current_xlog_flush_location() RETURNS pg_lsn
          LANGUAGE sql AS 'SELECT pg_current_wal_flush_lsn()';
        CREATE OR REPLACE FUNCTION pg_catalog.pg_current_xlog_location() RETURNS pg_lsn
          LANGUAGE sql AS 'SELECT pg_current_wal_lsn()';
        """
}
