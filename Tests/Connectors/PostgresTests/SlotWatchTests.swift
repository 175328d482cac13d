import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What becomes of a slot while it is being read.
@Suite(.timeLimit(.minutes(10))) struct SlotWatchTests {
    private final class Flag: Sendable {
        private let state = Atomic(false)
        var isOn: Bool { state.load(ordering: .relaxed) }
        func turnOn() { state.store(true, ordering: .relaxed) }
    }

    /// A stream of the table, and the state it began with.
    private func follow(
        _ stage: StreamStage,
        times: FeedTimes,
        notes: Notes = Notes(),
        isPrompt: Bool = false
    ) async throws -> (source: PostgresSource, stream: any ChangeStream, start: StreamCheckpoint) {
        var context = stage.context
        context.notify = { notes.add($0) }
        let source = PostgresSource(stage.config, in: context, times: times)
        let table = try await source.table("t")
        let start = try await source.slotLog.prepared([table], of: "one", stage.memory)
        let snapshot = try await source.snapshot(readers: 1)
        let wanted = StreamRequest.Table(schema: table.schema, moment: snapshot.moment)
        await snapshot.close()
        let request = StreamRequest(
            sync: "one",
            tables: [wanted],
            start: start,
            end: nil,
            unfit: .text,
            isPrompt: isPrompt,
            made: stage.memory.made(of: "one")
        )
        return (source, try await source.slotLog.stream(request), start)
    }

    /// A destination that can be read while it is written gets each change as soon as it is free: nothing gathers, or
    /// this would wait for an hour.
    @Test func changesComeAtOnceWhereNobodyIsKeptOut() async throws {
        let stage = try StreamStage(.v16)
        var times = FeedTimes()
        times.gathering = .seconds(3600)
        times.rest = .seconds(3600)
        let (source, stream, _) = try await follow(stage, times: times, isPrompt: true)
        for id in 1...3 {
            try stage.database.execute("INSERT INTO t VALUES (\(id), 'word')")
            var changes = 0
            while changes == 0 {
                let batch = try #require(try await stream.next(isWanted: { true }))
                changes = batch.stretches.reduce(0) { $0 + $1.changes.changeCount }
            }
            #expect(changes == 1)
        }
        await stream.close()
        await source.close()
        try stage.remove()
    }

    /// About a megabyte of log.
    private let megabyte = "INSERT INTO other SELECT repeat(md5(g::text), 30) FROM generate_series(1, 1000) g"

    /// The destination confirms nothing, so that the slot grows.
    @Test func whatKeepsTooMuchIsDroppedIfThatIsThePolicy() async throws {
        var stage = try StreamStage(.v16)
        stage.config.maxSlotLog = ByteSize(4 << 20)
        stage.config.maxSlotLogPolicy = .dropSlot
        try stage.database.execute("CREATE TABLE other (a text)")
        var times = FeedTimes()
        times.watching = .zero
        let (source, stream, start) = try await follow(stage, times: times)
        let isGone = Flag()
        let error = try await withThrowingTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                defer { isGone.turnOn() }
                do { while try await stream.next(isWanted: { true }) != nil {} } catch { return error }
                return nil
            }
            try await eventually {
                try stage.database.execute(megabyte)
                return isGone.isOn
            }
            return try await group.next() ?? nil
        }
        guard case .slotDropped(_, _, let kept, _) = error as? PostgresError else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(kept.bytes > 4 << 20)
        #expect(try stage.ask("count(*)") == "0")
        // The engine asks again, as after any failure that passes, and is told what is missing.
        #expect((error as? PostgresError)?.isTransient == true)
        await stream.close()
        #expect(try await stage.prepare(start).gap != nil)
        await source.close()
        try stage.remove()
    }

    @Test func elseItIsSaidOnce() async throws {
        var stage = try StreamStage(.v18)
        stage.config.maxSlotLog = ByteSize(1 << 20)
        try stage.database.execute("CREATE TABLE other (a text)")
        var times = FeedTimes()
        times.watching = .zero
        let notes = Notes()
        let (source, stream, _) = try await follow(stage, times: times, notes: notes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { while try await stream.next(isWanted: { true }) != nil {} }
            try await eventually {
                try stage.database.execute(megabyte)
                return notes.all.contains { $0.contains("max_slot_wal") }
            }
            // It looks with everything that comes.
            let end = try stage.database.execute("\(megabyte); SELECT pg_current_wal_insert_lsn()")
            try await eventually { try stage.ask("active") == "t" && stage.isSent("'\(end)'") }
            group.cancelAll()
        }
        #expect(notes.all.count { $0.contains("max_slot_wal") } == 1)
        #expect(try stage.ask("count(*)") == "1")
        await stream.close()
        await source.close()
        try stage.remove()
    }

    /// Nothing is written to the table that is followed.
    @Test(arguments: PostgresServer.Version.allCases)
    func theSlotOfAnIdleTableMovesOn(version: PostgresServer.Version) async throws {
        // How far it is behind depends on all that the server writes.
        let server = try PostgresServer(version)
        defer { server.remove() }
        let stage = try StreamStage(version, server: server)
        let elsewhere = try TestDatabase(server)
        try stage.database.execute("CREATE TABLE other (a text)")
        try elsewhere.execute("CREATE TABLE other (a text)")
        var times = FeedTimes()
        times.idle = .milliseconds(50)
        times.telling = .zero
        let (source, stream, _) = try await follow(stage, times: times)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let batch = try await stream.next(isWanted: { true }) {
                    #expect(batch.stretches.isEmpty)
                    if let state = batch.state { stream.confirm(state.checkpoint) }
                }
            }
            for database in [stage.database, elsewhere] {
                let end = try database.execute(
                    "SET synchronous_commit = on; \(megabyte); SELECT pg_current_wal_insert_lsn()"
                )
                try await eventually { try stage.ask("confirmed_flush_lsn >= '\(end)'") == "t" }
            }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        await stream.close()
        try await eventually { try stage.ask("active") == "f" }
        let status = try await source.slotLog.status(of: "one", at: nil)
        #expect(status.exists && !status.isRead && status.plugin == "pgoutput" && status.warnings.isEmpty)
        #expect(try #require(status.behind) < 1 << 20)
        await source.close()
        try stage.remove()
    }

    @Test func whatASlotIsWarnedOf() {
        var slot = SlotFacts(name: "s", retained: 10 << 20)
        #expect(slot.warnings(limit: ByteSize(20 << 20)).isEmpty)
        #expect(slot.warnings(limit: ByteSize(5 << 20)).map(\.severity) == [.warning])
        slot.room = 1 << 20
        #expect(slot.warnings(limit: ByteSize(20 << 20)).first?.message.contains("1MB more") == true)
        slot.room = 100 << 20
        #expect(slot.warnings(limit: ByteSize(20 << 20)).isEmpty)
        slot.logStatus = "lost"
        #expect(slot.warnings(limit: ByteSize(20 << 20)).map(\.severity) == [.error])
    }
}

extension StreamStage {
    /// Whether the slot's reader has been sent everything before `position`.
    func isSent(_ position: String) throws -> Bool {
        try database.execute(
            """
            SELECT sent_lsn >= \(position) FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid
            WHERE s.slot_name = '\(slot)'
            """
        ) == "t"
    }
}

/// What a user is told.
final class Notes: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ note: String) { list.withLock { $0.append(note) } }
}
