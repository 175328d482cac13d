import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What breaks while a table is read.
@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    private static let table = """
        CREATE TABLE t (id int8, filler text); ALTER TABLE t ALTER filler SET STORAGE PLAIN;
        INSERT INTO t SELECT g, repeat('x', 400) FROM generate_series(1, 60000) g
        """
    private static let count = 60_000

    /// One table being read by two threads, each of which has its first batch.
    private struct Reading {
        let source: PostgresSource
        let snapshot: any Snapshot
        let rows: any TableRows
        let pullers: [Puller]
        var values: [Int] = []

        init(_ config: PostgresConfig, table: String = "t", readers: Int = 2) async throws {
            source = PostgresSource(config, in: .test)
            let table = try await source.table(table)
            snapshot = try await source.snapshot(readers: readers)
            rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
            pullers = [Puller(rows), Puller(rows)]
        }

        mutating func start() async throws {
            for puller in pullers { values += try await puller.next() ?? [] }
        }

        mutating func finish() async throws {
            async let first = pullers[0].rest()
            async let second = pullers[1].rest()
            values += try await first + second
        }

        func close() async {
            await snapshot.close()
            await source.close()
        }
    }

    private static let copies =
        "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'"

    @Test(arguments: PostgresServer.Version.allCases)
    func aKilledReaderGoesOnWhereItWas(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(Self.table)
        var reading = try await Reading(database.config)
        try await reading.start()
        let killed = try database.execute("SELECT count(pg_terminate_backend(pid)) \(Self.copies)")
        // One of the two may have sent all it has already.
        #expect(killed != "0")
        try await reading.finish()
        #expect(reading.values.count == Self.count)
        #expect(Set(reading.values) == Set(1...Self.count))
        #expect(reading.rows.tally.rows == Self.count)
        await reading.close()
    }

    @Test func withoutItsLeaderTheSnapshotIsGone() async throws {
        let database = try TestDatabase(.v16)
        try database.execute(Self.table)
        var reading = try await Reading(database.config)
        try await reading.start()
        try database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        let error = await #expect(throws: PostgresError.self) { try await reading.finish() }
        guard case .snapshotLost(_, let reason, true) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(reason.contains("was lost"))
        await reading.close()
    }

    @Test func aServerThatIsKilledIsAnErrorThatMayPass() async throws {
        let server = try PostgresServer(.v15)
        defer { server.remove() }
        try server.execute(Self.table)
        var reading = try await Reading(server.config())
        try await reading.start()
        server.kill()
        let error = await #expect(throws: PostgresError.self) { try await reading.finish() }
        #expect(error?.isTransient == true)
        try server.start()
        #expect(try await reading.source.table("t").schema.columns.count == 2)
        await reading.close()
    }

    @Test func cancellingStopsAReaderThatWaitsForALock() async throws {
        let database = try TestDatabase(.v15)
        try database.execute(Self.table)
        let reading = try await Reading(database.config)
        let blocker = try database.session()
        try blocker.begin(.readWrite)
        try blocker.execute("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
        try await expectPrompt(reading) {
            try database.execute("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"
        }
        blocker.close()
    }

    @Test func cancellingStopsASlowQuery() async throws {
        let database = try TestDatabase(.v18)
        try database.execute("CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(100)::text")
        let reading = try await Reading(database.config, table: "slow")
        try await expectPrompt(reading) { try database.execute("SELECT count(*) \(Self.copies)") == "1" }
        // The server has stopped too.
        try await eventually { try database.execute("SELECT count(*) \(Self.copies)") == "0" }
    }

    /// Who changes two tables could wait for a reader that waits for him.
    @Test func aTableThatHasBeenReadIsNotHeld() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            "CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 9) g; CREATE TABLE u AS TABLE t"
        )
        var reading = try await Reading(database.config)
        try await reading.finish()
        let locks = "SELECT count(*) FROM pg_locks WHERE relation IN ('t'::regclass, 'u'::regclass)"
        #expect(try database.execute(locks) == "0")
        try database.execute("DELETE FROM u WHERE id > 5")
        let table = try await reading.source.table("u")
        let rows = try await reading.snapshot.rows(of: table, as: table.schema, unfit: .text)
        #expect(try await Puller(rows).rest().sorted() == Array(1...9), "the same moment")
        #expect(reading.values.count == 9)
        await reading.close()
    }

    private func expectPrompt(_ reading: Reading, once isWaiting: () throws -> Bool) async throws {
        let pull = reading.pullers[0].begin()
        try await eventually(isWaiting)
        let start = ContinuousClock.now
        reading.rows.cancel()
        let (result, end) = try pull.wait()
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(start.duration(to: end) < .seconds(20))
        await reading.close()
    }

    @Test func aLockThatIsNotFreeIsSaid() async throws {
        // On the shared server whoever makes a slot would wait as long.
        let server = try PostgresServer(.v16)
        defer { server.remove() }
        let database = try TestDatabase(server)
        try database.execute(Self.table)
        let reading = try await Reading(database.config)
        let blocker = try database.session()
        try blocker.begin(.readWrite)
        try blocker.execute("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE")
        let error = await #expect(throws: PostgresError.self) { _ = try await reading.pullers[0].next() }
        guard case .lockTimeout = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(error?.isTransient == true)
        blocker.close()
        await reading.close()
    }

    @Test func fewerConnectionsAreEnough() async throws {
        let database = try TestDatabase(.v15)
        let role = "r_\(database.name)"
        try database.execute(
            Self.table + "; CREATE ROLE \(role) LOGIN CONNECTION LIMIT 3; GRANT SELECT ON t TO \(role)"
        )
        var config = database.config
        config.user = role
        // One for the catalog, the leader, and one reader of the two asked for.
        var reading = try await Reading(config)
        try await reading.finish()
        #expect(Set(reading.values) == Set(1...Self.count))
        await reading.close()
        try database.execute("ALTER ROLE \(role) CONNECTION LIMIT 2")
        var alone = try await Reading(config)
        #expect(alone.snapshot.readers == 1)
        #expect(alone.snapshot.notes.first?.contains("one connection") == true)
        try await alone.finish()
        #expect(Set(alone.values) == Set(1...Self.count))
        await alone.close()
    }

    @Test func aStandbyThatMustReplaySaysSo() async throws {
        let primary = try PostgresServer(.v16)
        defer { primary.remove() }
        // Slow in the executor: a server that waits for its client to take rows does not hear of the conflict.
        try primary.execute(Self.table + "; CREATE VIEW slow AS SELECT id FROM t WHERE pg_sleep(60)::text = ''")
        let standby = try primary.makeStandby(settings: [
            "max_standby_streaming_delay": "0", "hot_standby_feedback": "off", "wal_receiver_status_interval": "1s",
        ])
        defer { standby.remove() }
        try await eventually { try standby.execute("SELECT count(*) FROM pg_class WHERE relname = 'slow'") == "1" }
        let reading = try await Reading(standby.config(), table: "slow")
        #expect(reading.snapshot.readers == 2)
        let pull = reading.pullers[0].begin()
        try await eventually { try standby.execute("SELECT count(*) \(Self.copies)") == "1" }
        try primary.execute("DELETE FROM t WHERE id % 2 = 0; VACUUM t")
        let result = try pull.wait().result
        let error = #expect(throws: PostgresError.self) { try result.get() }
        #expect(error?.isTransient == true)
        #expect("\(String(describing: error))".contains("conflict with recovery"), "\(String(describing: error))")
        #expect(error?.remedy?.text.contains("hot_standby_feedback") == true)
        await reading.close()
    }

    /// The server tells of it in the language that it is set to.
    @Test(arguments: ["40001", "40P01"]) func aConflictWithReplayIsKnownInAnyLanguage(code: String) {
        func error(isStandby: Bool) -> PostgresError {
            let message = "Anweisung wird abgebrochen wegen Konflikt mit der Wiederherstellung"
            return PostgresError(
                Endpoint(host: "here", port: "5432", database: "d", user: "u"),
                sqlState: code,
                severity: "ERROR",
                words: ServerWords(code: code, message: message, file: "postgres.c", known: []),
                isStandby: isStandby
            )
        }
        guard case .recoveryConflict = error(isStandby: true) else {
            Issue.record("\(error(isStandby: true))")
            return
        }
        #expect(error(isStandby: true).isTransient)
        guard case .server = error(isStandby: false) else {
            Issue.record("\(error(isStandby: false))")
            return
        }
    }
}
