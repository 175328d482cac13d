import TandemTesting
import Testing

@testable import TandemPostgres

/// What `pgoutput` sends, by the servers themselves.
@Suite(.blocking) struct StreamPgOutputTests {
    private func record(_ capture: StreamCapture, _ options: [String: String] = [:]) throws -> RecordingSink {
        var decoder = PgOutputDecoder()
        var sink = RecordingSink()
        for message in try capture.messages(options) {
            try message.bytes.withUnsafeBytes { try decoder.decode($0, into: &sink) }
        }
        return sink
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func everyKindOfChange(_ version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE a (id int PRIMARY KEY, t text, n numeric(8,2));
            CREATE TABLE b (x int, y text);
            ALTER TABLE b REPLICA IDENTITY FULL
            """
        )
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        try database.execute(
            """
            INSERT INTO a VALUES (1, 'one', 1.5), (2, NULL, NULL);
            UPDATE a SET t = 'two' WHERE id = 2;
            UPDATE a SET id = 3 WHERE id = 2;
            DELETE FROM a WHERE id = 1;
            BEGIN;
            INSERT INTO b VALUES (1, 'é'), (1, NULL);
            SAVEPOINT s; INSERT INTO b VALUES (9, 'never'); ROLLBACK TO s;
            UPDATE b SET y = '' WHERE y IS NULL;
            DELETE FROM b WHERE x = 1 AND y = '';
            TRUNCATE a, b;
            COMMIT;
            """
        )
        let sink = try record(capture)
        #expect(
            sink.lines == [
                "begin", "relation public.a(*id,t,n)", "insert a [1 one 1.50]", "insert a [2 - -]", "commit",
                "begin", "update a -> [2 two -]", "commit",
                "begin", "update a key [2 - -] -> [3 two -]", "commit",
                "begin", "delete a key [1 - -]", "commit",
                "begin", "relation public.b(*x,*y)", "insert b [1 é]", "insert b [1 -]",
                "update b row [1 -] -> [1 ]", "delete b row [1 ]", "relation public.a(*id,t,n)",
                "relation public.b(*x,*y)", "truncate a b", "commit",
            ]
        )
        #expect(zip(sink.starts, sink.ends).allSatisfy { $0.commit == $1.commit && $1.end > $1.commit })
        #expect(zip(sink.ends, sink.ends.dropFirst()).allSatisfy { $0.end <= $1.commit })
        #expect(sink.ends.allSatisfy { ($0.time ?? 0) > 1_600_000_000 })
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func valuesThatWereNotSent(_ version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute(
            "CREATE TABLE t (id int PRIMARY KEY, n int, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL"
        )
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        try database.execute("INSERT INTO t VALUES (1, 1, repeat('x', 10000)); UPDATE t SET n = 2")
        let lines = try record(capture).lines
        #expect(lines.contains { $0.hasPrefix("insert t [1 1 xxxx") && $0.count > 10_000 })
        #expect(lines.contains("update t -> [1 2 ?]"))
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func messagesInAndOutsideOfTransactions(_ version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        try database.execute(
            """
            SELECT pg_logical_emit_message(false, 'loose', 'abc');
            SELECT pg_logical_emit_message(true, 'bound', '')
            """
        )
        let lines = try record(capture, ["messages": "on"]).lines
        #expect(lines == ["message loose 3 false", "begin", "message bound 0 true", "commit"])
    }

    /// Bytes that were changed, cut off or made up are refused, and nothing else happens.
    @Test func damagedBytesAreRefused() throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TYPE mood AS ENUM ('x')")
        try database.execute("CREATE TABLE b (m mood); ALTER TABLE b REPLICA IDENTITY FULL")
        let capture = try StreamCapture(database)
        defer { try? capture.drop() }
        try database.execute(
            """
            INSERT INTO a VALUES (1, 'one'); UPDATE a SET id = 2; DELETE FROM a; TRUNCATE a; INSERT INTO b VALUES ('x');
            UPDATE b SET m = NULL; SELECT pg_logical_emit_message(true, 'p', 'content')
            """
        )
        let real = try capture.messages(["messages": "on"]).map(\.bytes)
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var refused = 0
        for _ in 0..<3_000 {
            var decoder = PgOutputDecoder()
            var sink = RecordingSink()
            for bytes in real {
                let damaged = Self.damaged(bytes, &random)
                // Exactly as long as the message, so that a read past its end is one past the allocation.
                let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: damaged.count, alignment: 1)
                defer { memory.deallocate() }
                memory.copyBytes(from: damaged)
                do { try decoder.decode(UnsafeRawBufferPointer(memory), into: &sink) } catch is MalformedMessage {
                    refused += 1
                }
            }
        }
        #expect(refused > 3_000)
    }

    static func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 1: bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in .random(in: 0...255, using: &random) }
        case 2: bytes.append(contentsOf: bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        case 3, 4:
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                guard let at = bytes.indices.randomElement(using: &random) else { break }
                bytes[at] =
                    [0, 1, 0x7F, 0x80, 0xFF, .random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
            }
        default: break
        }
        return bytes
    }
}
