import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct RecordFeedTests {
    static let cases: [(PostgresServer.Version, Method)] = [
        (.v15, .logBased), (.v18, .logBased), (.v15, .triggerBased), (.v18, .triggerBased),
    ]

    private struct Told {
        var keys: Set<[String]> = []
        var lost: Set<TableID> = []
        var checkpoint: Checkpoint?
    }

    /// Takes hints until `isEnough` says so, or the feed ends.
    private func take(_ feed: any HintFeed, until isEnough: (Told) -> Bool) async throws -> Told {
        var told = Told()
        while !isEnough(told), let batch = try await feed.next() {
            told.keys.formUnion(batch.hints.map(\.key.texts))
            told.lost.formUnion(batch.lost.keys)
            if let checkpoint = batch.checkpoint { told.checkpoint = checkpoint }
        }
        return told
    }

    @Test(arguments: cases) func whatChangesIsToldOfFromThePlaceOn(
        _ version: PostgresServer.Version,
        _ method: Method
    ) async throws {
        let server = try PostgresServer(version)
        defer { server.stop() }
        let stage = try await RecordStage(
            TestDatabase(server),
            """
            CREATE TABLE t (a int, b text, v text, PRIMARY KEY (b, a)); CREATE TABLE u (id int PRIMARY KEY, v text);
            INSERT INTO t SELECT n, 'k' || n, repeat('x', 3000) FROM generate_series(1, 9) n; INSERT INTO u VALUES (1, 'a')
            """
        )
        let memory = MadeMemory()
        let shapes = [try await stage.shape("t"), try await stage.shape("u")]
        func feed(_ checkpoint: Checkpoint?, isBounded: Bool = false) async throws -> any HintFeed {
            let request = FeedRequest(
                sync: "s",
                shapes: shapes,
                checkpoint: checkpoint,
                isBounded: isBounded,
                maySetUp: true,
                ownership: memory.ownership(of: "s")
            )
            return try await LogHintFeed.open(request, by: method, of: stage.store.source)
        }
        let first = try await feed(nil)
        try stage.database.execute(
            """
            UPDATE t SET v = 'y' WHERE a = 1; DELETE FROM t WHERE a = 2; INSERT INTO t VALUES (10, 'k10', NULL);
            UPDATE t SET a = 33, b = 'k33' WHERE a = 3; INSERT INTO u VALUES (2, 'b')
            """
        )
        let expected: Set<[String]> = [
            ["tk1", "n1"], ["tk2", "n2"], ["tk10", "n10"], ["tk3", "n3"], ["tk33", "n33"], ["n2"],
        ]
        let told = try await take(first) { $0.keys.isSuperset(of: expected) && $0.checkpoint != nil }
        #expect(told.keys == expected && told.lost.isEmpty)
        let place = try #require(told.checkpoint)
        first.confirm(place)
        await first.close()
        try stage.database.execute("UPDATE u SET v = 'c' WHERE id = 1")
        let second = try await feed(place)
        let more = try await take(second) { $0.keys.contains(["n1"]) }
        #expect(more.lost.isEmpty && more.keys.isSubset(of: expected.union([["n1"]])))
        try stage.database.execute("TRUNCATE t; UPDATE u SET v = 'd' WHERE id = 2")
        let emptied = try await take(second) { $0.keys.contains(["n2"]) && $0.lost.contains(shapes[0].id) }
        #expect(emptied.lost == [shapes[0].id])
        await second.close()
        // One that is bounded ends, and what begins before it is told of again.
        let bounded = try await feed(place, isBounded: true)
        let rest = try await take(bounded) { _ in false }
        #expect(rest.keys.isSuperset(of: [["n1"], ["n2"]]) && rest.lost.contains(shapes[0].id))
        await bounded.close()
        await stage.store.close()
    }

    /// A place that is known no more has everything told of.
    @Test func aLostSlotLosesAllTables() async throws {
        let server = try PostgresServer(.v16)
        defer { server.stop() }
        let stage = try await RecordStage(TestDatabase(server), "CREATE TABLE t (id int PRIMARY KEY)")
        let memory = MadeMemory()
        let shape = try await stage.shape("t")
        func feed(_ checkpoint: Checkpoint?) async throws -> any HintFeed {
            try await stage.store.feed(
                FeedRequest(
                    sync: "s",
                    shapes: [shape],
                    checkpoint: checkpoint,
                    isBounded: true,
                    ownership: memory.ownership(of: "s")
                )
            )
        }
        let first = try await feed(nil)
        let start = first.start
        await first.close()
        try server.awaitRow(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE active)",
            in: stage.database.name
        )
        try stage.database.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
        let second = try await feed(start)
        #expect(try await take(second) { _ in false }.lost == [shape.id])
        await second.close()
        await stage.store.close()
    }
}
