import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// A table that the application keeps locked, as by VACUUM FULL or a long ALTER TABLE.
@Suite(.blocking) struct LockedTableTests {
    private static let setup = """
        CREATE TABLE notes (id int PRIMARY KEY, note text); CREATE TABLE prices (id int PRIMARY KEY);
        CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (100);
        INSERT INTO notes VALUES (1, 'a'), (2, 'b')
        """

    /// What a run has told.
    private final class Seen: Sendable {
        private let state = Mutex<(changes: Int, told: Set<String>)>((0, []))

        var changes: Int { state.withLock { $0.changes } }
        var told: Set<String> { state.withLock { $0.told } }

        func note(_ event: RunEvent) {
            state.withLock { state in
                if case .tablePostponed(let table, _, _) = event { state.told.insert(table.schema.name.table) }
                if case .applied(let progress) = event { state.changes = progress.counts.changes }
            }
        }
    }

    private static let locks = "SELECT 1 FROM pg_locks WHERE relation = 'notes'::regclass"

    private func shop() throws -> FollowedDatabase {
        try FollowedDefinitionTests.database("16 triggers", Self.setup)
    }

    /// Runs `body` while `table` is locked.
    private func locking(_ tables: String, _ shop: FollowedDatabase, _ body: () async throws -> Void) async throws {
        let database = shop.database
        async let holder: String? = try? database.execute("BEGIN; LOCK TABLE \(tables); SELECT pg_sleep(600)")
        let session = "FROM pg_stat_activity WHERE datname = '\(database.name)' AND wait_event = 'PgSleep'"
        try database.server.awaitRow("SELECT 1 \(session)", in: database.name)
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try database.server.execute("SELECT pg_terminate_backend(pid) \(session)")
        _ = await holder
        try result.get()
    }

    /// - Returns: Tables that failed.
    private func run(_ shop: FollowedDatabase) async throws -> Set<String> {
        Set(try await shop.with { try await $0.run().report.failures.map(\.table.schema.name.table) })
    }

    @Test func itStaysBehindAndLosesNothing() async throws {
        let shop = try shop()
        try await shop.run()
        let write = "INSERT INTO notes VALUES (3, 'c'); INSERT INTO prices VALUES (1); INSERT INTO parted VALUES (1)"
        try shop.database.execute("\(write); DELETE FROM notes WHERE id = 1")
        try await locking("notes, low", shop) {
            #expect(try await run(shop) == ["notes", "parted"])
            #expect(try await shop.ask("SELECT count(*) FROM public.prices") == [["1"]])
            try shop.database.execute("DELETE FROM prices; INSERT INTO prices VALUES (2), (3)")
            #expect(try await run(shop) == ["notes", "parted"])
            #expect(try await shop.ask("SELECT count(*) FROM public.prices") == [["2"]])
            let verdicts = try await shop.with { try await $0.verify().results }
            for result in verdicts {
                if result.copy.target.table == "prices", case .equal = result.verdict { continue }
                guard case .stale = result.verdict else {
                    Issue.record("\(result.copy.target): \(result.verdict)")
                    continue
                }
            }
        }
        try await locking("notes", shop) {
            let failed = try await run(shop)
            #expect(failed == ["notes"])
        }
        #expect(try await shop.ask("SELECT count(*) FROM public.parted") == [["1"]])
        #expect(try await shop.reasons(after: "INSERT INTO prices VALUES (4)").isEmpty)
        try await shop.checkEqual(after: "the lock")
        try await shop.tearDown()
    }

    /// One that others can read while it is written.
    @Test func aRunThatFollowsGoesOn() async throws {
        let shop = try shop()
        try await shop.run()
        let seen = Seen()
        let followed = shop
        let following = Task {
            try await followed.with(follows: true, { seen.note($0) }, { try await $0.run() })
        }
        func brings(_ count: Int) async throws {
            try await eventually("\(count) changes") { seen.changes == count }
        }
        try shop.database.execute("INSERT INTO notes VALUES (3, 'c'); INSERT INTO prices VALUES (1)")
        try await brings(2)
        try shop.database.execute("INSERT INTO notes VALUES (4, 'd')")
        try await brings(3)
        // Committed once the lock is waited for, so that nobody reads it before.
        let writer = Task {
            try shop.database.execute(
                """
                BEGIN; INSERT INTO notes VALUES (5, 'e'), (6, 'f');
                DO $$ BEGIN
                  WHILE NOT EXISTS (\(Self.locks) AND NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP;
                END $$;
                COMMIT
                """
            )
        }
        try shop.database.server.awaitRow("\(Self.locks) AND mode = 'RowExclusiveLock'", in: shop.database.name)
        try await locking("notes", shop) {
            _ = try await writer.value
            try shop.database.execute("INSERT INTO prices VALUES (2)")
            try await eventually("it is told") { seen.told == ["notes"] }
            try shop.database.execute("INSERT INTO prices VALUES (3)")
            try await eventually("what is not locked") { seen.changes >= 5 }
        }
        try await brings(7)
        following.cancel()
        _ = try? await following.value
        #expect(try await shop.reasons(after: "UPDATE notes SET note = 'z'").isEmpty)
        try await shop.checkEqual(after: "the lock")
        try await shop.tearDown()
    }
}
