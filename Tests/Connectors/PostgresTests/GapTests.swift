import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Lost ground is noticed, whoever took it away.
@Suite(.timeLimit(.minutes(10))) struct GapTests {
    /// Prepares again, and expects a new stream and `words` among the reasons.
    private func expectGap(
        _ words: String,
        in stage: StreamStage,
        after state: StreamCheckpoint,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let prepared = try await stage.prepare(state)
        #expect(prepared.gap?.contains(words) == true, "\(prepared.gap ?? "no gap")", sourceLocation: location)
        #expect(prepared.state.id != state.id, sourceLocation: location)
        #expect(prepared.position.map { $0 > .none } == true, sourceLocation: location)
        let again = try await stage.prepare(prepared.state)
        #expect(again.gap == nil, sourceLocation: location)
        #expect(again.state == prepared.state, sourceLocation: location)
    }

    /// The state of a destination that has applied everything up to now.
    private func reached(_ state: StreamCheckpoint, in stage: StreamStage) throws -> StreamCheckpoint {
        var state = state
        let position = try #require(LSN(stage.database.execute("SELECT pg_current_wal_flush_lsn()")))
        let timeline = try #require(LogCheckpoint(state.checkpoint)).timeline
        state.checkpoint = LogCheckpoint(position, timeline: timeline).checkpoint
        return state
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aSlotThatWasDropped(version: PostgresServer.Version) async throws {
        let stage = try StreamStage(version)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        try stage.remove()
        try await expectGap("is gone", in: stage, after: state)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aSlotThatWasMadeAnew(version: PostgresServer.Version) async throws {
        let stage = try StreamStage(version)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        try stage.database.execute("INSERT INTO t VALUES (1)")
        try stage.remove()
        try stage.database.execute("SELECT pg_create_logical_replication_slot('\(stage.slot)', 'pgoutput')")
        try await expectGap("advanced or made anew", in: stage, after: state)
    }

    @Test func aSlotThatSomebodyAdvanced() async throws {
        let stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        try stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1)")
        // Nothing is missing at a destination that has come as far.
        let reached = try reached(state, in: stage)
        let place = try #require(LogCheckpoint(reached.checkpoint)).position
        // No further: others write to this server too.
        try stage.database.execute("SELECT pg_replication_slot_advance('\(stage.slot)', '\(place)')")
        #expect(try await stage.prepare(reached).gap == nil)
        try await expectGap("restored from a backup", in: stage, after: state)
    }

    @Test func aSlotThatTheServerInvalidated() async throws {
        let server = try PostgresServer(
            .v18,
            settings: ["max_slot_wal_keep_size": "'1MB'", "max_wal_size": "'32MB'", "wal_keep_size": "0"]
        )
        defer { server.remove() }
        let stage = try StreamStage(.v18, server: server)
        let state = try await stage.prepare().state
        for _ in 0..<4 {
            try stage.database.execute(
                "SELECT pg_switch_wal(); INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t; CHECKPOINT"
            )
            try stage.database.execute(
                "CREATE TABLE x AS SELECT repeat('x', 1000) FROM generate_series(1, 20000); DROP TABLE x"
            )
        }
        try await eventually {
            try stage.database.execute("CHECKPOINT")
            return try stage.ask("wal_status") == "lost"
        }
        try await expectGap("is lost", in: stage, after: state)
        #expect(try stage.ask("wal_status") != "lost")
    }

    @Test func aPublicationThatWasDropped() async throws {
        let stage = try StreamStage(.v15)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        try stage.database.execute("DROP PUBLICATION \(stage.slot)")
        try await expectGap("publication", in: stage, after: state)
    }

    @Test func aTableThatLeftThePublication() async throws {
        let stage = try StreamStage(.v15)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        try stage.database.execute("ALTER PUBLICATION \(stage.slot) DROP TABLE t")
        let prepared = try await stage.prepare(state)
        #expect(prepared.gap == nil)
        #expect(prepared.recopies.count == 1)
    }

    @Test func aServerThatWasRestored() async throws {
        let stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        var state = try reached(try await stage.prepare().state, in: stage)
        let checkpoint = try #require(LogCheckpoint(state.checkpoint))
        // Further than what other tests write meanwhile: a new database alone is megabytes.
        let ahead = LSN(rawValue: checkpoint.position.rawValue + 1 << 40)
        state.checkpoint = LogCheckpoint(ahead, timeline: checkpoint.timeline).checkpoint
        try await expectGap("restored from an older copy", in: stage, after: state)
    }

    @Test func anotherServerAndAnotherDatabase() async throws {
        let stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        var other = try #require(StreamIdentity(state.id))
        other.system = "1"
        try await expectGap(
            "another server",
            in: stage,
            after: StreamCheckpoint(id: "\(other)", checkpoint: state.checkpoint)
        )
        let second = try await stage.prepare().state
        other = try #require(StreamIdentity(second.id))
        other.database = 1
        try await expectGap(
            "another database",
            in: stage,
            after: StreamCheckpoint(id: "\(other)", checkpoint: second.checkpoint)
        )
    }

    @Test func anotherSlotInTheConfiguration() async throws {
        var stage = try StreamStage(.v18)
        defer { try? stage.remove() }
        let state = try await stage.prepare().state
        stage.config.slot = stage.slot + "_b"
        try await expectGap("instead of", in: stage, after: state)
    }

    /// Two syncs with the one slot that the setting names: each has to copy again, and is told why.
    @Test func twoSyncsWithOneSlotAreTold() async throws {
        var stage = try StreamStage(.v18)
        defer { try? stage.remove() }
        stage.config.slot = stage.slot
        stage.syncs = ["one", "two"]
        let first = try await stage.prepare()
        #expect(!first.notes.contains { $0.contains("gives all") })
        try stage.database.execute("INSERT INTO t VALUES (1)")
        // No further than what is on disk.
        try stage.database.execute("CHECKPOINT")
        try stage.ask("pg_replication_slot_advance(slot_name, pg_current_wal_lsn())")
        let second = try await stage.prepare(first.state)
        #expect(second.gap != nil && second.notes.contains { $0.contains("\"slot\" gives all 2 syncs") })
        stage.syncs = ["one"]
        #expect(try await stage.prepare(first.state).notes.allSatisfy { !$0.contains("gives all") })
    }

    @Test func aSlotThatKeepsTooMuchIsSaidOrDropped() async throws {
        // Of its own: what others write would count.
        let server = try PostgresServer(.v15)
        defer { server.remove() }
        var stage = try StreamStage(.v15, server: server)
        let state = try await stage.prepare().state
        try stage.database.execute("CREATE TABLE big AS SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
        stage.config.maxSlotLog = ByteSize("1MB")
        let warned = try await stage.prepare(state, tables: ["t"])
        #expect(warned.gap == nil)
        #expect(warned.notes.contains { $0.contains("max_slot_wal: 1MB") })
        stage.config.maxSlotLogPolicy = .dropSlot
        let dropped = try await stage.prepare(state, tables: ["t"])
        #expect(dropped.gap?.contains("max_slot_wal") == true)
        #expect(try await stage.prepare(dropped.state, tables: ["t"]).gap == nil)
    }

    @Test func aStandbyThatTookOver() async throws {
        let primary = try PostgresServer(.v16)
        defer { primary.remove() }
        let first = try StreamStage(.v16, server: primary)
        let state = try await first.prepare().state
        let standby = try primary.makeStandby()
        defer { standby.remove() }
        try first.database.execute("INSERT INTO t VALUES (1)")
        let ahead = try reached(state, in: first)
        let end = try #require(LogCheckpoint(ahead.checkpoint)).position
        try await eventually { try LSN(standby.execute("SELECT pg_last_wal_replay_lsn()")).map { $0 >= end } ?? false }
        primary.kill()
        try standby.execute("SELECT pg_promote()")
        var second = first
        second.config = standby.config(database: first.database.name)
        // The slot did not come along; had it, what was applied would all be there.
        let prepared = try await second.prepare(ahead)
        #expect(prepared.gap?.contains("is gone") == true, "\(prepared.gap ?? "no gap")")
        #expect(LogCheckpoint(prepared.state.checkpoint)?.timeline == 2)
        // What was applied and did not survive the failover.
        let lost = LogCheckpoint(LSN(rawValue: end.rawValue + 1 << 24), timeline: 1).checkpoint
        let behind = try await second.prepare(StreamCheckpoint(id: state.id, checkpoint: lost))
        #expect(behind.gap?.contains("did not survive") == true, "\(behind.gap ?? "no gap")")
    }
}

/// The decision by itself, for what no server at hand can be brought to.
@Suite struct ContinuityTests {
    private func state(_ position: String, timeline: UInt32 = 2) throws -> StreamCheckpoint {
        let identity = StreamIdentity(system: "7", database: 5, slot: "s", start: .none, time: 0)
        let position = try #require(LSN(position))
        return StreamCheckpoint(id: "\(identity)", checkpoint: LogCheckpoint(position, timeline: timeline).checkpoint)
    }

    private func continuity(
        timeline: UInt32 = 2,
        history: String = "1\t0/500\tx\n",
        change: (inout SlotFacts) -> Void = { _ in }
    ) throws -> Continuity {
        var slot = SlotFacts(name: "s", restart: LSN("0/100"), confirmed: LSN("0/200"))
        change(&slot)
        let identity = SystemIdentity(system: "7", timeline: timeline, position: try #require(LSN("0/1000")))
        return Continuity(
            identity: identity,
            history: try TimelineHistory(history),
            database: 5,
            position: identity.position,
            slot: slot
        )
    }

    @Test func goesOn() throws {
        #expect(try continuity().gap(after: state("0/200")) == nil)
        #expect(try continuity().gap(after: state("0/1000")) == nil)
        #expect(try continuity().gap(after: state("0/500", timeline: 1)) == nil)
        // Before 9.6 the server does not tell.
        #expect(try continuity { $0.confirmed = nil }.gap(after: state("0/100")) == nil)
    }

    @Test func doesNotGoOn() throws {
        #expect(try continuity().gap(after: state("0/1FF"))?.contains("advanced") == true)
        #expect(try continuity().gap(after: state("0/1001"))?.contains("restored") == true)
        #expect(try continuity().gap(after: state("0/501", timeline: 1))?.contains("did not survive") == true)
        #expect(try continuity().gap(after: state("0/500", timeline: 3))?.contains("later timeline") == true)
        #expect(try continuity(timeline: 4).gap(after: state("0/500"))?.contains("does not descend") == true)
        #expect(try continuity { $0.confirmed = nil }.gap(after: state("0/FF"))?.contains("holds the log") == true)
        let invalid = try continuity { $0.invalidation = "idle_timeout" }
        #expect(try invalid.gap(after: state("0/200"))?.contains("idle_timeout") == true)
        let other = StreamCheckpoint(id: "what", checkpoint: Checkpoint("0/200"))
        #expect(try continuity().gap(after: other)?.contains("not written by this version") == true)
    }
}
