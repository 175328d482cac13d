import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct RecordNoteTests {
    static let table = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')"

    private func begin(_ store: PostgresRecordStore) async throws -> any RecordTransaction {
        try #require(try await store.begin("s"))
    }

    @Test(arguments: RecordStage.versions) func notesAreThereExactlyIfTheWritesAre(
        _ version: PostgresServer.Version
    ) async throws {
        let stage = try await RecordStage(version, Self.table)
        #expect(!stage.store.capabilities.keepsNotes)
        #expect(try await stage.store.begin("s") == nil)
        try await stage.store.prepare()
        try await stage.store.prepare()
        #expect(stage.store.capabilities.keepsNotes)
        #expect(try await stage.store.notes(of: "s", after: 0).isEmpty)
        let shape = try await stage.shape("t")
        let records = try await stage.read(1, 2, of: shape)
        let first = try await begin(stage.store)
        let write = RecordWrite(id: 1, shape: shape, change: .update(records[0], fields: [0: .text("A")]))
        let bad = RecordWrite(id: 2, shape: shape, change: .create([0: .text("no key")]))
        let outcomes = try await first.write([bad, write])
        #expect(outcomes[1]?.record?.fields == [.text("A")] && outcomes[2]?.rejection?.code == "23502")
        #expect(try stage.database.execute("SELECT v FROM t WHERE id = 1") == "a")
        // What is stored is seen by later calls of the transaction.
        let again = try #require(outcomes[1]?.record)
        let second = RecordWrite(id: 3, shape: shape, change: .update(again, fields: [0: .text("AA")]))
        #expect(try await first.write([second])[3]?.record?.fields == [.text("AA")])
        try await first.commit(WriteNote(number: 4, bytes: [0, 1, 255]), forgetting: 0)
        let other = try await begin(stage.store)
        _ = try await other.write([
            RecordWrite(id: 1, shape: shape, change: .update(records[1], fields: [0: .text("B")]))
        ])
        await other.rollback()
        #expect(try stage.database.execute("SELECT string_agg(v, ' ' ORDER BY id) FROM t") == "AA b")
        let third = try await begin(stage.store)
        try await third.commit(WriteNote(number: 6, bytes: []), forgetting: 3)
        let notes = try await stage.store.notes(of: "s", after: 0)
        #expect(notes == [WriteNote(number: 4, bytes: [0, 1, 255]), WriteNote(number: 6, bytes: [])])
        #expect(try await stage.store.notes(of: "s", after: 4).map(\.number) == [6])
        #expect(try await stage.store.notes(of: "other", after: 0).isEmpty)
        #expect(try await stage.store.describe().map(\.name.table) == ["t"])
        await stage.store.close()
    }

    /// Whoever has lost a commit's answer asks for the notes, and nothing is committed behind its back.
    @Test(arguments: RecordStage.versions) func aNewSessionShutsOutTransactionsInFlight(
        _ version: PostgresServer.Version
    ) async throws {
        let stage = try await RecordStage(version, Self.table, isPrepared: true)
        _ = try await stage.store.notes(of: "s", after: 0)
        let shape = try await stage.shape("t")
        let record = try #require(try await stage.read(1, of: shape).first)
        let early = try await begin(stage.store)
        _ = try await early.write([
            RecordWrite(id: 1, shape: shape, change: .update(record, fields: [0: .text("late")]))
        ])
        let second = try await PostgresRecordStore.open(stage.database.config, in: .test)
        #expect(try await second.notes(of: "s", after: 0).isEmpty)
        await #expect(throws: PostgresError.self) {
            try await early.commit(WriteNote(number: 1, bytes: [1]), forgetting: 0)
        }
        // Nor may that session begin anything.
        await #expect(throws: PostgresError.self) { try await stage.store.begin("s") }
        #expect(try await second.notes(of: "s", after: 0).isEmpty)
        #expect(try stage.database.execute("SELECT v FROM t WHERE id = 1") == "a")
        let now = try await begin(second)
        let write = RecordWrite(id: 1, shape: shape, change: .update(record, fields: [0: .text("now")]))
        #expect(try await now.write([write])[1]?.record != nil)
        try await now.commit(WriteNote(number: 1, bytes: [1]), forgetting: 0)
        #expect(try await second.notes(of: "s", after: 0).count == 1)
        await stage.store.close()
        await second.close()
    }

    /// A transaction that is being committed is waited for.
    @Test func aSessionWaitsForACommitUnderWay() async throws {
        let stage = try await RecordStage(.v16, Self.table, isPrepared: true)
        _ = try await stage.store.notes(of: "s", after: 0)
        let other = try stage.database.session()
        try other.begin(.readWrite)
        let tables = TwoWayTables(session: other, project: "")
        try tables.add(WriteNote(number: 9, bytes: [9]), of: "s", in: 1, forgetting: 0)
        async let notes = stage.store.notes(of: "s", after: 0)
        try stage.database.server.awaitRow(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            in: stage.database.name
        )
        try other.execute("COMMIT")
        #expect(try await notes.map(\.number) == [9])
        await stage.store.close()
    }
}
