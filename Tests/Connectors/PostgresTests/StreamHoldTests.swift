import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// A table that is copied beside the stream, while that holds what changes in it.
@Suite(.blocking) struct StreamHoldTests {
    /// What is held completes the copy, whenever it was made, or is given up and read once more.
    @Test(arguments: StreamHistoryTests.Way.all)
    func theCopyEqualsItsSource(_ way: StreamHistoryTests.Way) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let database = try TestDatabase(way.version)
        var history = StreamHistory(seed: seed, truncates: way.format == .changes)
        try database.execute(StreamHistory.setUp + history.sql(transactions: 30))
        let capture = try StreamCapture(
            database,
            plugin: way.plugin,
            format: way.format,
            publication: way.publication
        )
        defer { try? capture.drop() }
        var joined = 0
        for _ in 0..<3 {
            try database.execute(history.sql(transactions: 10))
            var replicas: [(name: String, replica: StreamReplica)] = []
            for name in StreamHistory.tables {
                replicas.append((name, try await StreamReplica(database, tables: [name])))
            }
            try database.execute(history.sql(transactions: 10))
            for (name, replica) in replicas {
                guard try !replica.table(name).schema.identity.isEmpty else { continue }
                switch try replica.followHolding(name, capture) {
                case .joined: joined += 1
                case .lost: try replica.follow(capture)
                case let other: Issue.record("seed \(seed): \(name) is \(String(describing: other))")
                }
                try await replica.expectEqual("seed \(seed)")
            }
        }
        #expect(joined > 0, "seed \(seed)")
    }

    private static let large = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) n)"

    /// Why it is given up, or nothing.
    @Test(arguments: [
        ("UPDATE t SET v = 'b' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (9)", nil),
        ("UPDATE t SET id = 9 WHERE id = 3", nil),
        ("TRUNCATE t; INSERT INTO t VALUES (1, 'again')", nil),
        ("UPDATE t SET v = \(large) WHERE id = 1; UPDATE t SET n = 1, id = 9 WHERE id = 1", nil),
        ("UPDATE t SET id = 9 WHERE id = 1", "a row changed its key, and some of its values were not sent"),
        ("ALTER TABLE t ADD c int; INSERT INTO t VALUES (9, '', 1, 1)", "its columns changed"),
        ("ALTER TABLE t RENAME v TO w; INSERT INTO t VALUES (9)", "its columns changed"),
        ("ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (9)", "its columns changed"),
        ("ALTER TABLE t ADD c int", nil),
        (
            "INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(10, 900) g",
            "too many of its rows have changed"
        ),
        ("UPDATE t SET n = g FROM generate_series(1, 3) g", nil),
    ]) func whatCannotBeHeld(_ sql: String, reason: String?) async throws {
        let database = try TestDatabase(.v16)
        try database.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY, v text, n int);
            ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
            INSERT INTO t VALUES (1, \(Self.large)), (2, 'b'), (3, 'c')
            """
        )
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: ["t"])
        replica.limits.held = 50_000
        try database.execute(sql)
        let said = try replica.followHolding("t", capture)
        #expect(said == reason.map { .lost($0) } ?? .joined)
        if reason != nil { try replica.follow(capture) }
        try await replica.expectEqual()
    }

    @Test func aPartitionThatIsTruncatedCannotBeHeld() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            """
            CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
            CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)
            """
        )
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: ["p"])
        try database.execute("INSERT INTO p SELECT generate_series(0, 19)")
        #expect(try replica.followHolding("p", capture) == .joined)
        #expect(replica.batches.last?.stretches.first?.parts.count == 2)
        try await replica.expectEqual()
        let other = try await StreamReplica(database, tables: ["p"])
        try database.execute("TRUNCATE p1")
        #expect(try other.followHolding("p", capture) == .lost("one of its partitions was truncated"))
    }

    /// Rows that the copy shows and that came after it was emptied would be marked with the others.
    @Test func whereRowsAreMarkedATableThatIsEmptiedCannotBeHeld() async throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: ["t"])
        try database.execute("DELETE FROM t")
        #expect(try replica.followHolding("t", capture, keepsDeletions: true) == .joined)
        try database.execute("TRUNCATE t")
        let said = try replica.followHolding("t", capture, keepsDeletions: true)
        #expect(said == .lost("it was emptied, and rows that go are to be marked"))
    }

    /// A row that changes all the time takes the room of one.
    @Test func rowsThatChangeAgainTakeNoMoreRoom() async throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1), (2)")
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: ["t"])
        replica.limits.held = 20_000
        for number in 0..<100 { try database.execute("UPDATE t SET v = repeat('\(number) ', 1000)") }
        #expect(try replica.followHolding("t", capture) == .joined)
        try await replica.expectEqual()
    }
}
