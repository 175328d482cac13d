import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Sums taken at the server, and what comes of them where they cannot be.
@Suite(.timeLimit(.minutes(5))) struct TableSumTests {
    private func sum(_ config: PostgresConfig, _ table: String, readers: Int = 2) async throws -> TableSum? {
        let source = PostgresSource(config, in: .test)
        let found = try await source.table(table)
        let snapshot = try await source.snapshot(readers: readers)
        let sum = try await snapshot.sum(of: found, as: found.schema)
        await snapshot.close()
        await source.close()
        return sum
    }

    /// Worked out by another program from what ``TableSum`` says of each type.
    @Test(arguments: PostgresServer.Version.allCases)
    func aRowsNumberIsAsDefined(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE t (a bool, b int2, c int4, d int8, e numeric(6,2), f uuid, g text, h text, i json, j bytea,
              k date, l date, m time, n timestamp, o timestamptz, p char(3), q int4);
            INSERT INTO t VALUES (true, -5, 7, 9223372036854775807, -0.05, '00112233-4455-6677-8899-AABBCCDDEEFF', 'é',
              repeat('x', 129), '{"a": 1}', '\\x00ff', '1969-12-31', 'infinity', '24:00', '1970-01-01 00:00:00.000001',
              '-infinity', 'a', NULL)
            """
        )
        #expect(try await sum(database.config, "t") == TableSum(rows: 1, checksum: 0x179A_C090_0E45_C42C))
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func rangesAddUpToTheWhole(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE t (id int8, filler text); ALTER TABLE t ALTER filler SET STORAGE PLAIN;
            INSERT INTO t SELECT g, repeat('x', 400) FROM generate_series(1, 60000) g;
            CREATE TABLE one (LIKE t INCLUDING ALL); INSERT INTO one SELECT * FROM t WHERE id = 1;
            CREATE TABLE rest (LIKE t INCLUDING ALL); INSERT INTO rest SELECT * FROM t WHERE id > 1
            """
        )
        let one = try #require(try await sum(database.config, "one", readers: 1))
        let rest = try #require(try await sum(database.config, "rest", readers: 1))
        #expect(one.rows + rest.rows == 60_000)
        #expect(try await sum(database.config, "t", readers: 4) == one + rest)
    }

    @Test func aServerThatCannotLeavesTheRowsToBeRead() async throws {
        let database = try TestDatabase(.v16)
        try database.execute(
            """
            CREATE TABLE t (id int8, ts timestamp); INSERT INTO t VALUES (1, '294276-12-31');
            CREATE VIEW v AS SELECT id, 1 / (id - 1) AS broken FROM t
            """
        )
        for table in ["t", "v"] {
            let source = PostgresSource(database.config, in: .test)
            let found = try await source.table(table)
            let snapshot = try await source.snapshot(readers: 2)
            #expect(try await snapshot.sum(of: found, as: found.schema) == nil)
            var ids = found.schema
            ids.columns = [found.schema.columns[0]]
            let rows = try await snapshot.rows(of: found, as: ids, unfit: .text)
            #expect(try await rows.pullAll().joined().reduce(0) { $0 + $1.rowCount } == 1)
            await snapshot.close()
            await source.close()
        }
    }

    @Test func rowsThatAPolicyChoosesAreRead() async throws {
        let database = try TestDatabase(.v15)
        let role = "r_\(database.name)"
        try database.execute(
            """
            CREATE TABLE t (id int4); INSERT INTO t SELECT generate_series(1, 10); CREATE ROLE \(role) LOGIN;
            GRANT SELECT ON t TO \(role); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY half ON t FOR SELECT TO \(role) USING (id <= 5)
            """
        )
        #expect(try await sum(database.config, "t")?.rows == 10)
        var config = database.config
        config.user = role
        #expect(try await sum(config, "t") == nil)
    }

    @Test func cancellingStopsTheServer() async throws {
        let database = try TestDatabase(.v18)
        try database.execute("CREATE TABLE held (id int4)")
        let holder = try database.session()
        try holder.begin(.readWrite)
        try holder.execute("LOCK TABLE public.held")
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await sum(database.config, "held") }
                try database.server.awaitRow(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
                    in: database.name
                )
                group.cancelAll()
                try await group.next()
            }
        }
        try database.server.awaitRow(
            """
            SELECT 1 WHERE NOT EXISTS (
              SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())
            """,
            in: database.name
        )
        try holder.execute("ROLLBACK")
    }
}
