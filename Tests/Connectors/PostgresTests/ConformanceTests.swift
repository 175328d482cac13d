import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct PostgresConformanceTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func keepsEveryPromiseOfASource(version: PostgresServer.Version) async throws {
        try await SourceConformance(Harness(version: version)).run()
    }

    /// The paths for servers that are too old to be at hand.
    @Test(arguments: [90_400, 90_600, 110_000, 130_000])
    func keepsThemOnThePathsForOldServers(version: Int) async throws {
        try await SourceConformance(Harness(version: .v16, pinned: version)).run()
    }

    @Test func keepsThemOnAStandbyThatCannotShareASnapshot() async throws {
        try await SourceConformance(Harness(version: .v15, pinned: 90_600, isStandby: true)).run()
    }

    private final class Harness: SourceHarness {
        private let database: TestDatabase
        private let pinned: Int?
        private let isStandby: Bool

        init(version: PostgresServer.Version, pinned: Int? = nil, isStandby: Bool = false) throws {
            database = try TestDatabase(version)
            self.pinned = pinned
            self.isStandby = isStandby
        }

        func makeSource(holding tables: [SampleTable]) async throws -> any Source {
            if pinned != nil { try database.execute(Self.oldNames) }
            for table in tables {
                let name = SQL.name(table.schema.name)
                try database.execute(
                    "DROP TABLE IF EXISTS \(name); CREATE TABLE \(name) (id int8 PRIMARY KEY, note text, amount int4 NOT NULL)"
                )
                try await insert(table.rows, into: table.schema.name)
            }
            return PostgresSource(database.config, in: .test) { [pinned, isStandby] capabilities in
                if let pinned { capabilities.version = pinned }
                if isStandby { capabilities.isInRecovery = true }
            }
        }

        /// What servers before 10 call these functions.
        private static let oldNames = """
            CREATE OR REPLACE FUNCTION pg_catalog.pg_current_xlog_insert_location() RETURNS pg_lsn
              LANGUAGE sql AS 'SELECT pg_current_wal_insert_lsn()';
            CREATE OR REPLACE FUNCTION pg_catalog.pg_last_xlog_replay_location() RETURNS pg_lsn
              LANGUAGE sql AS 'SELECT pg_last_wal_replay_lsn()';
            """

        func insert(_ rows: [SampleTable.Row], into table: TableName) async throws {
            let lines = rows.map { "\($0.id)\t\($0.note ?? "\\N")\t\($0.amount)" }.map { $0 + "\n" }.joined()
            try database.execute("COPY \(SQL.name(table)) FROM STDIN;\n\(lines)\\.\n")
        }
    }
}
