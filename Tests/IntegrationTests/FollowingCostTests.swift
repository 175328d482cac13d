import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What following costs, counted and not timed.
@Suite(.blocking) struct FollowingCostTests {
    /// How often tables were begun to be read, and again as text.
    private final class Readings: Sendable {
        private let counts = Mutex((started: 0, again: 0))
        var all: [Int] { counts.withLock { [$0.started, $0.again] } }

        func note(_ event: RunEvent) {
            counts.withLock { counts in
                switch event {
                case .tableStarted: counts.started += 1
                case .tableRetyped, .tableReread: counts.again += 1
                default: break
                }
            }
        }
    }

    /// An array of two dimensions does not fit a list; it is found where the rows are read.
    @Test func aValueThatFitsNoColumnHasTheTableReadOnceMore() async throws {
        let shop = try FollowedDatabase(
            .v16,
            "CREATE TABLE t (id int PRIMARY KEY, a int[]); INSERT INTO t VALUES (1, '{1,2}'), (2, '{{1,2},{3,4}}')"
        )
        let readings = Readings()
        try await shop.run { readings.note($0) }
        #expect(readings.all == [1, 1])
        try shop.database.execute("INSERT INTO t VALUES (3, '{5}')")
        try await shop.run { readings.note($0) }
        #expect(readings.all == [1, 1])
        #expect(
            try await shop.ask("SELECT id, a FROM public.t ORDER BY id") == [
                ["1", "{1,2}"], ["2", "{{1,2},{3,4}}"], ["3", "{5}"],
            ]
        )
        guard case .equal = try await shop.verify().verdict else {
            return #expect(Bool(false), "the copy differs")
        }
        try await shop.tearDown()
    }

    @Test func manySmallTablesArePutInPlaceTogether() async throws {
        let shop = try FollowedDatabase(
            .v16,
            (1...60).map { "CREATE TABLE t\($0) (id int PRIMARY KEY); INSERT INTO t\($0) VALUES (\($0));" }.joined()
        )
        let published = Mutex([Int]())
        try await shop.run { event in
            if case .published(let outcomes) = event { published.withLock { $0.append(outcomes.count) } }
        }
        let groups = published.withLock { $0 }
        #expect(groups.reduce(0, +) == 60 && groups.count < 20)
        try shop.database.execute("UPDATE t7 SET id = 700; INSERT INTO t60 VALUES (61)")
        try await shop.run()
        #expect(try await shop.ask("SELECT (SELECT sum(id) FROM t7), (SELECT count(*) FROM t60)") == [["700", "2"]])
        #expect(try await shop.with { try await $0.verify().results }.count == 60)
        try await shop.tearDown()
    }
}
