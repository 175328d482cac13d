import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// A row that the server cannot send through its log, because its text would be longer than 1 GB.
@Suite(.blocking, .serialized) struct FollowedLongRowTests {
    @Test(arguments: ["15 wal2json", "18 pgoutput"])
    func theStreamGoesOnBehindIt(way: String) async throws {
        let setup = """
            CREATE TABLE good (id int PRIMARY KEY, note text); INSERT INTO good VALUES (1, 'a'), (2, 'b');
            CREATE TABLE files (name text PRIMARY KEY, data bytea); INSERT INTO files VALUES ('small', '\\x00')
            """
        var shop = try FollowedDatabase(way.hasPrefix("15") ? .v15 : .v18, setup)
        shop.plugin = String(way.dropFirst(3))
        try await shop.run()
        let long = """
            UPDATE good SET note = 'before' WHERE id = 1;
            BEGIN; INSERT INTO good VALUES (3, 'with it');
            INSERT INTO files VALUES ('long', convert_to(repeat('x', 540000000), 'UTF8'));
            DELETE FROM good WHERE id = 2; COMMIT;
            DELETE FROM files WHERE name = 'long'; INSERT INTO good VALUES (4, 'behind')
            """
        let reasons = try await shop.reasons(after: long)
        #expect(Set(reasons.keys) == ["good", "files"])
        #expect(reasons["good"]?.contains("longer than the 1 GB") == true, "\(reasons)")
        try await shop.checkEqual(after: long)
        // The server is past it.
        #expect(try await shop.reasons(after: "INSERT INTO good VALUES (5, 'later')").isEmpty)
        try await shop.checkEqual(after: "another run")
        try await shop.tearDown()
    }
}
