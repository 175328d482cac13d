import TandemCore
import Synchronization
import TandemEngine
import TandemTesting
import Testing

/// Rows that stay although they were deleted at the source.
@Suite(.blocking) struct SoftDeleteTests {
    private static let setup = """
        CREATE TABLE orders (id int PRIMARY KEY, note text);
        INSERT INTO orders SELECT n, repeat('note ' || n, 2000) FROM generate_series(1, 6) n;
        CREATE TABLE log (line text);
        ALTER TABLE log REPLICA IDENTITY FULL;
        INSERT INTO log SELECT 'line ' || n % 2 FROM generate_series(1, 4) n
        """
    private static let marked = "SELECT id FROM orders WHERE _tandem_deleted_at IS NOT NULL ORDER BY id"

    private func isEqual(_ shop: FollowedDatabase) async throws -> Bool {
        if case .equal = try await shop.verify().verdict { true } else { false }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func deletedRowsStayWithTheTimeOfTheirCommit(version: PostgresServer.Version) async throws {
        var shop = try FollowedDatabase(version, Self.setup)
        shop.sync.deletes = .soft
        try await shop.run()
        let start = Double(try shop.database.execute("SELECT extract(epoch FROM clock_timestamp())")) ?? 0
        try shop.database.execute("DELETE FROM orders WHERE id = 1")
        let end = Double(try shop.database.execute("SELECT extract(epoch FROM clock_timestamp())")) ?? 0
        try shop.database.execute(
            """
            UPDATE orders SET id = 20 WHERE id = 2; DELETE FROM orders WHERE id IN (3, 4);
            INSERT INTO orders VALUES (3, 'back'); UPDATE log SET line = 'changed' WHERE line = 'line 0';
            DELETE FROM log WHERE ctid = (SELECT max(ctid) FROM log WHERE line = 'line 1')
            """
        )
        try await shop.run()
        #expect(try await shop.ask(Self.marked) == [["1"], ["2"], ["4"]])
        let time = try await shop.ask("SELECT epoch_us(_tandem_deleted_at)::VARCHAR FROM orders WHERE id = 1")
        let seconds = (Double(time[0][0]) ?? 0) / 1_000_000
        #expect(seconds >= start - 0.001 && seconds <= end + 0.001)
        let long = "SELECT DISTINCT length(note) FROM orders WHERE id IN (1, 2, 20)"
        #expect(try await shop.ask(long) == [["12000"]], "as they were, and where they went")
        let lines = "SELECT line, _tandem_deleted_at IS NULL FROM log ORDER BY 1, 2"
        let wanted = [["changed", "true"], ["changed", "true"], ["line 1", "false"], ["line 1", "true"]]
        #expect(try await shop.ask(lines) == wanted)
        #expect(try await isEqual(shop))
        try shop.database.execute("TRUNCATE orders; INSERT INTO orders VALUES (5, 'again')")
        try await shop.run()
        #expect(try await shop.ask(Self.marked) == [1, 2, 3, 4, 6, 20].map { ["\($0)"] })
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    @Test func marksOutliveACopyThatIsMadeAgain() async throws {
        var shop = try FollowedDatabase(.v16, Self.setup)
        shop.sync.deletes = .soft
        shop.sync.syncedAt = true
        try await shop.run()
        try shop.database.execute("DELETE FROM orders WHERE id = 1")
        try await shop.run()
        try shop.database.execute(
            "ALTER TABLE orders ALTER COLUMN note TYPE varchar(50000); ALTER TABLE orders ADD COLUMN r float DEFAULT random()"
        )
        try shop.database.execute("DELETE FROM orders WHERE id = 2")
        #expect(try await shop.run().report.outcomes.count == 1)
        #expect(try await shop.ask(Self.marked) == [["1"], ["2"]])
        #expect(try await shop.ask("SELECT count(*) FROM orders WHERE _tandem_synced_at IS NULL") == [["0"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    /// The most usual change of all is a key that becomes `bigint`.
    @Test(arguments: EveryWay.all.filter { $0.reading == .pgoutput })
    func marksOutliveNewTypes(way: EveryWay) async throws {
        let shop = try TestDatabase(.v16)
        try shop.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY, small int2, word text, n numeric(8, 2), day date, b bool);
            INSERT INTO t SELECT n, n, CASE WHEN n = 2 THEN 'two' ELSE n::text END, n + 0.25, '2024-01-01', true
            FROM generate_series(1, 5) n
            """
        )
        let told = Mutex<[String]>([])
        var route = try EveryWay.Route(way, from: shop, into: way.isIntoPostgres ? TestDatabase(.v18) : nil)
        route.sync.deletes = .soft
        route.notify = { text in told.withLock { $0.append(text) } }
        try await route.run()
        try shop.execute("DELETE FROM t WHERE id IN (1, 2, 3)")
        try await route.run()
        try shop.execute(
            """
            UPDATE t SET word = '0' WHERE word !~ '^[0-9]+$';
            ALTER TABLE t ALTER id TYPE bigint, ALTER small TYPE int4, ALTER word TYPE int USING word::int,
              ALTER n TYPE numeric(10, 3), ALTER day TYPE timestamp, ALTER b TYPE text
            """
        )
        #expect(try await route.run() == 1)
        let sql = "SELECT id, small, word, n, CAST(day AS date), b FROM t WHERE _tandem_deleted_at IS NOT NULL ORDER BY id"
        let rows = [["1", "1", "1", "1.250"], ["2", "2", "-", "2.250"], ["3", "3", "3", "3.250"]]
        #expect(try await route.ask(sql) == rows.map { $0 + ["2024-01-01", "true"] })
        let words = told.withLock(\.self)
        #expect(words.count == 1 && words.first?.contains("word") == true && words.first?.contains("(1)") == true, "\(words)")
        #expect(!words.joined().contains("two"))
        try await route.tearDown()
        try shop.drop()
    }

    @Test func theSettingCanBeChangedAtAnyTime() async throws {
        var shop = try FollowedDatabase(.v16, Self.setup)
        try await shop.run()
        shop.sync.deletes = .soft
        shop.sync.syncedAt = true
        #expect(try await shop.run().report.outcomes.isEmpty, "nothing is copied again")
        try shop.database.execute("DELETE FROM orders WHERE id = 1; UPDATE orders SET note = 'x' WHERE id = 2")
        try await shop.run()
        #expect(try await shop.ask(Self.marked) == [["1"]])
        #expect(
            try await shop.ask("SELECT id FROM orders WHERE _tandem_synced_at IS NOT NULL ORDER BY id") == [
                ["1"], ["2"],
            ]
        )
        shop.sync.deletes = .hard
        shop.sync.syncedAt = false
        #expect(try await shop.run().report.outcomes.isEmpty)
        #expect(try await shop.ask("SELECT column_name FROM duckdb_columns() WHERE table_name = 'orders'").count == 2)
        #expect(try await shop.ask("SELECT count(*) FROM orders") == [["5"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    @Test func aFullCopyHasTheTimeOfItsWriting() async throws {
        var shop = try FollowedDatabase(.v16, "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2)")
        shop.sync.method = .fixed(.fullTable)
        shop.sync.syncedAt = true
        try await shop.run()
        let count = "SELECT count(*) FROM a WHERE now() - _tandem_synced_at < INTERVAL 1 HOUR"
        #expect(try await shop.ask(count) == [["2"]])
        #expect(try await isEqual(shop))
        try shop.database.drop()
    }
}
