import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Transactions that `pgoutput` sends before their end (protocol 2).
@Suite struct StreamInProgressTests {
    private static let options = ["proto_version": "2", "streaming": "on"]

    private func database(_ version: PostgresServer.Version) throws -> TestDatabase {
        let database = try TestDatabase(version)
        // So little is kept at the server that small transactions are sent before their end.
        try database.execute("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB'")
        return database
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func partsThatWereTakenBack(_ version: PostgresServer.Version) async throws {
        let database = try database(version)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (0, 'zero')")
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: ["t"])
        replica.limits.changes = 300
        try database.execute(
            """
            BEGIN;
            SAVEPOINT first; INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(-2000, -1) i; ROLLBACK TO first;
            INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 2000) i;
            SAVEPOINT a; ALTER TABLE t ADD gone int; UPDATE t SET gone = 1; ROLLBACK TO a;
            SAVEPOINT b; DELETE FROM t WHERE id % 2 = 0; SAVEPOINT c; DELETE FROM t WHERE id % 3 = 0; RELEASE c; RELEASE b;
            ALTER TABLE t ADD c int DEFAULT 5; UPDATE t SET a = 'y' WHERE id % 5 = 0;
            COMMIT;
            BEGIN; INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(5000, 7000) i; ROLLBACK;
            INSERT INTO t VALUES (9000);
            """
        )
        let kinds = Set(try capture.messages(Self.options).compactMap(\.bytes.first))
        #expect(kinds.isSuperset(of: Array("SEcAB".utf8)))
        try replica.follow(capture, Self.options)
        #expect(replica.recopies.isEmpty)
        #expect(replica.batches.count > 5)
        #expect(replica.batches.dropLast(1).contains { $0.state == nil })
        try await replica.expectEqual()
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func randomHistories(_ version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        let database = try database(version)
        // With TRUNCATE a server was seen to stop: see `PgOutput.options`.
        var history = StreamHistory(seed: seed, truncates: false)
        try database.execute(StreamHistory.setUp + history.sql(transactions: 30))
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        let replica = try await StreamReplica(database, tables: StreamHistory.tables)
        // One transaction of many, so that it is long enough.
        let lines = history.sql(transactions: 150).split(separator: "\n")
        let long = lines.filter { !$0.hasPrefix("BEGIN") && !$0.hasPrefix("COMMIT") && !$0.hasPrefix("ROLLBACK;") }
        try database.execute("BEGIN;\n" + long.joined(separator: "\n") + ";\nCOMMIT;\n" + history.sql(transactions: 20))
        replica.limits.changes = 50
        try replica.follow(capture, Self.options)
        #expect(replica.recopies.isEmpty, "seed \(seed)")
        try await replica.expectEqual("seed \(seed)")
    }

    @Test func spoolsInMemoryAndInAFile() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for limit in [1, 100, 5_000, 1 << 20] {
            let spool = TransactionSpool(limit: limit)
            var kept: [(xid: UInt32, bytes: [UInt8])] = []
            for _ in 0..<1_000 {
                let xid = UInt32.random(in: 1...5, using: &random)
                let count = Int.random(
                    in: 0...(Int.random(in: 0...50, using: &random) == 0 ? 5_000 : 50),
                    using: &random
                )
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                try bytes.withUnsafeBytes { try spool.append($0, of: xid) }
                kept.append((xid, bytes))
            }
            spool.drop(3)
            kept.removeAll { $0.xid == 3 }
            var read: [[UInt8]] = []
            var place: TransactionSpool.Place? = TransactionSpool.Place()
            while let from = place {
                var left = Int.random(in: 1...100, using: &random)
                place = try spool.read(from: from) { bytes in
                    read.append(Array(bytes))
                    left -= 1
                    return left > 0
                }
            }
            #expect(read == kept.map(\.bytes), "limit \(limit)")
        }
    }

    @Test func damagedBytesAreRefused() throws {
        let database = try database(.v16)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        try database.execute(
            """
            BEGIN; INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 200) i; SAVEPOINT s; DELETE FROM t;
            ROLLBACK TO s; COMMIT; BEGIN; INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(300, 500) i; ROLLBACK
            """
        )
        let real = try capture.messages(Self.options).map(\.bytes)
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var decoder = PgOutputDecoder()
            var sink = RecordingSink()
            for bytes in real {
                let isDamaged = Int.random(in: 0..<50, using: &random) == 0
                let damaged = isDamaged ? StreamPgOutputTests.damaged(bytes, &random) : bytes
                try damaged.withUnsafeBytes { bytes in
                    do { try decoder.decode(bytes, into: &sink) } catch is MalformedMessage {}
                }
            }
        }
    }
}
