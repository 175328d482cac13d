import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// The source is put back to an older copy of itself, and has moved past the old place before anybody looks.
@Suite(.blocking) struct RestoredByTriggersTests {
    private static let setup = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
    private static let passing = (0..<40).map { "INSERT INTO t VALUES (\(100 + $0), 'x');" }.joined(
        separator: "\n---\n"
    )

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func whatItLostIsToldAndMended(version: PostgresServer.Version) async throws {
        let server = try PostgresServer(version)
        defer { server.remove() }
        var shop = try FollowedDatabase(version, Self.setup, server: server)
        shop.followByTriggers()
        try await shop.run()
        try await shop.run()
        server.stop(.fast)
        try server.saveDisk()
        try server.start()
        // A server that was only stopped has lost nothing.
        #expect(try await shop.reasons(after: "INSERT INTO t VALUES (4, 'd')").isEmpty)
        _ = try await shop.reasons(after: "INSERT INTO t VALUES (3, 'lost'); UPDATE t SET v = 'lost' WHERE id = 1")
        server.stop(.fast)
        try server.restoreDisk()
        try server.start()
        let gap = try await shop.gap(after: "INSERT INTO t VALUES (3, 'other')\n---\n\(Self.passing)")
        #expect(gap?.contains("restored") == true, "\(gap ?? "none")")
        try await shop.checkEqual(after: "the source was restored")
        #expect(try await shop.gap(after: "INSERT INTO t VALUES (5, 'e')") == nil)
        try await shop.checkEqual(after: "all of it")
    }

    /// A crash of either end, in between any two steps, is none of that.
    @Test func whatCrashesIsNotTakenForIt() async throws {
        let server = try PostgresServer(.v16, settings: ["fsync": "on"])
        defer { server.remove() }
        var shop = try FollowedDatabase(.v16, Self.setup, server: server)
        shop.followByTriggers()
        try await shop.run()
        let following = shop
        for round in 0..<2 {
            let killed = Task {
                try await following.with(follows: true) { try await $0.run() }
            }
            for step in 0..<20 {
                try shop.database.execute("INSERT INTO t VALUES (\(1000 + round * 100 + step), 'x')")
            }
            server.kill()
            killed.cancel()
            _ = try? await killed.value
            try server.start()
            #expect(try await shop.gap(after: "UPDATE t SET v = 'round \(round)' WHERE id = 1") == nil)
            try await shop.checkEqual(after: "round \(round)")
        }
    }
}

extension FollowedDatabase {
    fileprivate mutating func followByTriggers() {
        sync.method = .fixed(.triggerBased)
        sync.autoSetup = true
    }

    /// What a run finds missing, once `sql` had been executed.
    fileprivate func gap(after sql: String) async throws -> String? {
        for part in sql.split(separator: "\n---\n") { try database.execute(String(part)) }
        let found = Found()
        try await run { event in
            if case .streamPrepared(_, let gap) = event { await found.note(gap) }
        }
        return await found.gap
    }

    private actor Found {
        private(set) var gap: String?
        func note(_ gap: String?) { self.gap = self.gap ?? gap }
    }
}
