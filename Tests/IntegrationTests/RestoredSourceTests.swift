import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// A source whose disk is put back to what it was, slot and all, and that writes past the place it had come to.
@Suite(.blocking, .timeLimit(.minutes(10))) struct RestoredSourceTests {
    private static let setup = """
        CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY);
        INSERT INTO t VALUES (1, 'a'), (2, 'b'); INSERT INTO other VALUES (1);
        """
    /// More of the log than the other history has.
    private static let past = "SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 10000))) FROM generate_series(1, 500)"

    private static func shop(_ way: String, _ server: PostgresServer, _ version: PostgresServer.Version) throws
        -> FollowedDatabase
    {
        var shop = try FollowedDatabase(version, setup, server: server)
        shop.plugin = way
        return shop
    }

    private func copied(_ shop: FollowedDatabase) async throws -> Set<String> {
        Set(try await shop.run().report.outcomes.map(\.copy.target.table))
    }

    @Test(arguments: ["15 pgoutput", "15 wal2json", "18 pgoutput"])
    func whatIsWrittenSinceIsNotTakenForWhatIsGone(way: String) async throws {
        let words = way.split(separator: " ").map(String.init)
        let version: PostgresServer.Version = words[0] == "15" ? .v15 : .v18
        // What the history that is lost has, and the other one up to the place that was applied.
        let histories = [
            ("INSERT INTO t VALUES (3, 'lost'); UPDATE t SET v = 'lost' WHERE id = 1", "INSERT INTO t VALUES (3, 'other')"),
            (Self.past, "INSERT INTO t VALUES (3, 'other')"),
            ("INSERT INTO t VALUES (3, 'lost')", "SELECT 1"),
            // The same statement in both.
            ("INSERT INTO t VALUES (3, now()::text)", "INSERT INTO t VALUES (3, now()::text)"),
        ]
        let server = try PostgresServer(version)
        defer { server.remove() }
        for (lost, other) in histories {
            let shop = try Self.shop(words[1], server, version)
            #expect(try await copied(shop) == ["t", "other"])
            try shop.database.execute("INSERT INTO t VALUES (20, 'both')")
            #expect(try await copied(shop).isEmpty)
            server.stop(.fast)
            try server.saveDisk()
            try server.start()
            try shop.database.execute(lost)
            #expect(try await copied(shop).isEmpty)
            server.stop(.fast)
            try server.restoreDisk()
            try server.start()
            try shop.database.execute("\(other); \(Self.past); INSERT INTO t VALUES (11, 'late')")
            let again = try await copied(shop)
            try await shop.checkEqual(after: "\(lost) / \(other)")
            try shop.database.execute("INSERT INTO t VALUES (12, 'later')")
            #expect(try await copied(shop).isEmpty, "\(again)")
            try await shop.checkEqual(after: "later")
        }
    }

    /// A slot is written to disk now and then only, so it may be behind what was applied after every crash.
    @Test(arguments: ["15 pgoutput", "15 wal2json", "18 pgoutput"])
    func aCrashCopiesNothing(way: String) async throws {
        let words = way.split(separator: " ").map(String.init)
        let version: PostgresServer.Version = words[0] == "15" ? .v15 : .v18
        let server = try PostgresServer(version, settings: ["synchronous_commit": "on"])
        defer { server.remove() }
        let shop = try Self.shop(words[1], server, version)
        try await shop.run()
        server.kill()
        try server.start()
        #expect(try await copied(shop).isEmpty)
        for (number, sql) in [
            "INSERT INTO t VALUES (4, 'x')", Self.past, "CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (1)",
            "SELECT 1", "TRUNCATE other", "BEGIN; INSERT INTO t VALUES (5, 'y'); ROLLBACK", "UPDATE t SET v = 'z'",
        ].enumerated() {
            try shop.database.execute(sql)
            let came = try await copied(shop)
            #expect(came == (sql.hasPrefix("CREATE") ? ["later"] : []), "\(sql)")
            if number % 2 == 0 { server.kill() } else { server.stop(.fast) }
            try server.start()
            #expect(try await copied(shop).isEmpty, "after \(sql)")
            try await shop.checkEqual(after: sql)
        }
    }
}
