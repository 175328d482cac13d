import Foundation
import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// A slot's stream, as the engine uses it.
@Suite(.timeLimit(.minutes(10))) struct LogStreamTests {
    /// A copy that has been made, and the source it is to follow.
    private struct Following {
        let stage: StreamStage
        let source: PostgresSource
        let request: StreamRequest

        /// - Parameter prepare: What is done by hand before.
        init(
            _ version: PostgresServer.Version,
            server: PostgresServer? = nil,
            prepare: (StreamStage) throws -> Void = { _ in }
        ) async throws {
            stage = try StreamStage(version, server: server)
            try prepare(stage)
            source = PostgresSource(stage.config, in: stage.context)
            let table = try await source.table("t")
            let start = try await source.slotLog.prepared([table], of: "one", stage.memory)
            let snapshot = try await source.snapshot(readers: 1)
            let wanted = StreamRequest.Table(schema: table.schema, moment: snapshot.moment)
            await snapshot.close()
            request = StreamRequest(sync: "one", tables: [wanted], start: start, end: nil, unfit: .text)
        }

        func stream(from start: StreamCheckpoint? = nil, to end: Checkpoint? = nil) async throws -> any ChangeStream {
            var request = request
            request.start = start ?? request.start
            request.end = end
            return try await source.slotLog.stream(request)
        }

        func remove() async {
            await source.close()
            try? stage.remove()
        }

        var confirmed: String { get throws { try stage.ask("confirmed_flush_lsn") } }
    }

    /// Everything up to the stream's end.
    private func all(_ stream: any ChangeStream) async throws -> [ChangeBatch] {
        var batches: [ChangeBatch] = []
        while let batch = try await stream.next(isWanted: { true }) {
            batches.append(batch)
            if let state = batch.state { stream.confirm(state.checkpoint) }
        }
        return batches
    }

    private func rows(_ batches: [ChangeBatch]) -> Int {
        batches.flatMap(\.stretches).flatMap(\.changes.written).map(\.rowCount).reduce(0, +)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aBoundedRunEndsWhereTheLogDid(version: PostgresServer.Version) async throws {
        let following = try await Following(version)
        try following.stage.database.execute("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g")
        let stream = try await following.stream(to: following.source.slotLog.end())
        let batches = try await all(stream)
        #expect(rows(batches) == 1000)
        #expect(batches.map(\.transactions).reduce(0, +) == 1)
        let state = try #require(batches.last?.state)
        #expect(state.time.map { abs($0 - Date().timeIntervalSince1970) < 60 } == true)
        await stream.close()
        let reached = try #require(LogCheckpoint(state.checkpoint)?.position)
        try await eventually { try following.confirmed == reached.description }
        // It goes on from there, and nothing comes twice.
        #expect(try await following.stage.prepare(state).gap == nil)
        try following.stage.database.execute("UPDATE t SET word = 'y' WHERE id <= 10")
        let second = try await following.stream(from: state, to: following.source.slotLog.end())
        let more = try await all(second)
        #expect(more.flatMap(\.stretches).map(\.changes.changeCount) == [10])
        await second.close()
        await following.remove()
    }

    @Test func theDocumentedSlotIsFollowed() async throws {
        let following = try await Following(.v15) { stage in
            try stage.database.execute(
                """
                INSERT INTO t VALUES (1, 'before the slot');
                SELECT pg_create_logical_replication_slot('pipelinewise_' || current_database(), 'wal2json');
                INSERT INTO t VALUES (2, 'before the copy')
                """
            )
        }
        try following.stage.database.execute(
            "INSERT INTO t VALUES (3, 'after'), (4, 'the copy'); DELETE FROM t WHERE id = 1"
        )
        let stream = try await following.stream(to: following.source.slotLog.end())
        let batches = try await all(stream)
        #expect(rows(batches) == 2)
        #expect(batches.flatMap(\.stretches).map(\.changes.changeCount).reduce(0, +) == 3)
        await stream.close()
        let state = try #require(batches.last?.state)
        #expect(try await following.stage.prepare(state).gap == nil)
        await following.remove()
    }

    @Test func withNothingToDoItTakesNoTime() async throws {
        let following = try await Following(.v16)
        // Next to nothing: the slot may stay.
        let short = try await following.stream(to: following.source.slotLog.end())
        #expect(try await all(short).isEmpty)
        await short.close()
        // Other tables and databases write.
        try following.stage.database.execute("CREATE TABLE other AS SELECT g FROM generate_series(1, 50000) g")
        let begin = ContinuousClock.now
        let stream = try await following.stream(to: following.source.slotLog.end())
        let batches = try await all(stream)
        await stream.close()
        // A tenth of it where nothing else runs; waiting for the server's own word takes half a minute.
        #expect(begin.duration(to: .now) < .seconds(20))
        #expect(rows(batches) == 0)
        // And yet the slot moves.
        let state = try #require(batches.last?.state)
        #expect(state != following.request.start)
        let reached = try #require(LogCheckpoint(state.checkpoint)?.position)
        try await eventually { try following.confirmed == reached.description }
        await following.remove()
    }

    @Test func gathersWhileItIsNotWanted() async throws {
        let following = try await Following(.v18)
        let stream = try await following.stream()
        let isWanted = Switch()
        try await withThrowingTaskGroup(of: ChangeBatch?.self) { group in
            group.addTask { try await stream.next { isWanted.isOn } }
            for id in 1...20 { try following.stage.database.execute("INSERT INTO t VALUES (\(id))") }
            // What was sent by then has been gathered, or is about to be.
            let end = try following.stage.database.execute("SELECT pg_current_wal_insert_lsn()")
            try await eventually { try following.stage.isSent("'\(end)'") }
            isWanted.turnOn()
            let batch = try #require(try await group.next() ?? nil)
            #expect(batch.transactions > 10)
        }
        await stream.close()
        await following.remove()
    }

    @Test func aLargeTransactionComesInParts() async throws {
        let following = try await Following(.v15)
        try following.stage.database.execute(
            "INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 40000) g"
        )
        let stream = try await following.stream(to: following.source.slotLog.end())
        let batches = try await all(stream)
        #expect(batches.count > 2)
        #expect(batches.first?.state == nil)
        #expect(batches.last?.state != nil)
        #expect(rows(batches) == 40000)
        await stream.close()
        await following.remove()
    }

    /// Servers that send transactions before their end would leave out most rows of this one, or stop: see "In progress"
    /// in the connector's `DESIGN.md`.
    @Test(arguments: PostgresServer.Version.allCases, ["TRUNCATE t", "ALTER PUBLICATION p DROP TABLE t"])
    func whatWasRolledBackHidesNothing(version: PostgresServer.Version, statement: String) async throws {
        let following = try await Following(version)
        let database = following.stage.database
        try database.execute("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB'")
        let statement = statement.replacing(" p ", with: " \(following.stage.slot) ")
        try database.execute(
            """
            BEGIN;
            SAVEPOINT a; \(statement); ROLLBACK TO a;
            COMMENT ON DATABASE \(database.name) IS 'anything'; CREATE TABLE other ();
            INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g;
            SAVEPOINT b; \(statement); RELEASE b;
            COMMIT;
            """
        )
        let stream = try await following.stream(to: following.source.slotLog.end())
        let batches = try await all(stream)
        let isEmptied = statement.hasPrefix("TRUNCATE")
        #expect(batches.flatMap(\.stretches).contains { $0.changes.isEmptied } == isEmptied)
        #expect(rows(batches) == (isEmptied ? 0 : 5000))
        await stream.close()
        await following.remove()
    }

    /// A server that is a subscriber itself marks what it was sent.
    @Test(arguments: PostgresServer.Version.allCases)
    func whatCameFromAnotherServerGoesOnFromHere(version: PostgresServer.Version) async throws {
        let following = try await Following(version)
        let database = following.stage.database
        try database.execute(
            """
            SELECT pg_replication_origin_create('\(database.name)');
            SELECT pg_replication_origin_session_setup('\(database.name)');
            INSERT INTO t VALUES (1, 'from elsewhere');
            SELECT pg_replication_origin_session_reset();
            SELECT pg_replication_origin_drop('\(database.name)')
            """
        )
        let stream = try await following.stream(to: following.source.slotLog.end())
        #expect(rows(try await all(stream)) == 1)
        await stream.close()
        await following.remove()
    }

    @Test func cancellingEndsItSoonAndKeepsWhatWasConfirmed() async throws {
        let following = try await Following(.v16)
        let stream = try await following.stream()
        try following.stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1)")
        let batch = try #require(await stream.next { true })
        let checkpoint = try #require(batch.state?.checkpoint)
        stream.confirm(checkpoint)
        let begin = ContinuousClock.now
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { while try await stream.next(isWanted: { true }) != nil {} }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        await stream.close()
        #expect(begin.duration(to: .now) < .seconds(20))
        let reached = try #require(LogCheckpoint(checkpoint)?.position)
        try await eventually { try following.confirmed == reached.description }
        await following.remove()
    }

    @Test func aConnectionThatIsLostMayBeTriedAgain() async throws {
        let following = try await Following(.v18)
        let stream = try await following.stream()
        try following.stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1)")
        let first = try #require(await stream.next { true })
        let state = try #require(first.state)
        try following.stage.ask("pg_terminate_backend(active_pid)")
        let error = await #expect(throws: PostgresError.self) {
            while try await stream.next(isWanted: { true }) != nil {}
        }
        #expect(error?.isTransient == true)
        await stream.close()
        // Nothing was confirmed, and what was applied does not come again.
        try following.stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (2)")
        #expect(try await following.stage.prepare(state).state == state)
        let again = try await following.stream(from: state, to: following.source.slotLog.end())
        #expect(rows(try await all(again)) == 1)
        await again.close()
        await following.remove()
    }

    @Test func aServerThatRestartsIsComeBackTo() async throws {
        let server = try PostgresServer(.v15)
        defer { server.remove() }
        let following = try await Following(.v15, server: server)
        let stream = try await following.stream()
        try following.stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1)")
        let state = try #require(await stream.next { true }?.state)
        server.kill()
        let error = await #expect(throws: PostgresError.self) {
            while try await stream.next(isWanted: { true }) != nil {}
        }
        #expect(error?.isTransient == true, "\(String(describing: error))")
        await stream.close()
        try server.start()
        try following.stage.database.execute("INSERT INTO t VALUES (2)")
        #expect(try await following.stage.prepare(state).gap == nil)
        let again = try await following.stream(from: state, to: following.source.slotLog.end())
        #expect(rows(try await all(again)) == 1)
        await again.close()
        await following.source.close()
    }

    @Test func aServerThatStopsIsNotHeldUp() async throws {
        let server = try PostgresServer(.v18)
        defer { server.remove() }
        let following = try await Following(.v18, server: server)
        let stream = try await following.stream()
        try following.stage.database.execute("CREATE TABLE other AS SELECT g FROM generate_series(1, 1000) g")
        let begin = ContinuousClock.now
        let stopping = Thread { server.stop(.fast) }
        stopping.start()
        let error = await #expect(throws: PostgresError.self) { _ = try await all(stream) }
        #expect(error?.isTransient == true, "\(String(describing: error))")
        #expect(begin.duration(to: .now) < .seconds(20))
        await stream.close()
        await following.source.close()
    }

    @Test func aSlotThatWasAdvancedIsNotReadInSilence() async throws {
        let following = try await Following(.v16)
        try following.stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1)")
        try following.stage.ask("pg_replication_slot_advance(slot_name, pg_current_wal_lsn())")
        let error = await #expect(throws: PostgresError.self) { _ = try await following.stream() }
        guard case .streamGap(_, let reason) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(reason.contains("advanced"))
        await following.remove()
    }

    @Test func aSilentDestinationDoesNotEndTheStream() async throws {
        let following = try await Following(.v16)
        let stream = try await following.stream()
        let before = try following.stage.replyTime()
        try await stream.keepAlive()
        try await eventually { try following.stage.replyTime() != before }
        await stream.close()
        await following.remove()
    }
}

private final class Switch: Sendable {
    private let state = Atomic(false)
    var isOn: Bool { state.load(ordering: .relaxed) }
    func turnOn() { state.store(true, ordering: .relaxed) }
}

extension StreamStage {
    /// When the slot's reader last said something.
    fileprivate func replyTime() throws -> String {
        try database.execute(
            """
            SELECT reply_time FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid
            WHERE s.slot_name = '\(slot)'
            """
        )
    }
}
