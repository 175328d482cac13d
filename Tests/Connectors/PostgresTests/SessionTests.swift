import Foundation
import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct SessionTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func answersQuestions(version: PostgresServer.Version) throws {
        let session = try TestDatabase(version).session()
        #expect(session.capabilities.version / 10_000 == version.rawValue)
        #expect(!session.capabilities.isInRecovery)
        #expect(!session.capabilities.isPooled)
        #expect(session.capabilities.serverEncoding == "UTF8")
        let answer = try session.query("SELECT $1::int + 1 AS \"n\", NULL::text, $2 || 'é'", ["41", "caf"])
        #expect(answer.columns == ["n", "text", "?column?"])
        #expect(answer.types == [23, 25, 25])
        #expect(answer.rows == [["42", nil, "café"]])
    }

    @Test func readsOnly() throws {
        let session = try TestDatabase(.v15).session()
        let error = #expect(throws: PostgresError.self) { try session.query("CREATE TABLE t ()") }
        #expect(error?.sqlState == "25006")
        #expect(try session.query("SELECT 1").value == "1")
        try session.transaction(.readWrite) { try session.execute("CREATE TABLE public.t (); DROP TABLE public.t") }
    }

    @Test func leavesNothingBehindInTheSession() throws {
        let session = try TestDatabase(.v15).session()
        let names = session.capabilities.settings.map { SQL.literal($0.name.lowercased()) }.joined(separator: ", ")
        let question = "SELECT name FROM pg_settings WHERE lower(name) IN (\(names)) AND source = 'session'"
        let during = try session.query(question)
        #expect(during.rows.count > 5)
        try session.execute("BEGIN")
        #expect(try session.query(question).rows.isEmpty)
    }

    @Test(arguments: [90_400, 90_600, 110_000, 140_000])
    func oldServersAreSpokenTo(version: Int) throws {
        let session = try TestDatabase(.v16).session { $0.version = version }
        #expect(try session.query("SELECT 'ok'").value == "ok")
    }

    /// What the kernel is told; a cable cannot be cut here.
    @Test func whatIsSentAndNotAcknowledgedEndsAConnection() throws {
        let database = try TestDatabase(.v16)
        let session = try database.session()
        let replication = try ReplicationSession(database.config, in: .test, capabilities: session.capabilities)
        #expect([session, replication.session].map(\.sendLimit) == [60_000, 60_000])
        // Rows wait for as long as the server is there.
        var limits: [UInt32] = []
        for _ in 1...2 {
            try session.transaction(.readWrite) {
                try session.execute("CREATE TEMPORARY TABLE t (id int) ON COMMIT DROP")
                _ = try session.copyIn("COPY t FROM STDIN (FORMAT binary)") { limits.append(session.sendLimit) }
            }
        }
        #expect(limits == [0, 0] && session.sendLimit == 60_000)
        var config = PostgresConfig()
        let place = "\(PostgresServer.user)@\(PostgresServer.host):\(session.endpoint.port)"
        config.url = "postgresql://\(place)/postgres?tcp_user_timeout=7000"
        #expect(try Session(config, in: .test).sendLimit == 7000)
    }

    @Test func quotesWhateverComes() throws {
        let session = try TestDatabase(.v18).session()
        for text in ["", "it's", "back\\slash'", "\"q\"", "🐘 é", "; DROP TABLE t --", "$1"] {
            #expect(try session.query("SELECT \(SQL.literal(text))").value == text)
            if !text.isEmpty {
                #expect(try session.query("SELECT 1 AS \(SQL.identifier(text))").columns == [text])
            }
        }
    }

    @Test func cancellingATaskStopsItsQuery() async throws {
        let database = try TestDatabase(.v16)
        let connection = Connection(database.config, in: .test)
        let pid = try await connection.run { $0.backendPID }
        let state = "FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active'"
        await withTaskGroup { group in
            group.addTask {
                _ = await #expect(throws: CancellationError.self) {
                    try await connection.run { _ = try $0.query("SELECT pg_sleep(600)") }
                }
            }
            // Once it has started, or before: either way it does not take ten minutes.
            await Task.yield()
            group.cancelAll()
        }
        // The server was told; the connection comes back by itself.
        try await eventually { try database.execute("SELECT count(*) \(state)") == "0" }
        #expect(try await connection.run { try $0.query("SELECT 1").value } == "1")
        await connection.close()
    }

    @Test func anInterruptedQueryEndsAtOnceOnBothSides() throws {
        let database = try TestDatabase(.v18)
        let interruption = Interruption()
        let session = try Session(database.config, in: .test, interruption: interruption)
        let pid = session.backendPID
        let state = "FROM pg_stat_activity WHERE pid = \(pid) AND wait_event = 'PgSleep'"
        let watcher = Thread {
            try? eventually { try database.execute("SELECT count(*) \(state)") == "1" }
            interruption.raise()
        }
        watcher.start()
        #expect(throws: CancellationError.self) { try session.query("SELECT pg_sleep(600)") }
        #expect(!session.isOpen)
        try eventually { try database.execute("SELECT count(*) \(state)") == "0" }
    }

    @Test func aTableThatGoesWhileTheCatalogIsReadIsAskedForAgain() throws {
        let session = try TestDatabase(.v15).session()
        let raise = "DO $$ BEGIN RAISE EXCEPTION 'could not open relation with OID 7' USING ERRCODE = 'XX000'; END $$"
        let error = #expect(throws: PostgresError.self) { try session.query(raise) }
        #expect(error?.isTransient == true)
        let other = "DO $$ BEGIN RAISE EXCEPTION 'something else' USING ERRCODE = 'XX000'; END $$"
        #expect(#expect(throws: PostgresError.self) { try session.query(other) }?.isTransient == false)
    }

    @Test func aKilledBackendIsALostConnection() throws {
        let database = try TestDatabase(.v15)
        let session = try database.session()
        try database.execute("SELECT pg_terminate_backend(\(session.backendPID))")
        let error = #expect(throws: PostgresError.self) { try session.query("SELECT 1") }
        guard case .connectionLost(_, let reason) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(reason.contains("terminating connection due to administrator command"))
        #expect(error?.isTransient == true)
        #expect(!session.isOpen)
    }
}
