import TandemCore
import TandemRows
import TandemState
import TandemTesting
import Testing

@testable import TandemEngine

/// What of a run's events is written down.
@Suite struct RunRecorderTests {
    /// A thousand tables that join one after the other are a thousand lines, and not half a million.
    @Test func aTableThatJoinsIsWrittenAlone() async throws {
        let store = try StateStore.inMemory()
        let recorder = await RunRecorder(of: "sync", in: store) { Issue.record("\($0)") }
        let tables = Sample.plan([Sample.table("public.a"), Sample.table("public.b")]).tables
        let progress = StreamProgress()
        func phases() async throws -> [TableState.Phase] { try await store.tables(of: "sync").map(\.phase) }
        func applied() async {
            var batch = ChangeBatch(state: StreamCheckpoint(id: "stream", checkpoint: Checkpoint("1")))
            batch.isUpToDate = true
            progress.add(batch)
            await recorder.note(.applied(progress))
        }
        await recorder.note(.following(progress, tables: [tables[0]], end: nil))
        #expect(try await phases() == [.catchingUp])
        await applied()
        #expect(try await phases() == [.streaming])
        await recorder.note(.joined(tables[1], progress, followed: 2))
        #expect(try await phases() == [.streaming, .catchingUp])
        await applied()
        #expect(try await phases() == [.streaming, .streaming])
        // The stream stands still for a third to join.
        await recorder.note(.following(progress, tables: tables, end: nil))
        #expect(try await phases() == [.streaming, .streaming])
        await recorder.note(.retrying(TestFault(isTransient: true), pause: .zero, attempt: 1))
        await recorder.note(.following(progress, tables: tables, end: nil))
        #expect(try await phases() == [.catchingUp, .catchingUp])
        await applied()
        // One that is copied again meanwhile is followed anew.
        await recorder.note(.copyingAgain(tables[0], reason: "it changed"))
        await recorder.note(.following(progress, tables: tables, end: nil))
        #expect(try await phases() == [.catchingUp, .streaming])
    }
}
