import TandemTesting
import Testing

@testable import TandemPostgres

/// What `wal2json` sends, by the server itself, and JSON that nobody sends.
@Suite(.blocking) struct StreamWal2JSONTests {
    private func record(_ capture: StreamCapture) throws -> RecordingSink {
        var decoder = Wal2JSONDecoder(capture.format)
        var sink = RecordingSink()
        for message in try capture.messages() {
            try message.bytes.withUnsafeBytes { try decoder.decode($0, at: message.start, into: &sink) }
        }
        return sink
    }

    @Test(arguments: [Wal2JSON.Format.changes, .chunks])
    func everyKindOfChange(_ format: Wal2JSON.Format) throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            #"""
            CREATE TABLE a (id int PRIMARY KEY, t text, n numeric(8,2), b bool);
            CREATE TABLE "o d""d" (x int, y text);
            ALTER TABLE "o d""d" REPLICA IDENTITY FULL
            """#
        )
        let capture = try StreamCapture(database, plugin: "wal2json", format: format)
        defer { try? capture.drop() }
        try database.execute(
            #"""
            INSERT INTO a VALUES (1, E'q"u\\o\n\t\x01é😀/', 1.5, true), (2, NULL, NULL, false);
            UPDATE a SET t = '' WHERE id = 2;
            UPDATE a SET id = 3 WHERE id = 2;
            DELETE FROM a WHERE id = 1;
            BEGIN;
            INSERT INTO "o d""d" VALUES (1, 'é'), (1, NULL);
            SAVEPOINT s; INSERT INTO "o d""d" VALUES (9, 'never'); ROLLBACK TO s;
            DELETE FROM "o d""d" WHERE y = 'é';
            SELECT pg_logical_emit_message(true, 'p', 'c"x');
            COMMIT;
            SELECT pg_logical_emit_message(false, 'p', 'c');
            """#
        )
        let sink = try record(capture)
        let changes = sink.lines.filter { !$0.hasPrefix("relation") && !$0.hasPrefix("message") }
        #expect(
            changes == [
                "begin", "insert a [1 q\"u\\o\n\t\u{1}é😀/ 1.50 true]", "insert a [2 - - false]", "commit",
                "begin", "update a key [2 ? ? ?] -> [2  - false]", "commit",
                "begin", "update a key [2 ? ? ?] -> [3  - false]", "commit",
                "begin", "delete a key [1 ? ? ?]", "commit",
                "begin", "insert o d\"d [1 é]", "insert o d\"d [1 -]", "delete o d\"d row [1 é]", "commit",
            ]
        )
        #expect(zip(sink.starts, sink.ends).allSatisfy { $0.end == nil || $0.end == $1.end })
        #expect(zip(sink.ends, sink.ends.dropFirst()).allSatisfy { $0.end <= $1.commit })
        #expect(sink.ends.allSatisfy { abs(($0.time ?? 0) - (sink.ends.first?.time ?? 1)) < 60 })
    }

    /// Format 1 leaves out nulls of a row as it was, and so all of it.
    @Test(arguments: [Wal2JSON.Format.changes, .chunks])
    func aRowOfNulls(_ format: Wal2JSON.Format) throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            "CREATE TABLE n (a int, b text); ALTER TABLE n REPLICA IDENTITY FULL; INSERT INTO n VALUES (NULL, NULL), (NULL, NULL)"
        )
        let capture = try StreamCapture(database, plugin: "wal2json", format: format)
        defer { try? capture.drop() }
        try database.execute("DELETE FROM n WHERE ctid = '(0,1)'; UPDATE n SET a = 1; DELETE FROM n")
        let lines = try record(capture).lines.filter { $0.hasPrefix("delete") || $0.hasPrefix("update") }
        #expect(
            lines
                == (format == .changes
                    ? ["delete n row [- -]", "update n row [- -] -> [1 -]", "delete n row [1 -]"]
                    : ["delete n row []", "update n key [? ?] -> [1 -]", "delete n key [1 ?]"])
        )
    }

    @Test func tablesThatWereEmptiedTogether() throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int PRIMARY KEY REFERENCES a)")
        let capture = try StreamCapture(database, plugin: "wal2json")
        defer { try? capture.drop() }
        try database.execute("BEGIN; TRUNCATE a CASCADE; INSERT INTO a VALUES (1); COMMIT")
        let lines = try record(capture).lines.filter { !$0.hasPrefix("relation") }
        #expect(lines == ["begin", "truncate a b", "insert a [1]", "commit"])
    }

    @Test func damagedBytesAreRefused() throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE a (id int PRIMARY KEY, t text)")
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for format in [Wal2JSON.Format.changes, .chunks] {
            let capture = try StreamCapture(database, plugin: "wal2json", format: format)
            defer { try? capture.drop() }
            try database.execute(
                """
                INSERT INTO a VALUES (1, 'on"e'); UPDATE a SET id = 2, t = E'\\\\\\n'; DELETE FROM a; TRUNCATE a;
                SELECT pg_logical_emit_message(true, 'p', 'content')
                """
            )
            let real = try capture.messages()
            var refused = 0
            for _ in 0..<2_000 {
                var decoder = Wal2JSONDecoder(format)
                var sink = RecordingSink()
                for message in real {
                    let damaged = StreamPgOutputTests.damaged(message.bytes, &random)
                    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: damaged.count, alignment: 1)
                    defer { memory.deallocate() }
                    memory.copyBytes(from: damaged)
                    do {
                        try decoder.decode(UnsafeRawBufferPointer(memory), at: message.start, into: &sink)
                    } catch is MalformedMessage { refused += 1 }
                }
            }
            #expect(refused > 2_000)
        }
    }

    @Test func timesOfCommits() {
        #expect(CommitTime.seconds("2026-11-21 09:14:43.996568+00") == 1_795_252_483.996568)
        #expect(CommitTime.seconds("2000-02-29 23:59:59-03:30") == 951_881_399)
        #expect(CommitTime.seconds("1969-12-31 18:00:00.5-06") == 0.5)
        #expect(CommitTime.seconds("infinity") == nil)
        #expect(CommitTime.seconds("2026-11-21") == nil)
    }
}
