import Foundation
import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.timeLimit(.minutes(10))) struct ReplicationSessionTests {
    /// A database with a table, a publication and a slot of its own, all named alike.
    private struct Stage {
        let database: TestDatabase
        let slot: String
        let start: LSN

        init(_ version: PostgresServer.Version, server: PostgresServer? = nil) throws {
            database = try TestDatabase(version)
            slot = database.name
            try database.execute("CREATE TABLE t (id int8 PRIMARY KEY, word text); CREATE PUBLICATION p FOR TABLE t")
            let text = try database.execute(
                "SELECT lsn FROM pg_create_logical_replication_slot('\(slot)', 'pgoutput')"
            )
            start = try #require(LSN(text))
        }

        let options = [("proto_version", "1"), ("publication_names", "\"p\"")]

        func session(interruption: Interruption = Interruption()) throws -> ReplicationSession {
            try ReplicationSession(
                database.config,
                in: .test,
                capabilities: database.session().capabilities,
                interruption: interruption
            )
        }

        func remove() throws {
            try eventually {
                try database.execute("SELECT active FROM pg_replication_slots WHERE slot_name = '\(slot)'") != "t"
            }
            try database.execute("SELECT pg_drop_replication_slot('\(slot)')")
        }
    }

    /// The first letters of the plugin's messages, until `enough`.
    private func letters(_ session: ReplicationSession, until enough: (String) -> Bool) throws -> String {
        var letters = ""
        while !enough(letters) {
            while try session.receive({ message in
                if case .data(_, _, let payload) = message {
                    letters.unicodeScalars.append(Unicode.Scalar(payload[0]))
                }
            }) {}
            if !enough(letters) { _ = try session.wait(milliseconds: 100) }
        }
        return letters
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func receivesChangesAndConfirmsThem(version: PostgresServer.Version) throws {
        let stage = try Stage(version)
        let session = try stage.session()
        let identity = try session.identifySystem()
        #expect(identity.timeline == 1)
        #expect(identity.position >= stage.start)
        #expect(try session.history(of: 1) == TimelineHistory())
        try session.start(slot: stage.slot, at: stage.start, options: stage.options)
        try stage.database.execute("INSERT INTO t VALUES (1, 'one'); UPDATE t SET word = 'uno'; DELETE FROM t")
        #expect(try letters(session) { $0.hasSuffix("DC") }.contains("BRI"))
        let position = try #require(LSN(stage.database.execute("SELECT pg_current_wal_flush_lsn()")))
        try session.sendStatus(confirmed: position)
        session.end()
        let confirmed = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '\(stage.slot)'"
        try eventually { try stage.database.execute(confirmed) == position.description }
        try stage.remove()
    }

    @Test func aStatusIsAnsweredAtOnce() throws {
        let stage = try Stage(.v16)
        let session = try stage.session()
        try session.start(slot: stage.slot, at: stage.start, options: stage.options)
        // Nothing that concerns the slot, and yet the position moves past it.
        try stage.database.execute("CREATE TABLE other AS SELECT 1 AS a")
        let position = try #require(LSN(stage.database.execute("SELECT pg_current_wal_flush_lsn()")))
        var reached = LSN.none
        let begin = ContinuousClock.now
        while reached < position {
            try session.sendStatus(confirmed: stage.start, isReplyWanted: true)
            _ = try session.wait(milliseconds: 20)
            while try session.receive({ message in
                if case .keepAlive(let end, _, _) = message { reached = max(reached, end) }
            }) {}
        }
        #expect(begin.duration(to: .now) < .seconds(20))
        session.end()
        try stage.remove()
    }

    @Test func settingsComeWithTheConnectionWhereTheyHaveTo() throws {
        let database = try TestDatabase(.v18)
        var config = database.config
        config.options = "-c work_mem=77MB"
        let capabilities = ServerCapabilities(version: 90_600)
        let session = try ReplicationSession(config, in: .test, capabilities: capabilities)
        for (name, value) in [
            ("DateStyle", "ISO, YMD"), ("search_path", "pg_catalog, pg_temp"), ("TimeZone", "UTC"), ("work_mem", "77MB"),
        ] {
            #expect(try session.session.command("SHOW \(name)").value == value, "\(name)")
        }
        session.close()
    }

    @Test func aServerThatEndsTheStreamIsALostConnection() throws {
        let stage = try Stage(.v15)
        let session = try stage.session()
        try session.start(slot: stage.slot, at: stage.start, options: stage.options)
        try stage.database.execute(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '\(stage.slot)'"
        )
        let error = #expect(throws: PostgresError.self) { _ = try letters(session) { _ in false } }
        guard case .connectionLost(_, let reason) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(reason.contains("administrator command"))
        #expect(error?.isTransient == true)
        try stage.remove()
    }

    @Test func aServerThatStopsEndsTheStream() throws {
        let server = try PostgresServer(.v18)
        defer { server.remove() }
        try server.execute("CREATE PUBLICATION p FOR ALL TABLES")
        try server.execute("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        let capabilities = try Session(server.config(), in: .test).capabilities
        let session = try ReplicationSession(server.config(), in: .test, capabilities: capabilities)
        try session.start(slot: "s", at: .none, options: [("proto_version", "1"), ("publication_names", "\"p\"")])
        let stopping = Thread { server.stop(.fast) }
        stopping.start()
        // It waits for what was sent to be confirmed before it goes.
        let error = #expect(throws: PostgresError.self) {
            while true {
                var end: LSN?
                while try session.receive({ message in
                    if case .keepAlive(let reached, _, _) = message { end = reached }
                }) {}
                if let end { try session.sendStatus(confirmed: end) }
                _ = try session.wait(milliseconds: 100)
            }
        }
        #expect(error?.isTransient == true, "\(String(describing: error))")
    }

    @Test func refusalsAreTold() throws {
        let database = try TestDatabase(.v16)
        let session = try ReplicationSession(
            database.config,
            in: .test,
            capabilities: database.session().capabilities
        )
        let error = #expect(throws: PostgresError.self) { try session.start(slot: "not_there", at: .none, options: []) }
        #expect(error?.sqlState == "42704")
        // And the connection is of use still.
        #expect(try session.identifySystem().timeline == 1)
        session.close()
    }

    @Test func interruptingLeavesTheStreamInOrder() throws {
        let stage = try Stage(.v16)
        let interruption = Interruption()
        let session = try stage.session(interruption: interruption)
        try session.start(slot: stage.slot, at: stage.start, options: stage.options)
        interruption.raise()
        let begin = ContinuousClock.now
        #expect(throws: CancellationError.self) { while try session.wait(milliseconds: 10_000) {} }
        #expect(begin.duration(to: .now) < .seconds(20))
        let position = try #require(LSN(stage.database.execute("SELECT pg_current_wal_flush_lsn()")))
        try session.sendStatus(confirmed: position)
        session.end()
        let confirmed = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '\(stage.slot)'"
        try eventually { try stage.database.execute(confirmed) == position.description }
        try stage.remove()
    }
}

@Suite struct ReplicationMessageTests {
    @Test(arguments: [[], [0x77], [UInt8](repeating: 0x6B, count: 17), [UInt8](repeating: 0x6B, count: 19), [0x78, 0]])
    func refusesWhatIsNone(bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { bytes in
            #expect(throws: MalformedReplication.self) { try ReplicationMessage(bytes) }
        }
    }

    @Test func readsAHistory() throws {
        let history = try TimelineHistory(
            "1\t0/3000158\tno recovery target specified\n\n2\t0/5000000\tbefore 2000-01-01\n"
        )
        #expect(history.end(of: 1) == LSN("0/3000158"))
        #expect(history.end(of: 2) == LSN("0/5000000"))
        #expect(history.end(of: 3) == nil)
        #expect(throws: MalformedReplication.self) { try TimelineHistory("one\t0/1") }
        #expect(throws: MalformedReplication.self) { try TimelineHistory("1") }
    }

    @Test func quotesByTheProtocolsRules() {
        let command = ReplicationCommand.start(
            slot: "s",
            at: LSN(rawValue: 0x16_0000_00AB),
            options: [("proto_version", "1"), ("publication_names", "\"it's\\\"")]
        )
        #expect(
            command
                == "START_REPLICATION SLOT \"s\" LOGICAL 16/AB (\"proto_version\" '1', \"publication_names\" '\"it''s\\\"')"
        )
    }
}
