import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Copies at a Postgres destination that somebody there has locked, as by a long ALTER TABLE, or holds a row of.
@Suite(.blocking) struct LockedCopyTests {
    private static let tables = ["notes", "prices", "visits"]

    /// What a run has told.
    private final class Seen: Sendable {
        private let state = Mutex<(left: Set<String>, failures: [String: String], copies: [String])>(([], [:], []))

        /// Tables that were to be copied again.
        var left: Set<String> { state.withLock { $0.left } }
        /// What was said last of those that failed.
        var failures: [String: String] { state.withLock { $0.failures } }
        /// The tables that were read whole.
        var copies: [String] { state.withLock { $0.copies } }

        func note(_ event: RunEvent) {
            state.withLock { state in
                switch event {
                case .copyingAgain(let table, _): state.left.insert(table.schema.name.table)
                case .tableFailed(let table, let failure): state.failures[table.schema.name.table] = failure.message
                case .tableStarted(let table, _): state.copies.append(table.schema.name.table)
                default: break
                }
            }
        }
    }

    private func pair(_ method: Method) async throws -> RefusingPair {
        let setup = Self.tables.map { "CREATE TABLE \($0) (id int PRIMARY KEY); INSERT INTO \($0) VALUES (1), (2)" }
        var pair = try RefusingPair(.v16, setup.joined(separator: ";"))
        pair.sync.method = .fixed(method)
        pair.sync.autoSetup = true
        try await pair.run()
        return pair
    }

    /// Runs `body` while a session at the destination has done `statement` in a transaction, and stays in it.
    private func holding(_ pair: RefusingPair, _ statement: String, _ body: (Int) async throws -> Void) async throws {
        async let holder: String? = try? pair.to.execute("BEGIN; \(statement); SELECT pg_sleep(600)")
        let session = "FROM pg_stat_activity WHERE datname = '\(pair.to.name)' AND wait_event = 'PgSleep'"
        try pair.to.server.awaitRow("SELECT 1 \(session)", in: pair.to.name)
        let process = try pair.to.execute("SELECT pid \(session)")
        let result: Result<Void, any Error>
        do { result = .success(try await body(Int(process) ?? 0)) } catch { result = .failure(error) }
        try pair.to.execute("SELECT pg_terminate_backend(pid) \(session)")
        _ = await holder
        try result.get()
    }

    /// Writes to every table, in one transaction.
    private func write(_ id: Int, to pair: RefusingPair) throws {
        let statements = Self.tables.map { "INSERT INTO \($0) VALUES (\(id)); DELETE FROM \($0) WHERE id = \(id) - 2" }
        try pair.from.execute((["BEGIN"] + statements + ["COMMIT"]).joined(separator: ";"))
    }

    private func ids(_ table: String, _ database: TestDatabase) throws -> String {
        try database.execute("SELECT string_agg(id::text, ',' ORDER BY id) FROM \(table)")
    }

    private func checkEqual(_ pair: RefusingPair) throws {
        for table in Self.tables { #expect(try ids(table, pair.to) == ids(table, pair.from), "\(table)") }
    }

    /// Runs `body` while `pair` is followed.
    private func following(_ pair: RefusingPair, _ seen: Seen, _ body: () async throws -> Void) async throws {
        let followed = pair
        let following = Task {
            try await followed.with(follows: true, observe: { seen.note($0) }) { try await $0.run() }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        following.cancel()
        _ = try? await following.value
        try result.get()
    }

    private func arrive(_ id: Int, in table: String, _ pair: RefusingPair) async throws {
        try await eventually("\(id) in \(table)") {
            try pair.to.execute("SELECT count(*) FROM \(table) WHERE id = \(id)") == "1"
        }
    }

    @Test(arguments: [Method.logBased, .triggerBased], ["LOCK TABLE notes, prices", "UPDATE notes SET id = id"])
    func theOthersGoOn(method: Method, statement: String) async throws {
        let pair = try await pair(method)
        let held: Set = statement.hasPrefix("LOCK") ? ["notes", "prices"] : ["notes"]
        let seen = Seen()
        try await following(pair, seen) {
            try write(3, to: pair)
            for table in Self.tables { try await arrive(3, in: table, pair) }
            try await holding(pair, statement) { process in
                let begin = ContinuousClock.now
                try write(4, to: pair)
                try await arrive(4, in: "visits", pair)
                // Some eight seconds where nothing else runs, however many are locked.
                #expect(begin.duration(to: .now) < .seconds(35))
                // Looked at more than once, and not copied.
                try await eventually("it is named") { Set(seen.failures.keys) == held }
                try write(5, to: pair)
                try await arrive(5, in: "visits", pair)
                #expect(seen.left == held)
                for table in held {
                    let message = try #require(seen.failures[table])
                    #expect(message.contains("process \(process) holds public.\(table) ("))
                }
                #expect(seen.copies.isEmpty)
            }
            for table in Self.tables { try await arrive(5, in: table, pair) }
            try checkEqual(pair)
            #expect(seen.copies.sorted() == held.sorted())
        }
        try await pair.run()
        try checkEqual(pair)
        try await pair.tearDown()
    }

    /// For longer than one attempt takes.
    @Test func aShortLockCostsNoCopy() async throws {
        let pair = try await pair(.logBased)
        let seen = Seen()
        try await following(pair, seen) {
            try write(3, to: pair)
            try await arrive(3, in: "notes", pair)
            try await holding(pair, "LOCK TABLE notes") { _ in
                let waits = "SELECT count(*) FROM pg_locks WHERE relation = 'notes'::regclass AND NOT granted"
                try write(4, to: pair)
                try await eventually("it waits") { try pair.to.execute(waits) == "1" }
                try await eventually("it lets others through") { try pair.to.execute(waits) == "0" }
            }
            for table in Self.tables { try await arrive(4, in: table, pair) }
            try checkEqual(pair)
        }
        #expect(seen.left.isEmpty && seen.failures.isEmpty && seen.copies.isEmpty)
        try await pair.tearDown()
    }

    @Test func aRunWithAnEndNamesIt() async throws {
        let pair = try await pair(.logBased)
        try write(3, to: pair)
        try await holding(pair, "LOCK TABLE notes, prices") { process in
            // It leaves the stream, and is not in it.
            for id in [4, 5] {
                let seen = Seen()
                let report = try await pair.with(observe: { seen.note($0) }) { try await $0.run().report }
                #expect(Set(report.failures.map(\.table.target.table)) == ["notes", "prices"])
                #expect(report.failures.count == 2)
                #expect(report.failures.allSatisfy { $0.failure.message.contains("process \(process) holds") })
                #expect(report.failures.allSatisfy { $0.failure.remedy != nil })
                #expect(seen.copies.isEmpty)
                #expect(try ids("visits", pair.to) == ids("visits", pair.from))
                try write(id, to: pair)
            }
        }
        #expect(try ids("notes", pair.to) == "1,2")
        try await pair.run()
        try checkEqual(pair)
        try await pair.tearDown()
    }
}
