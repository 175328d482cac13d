import Foundation
import TandemCore
import TandemEngine
import TandemMemory
import TandemRows
import TandemState
import TandemTesting
import Testing

/// A run knows no time but its clock's.
@Suite struct RunClockTests {
    private let clock = RunClock(elapsed: { .seconds(7) }, wall: { 1_000 }, pause: { _ in })

    @Test func everyTimeIsTheClocks() async throws {
        let table = SampleTable(TableName(schema: "shop", table: "a"), ids: 0..<5000)
        let shop = MemoryDatabase(name: "shop", tables: [.init(schema: table.schema, batches: table.batches())])
        let state = try StateStore.inMemory(clock: clock)
        let run = SyncRun(
            RunContext(
                SyncConfiguration(name: "test", from: "shop", to: "house", method: .fixed(.fullTable)),
                from: MemorySource(shop),
                to: MemoryDestination(MemoryDatabase(name: "house")),
                readers: 2,
                clock: clock
            ),
            state: state
        )
        let result = try await run.run()
        // It stands still, so nothing takes any time.
        #expect(result.duration == .zero && result.report.outcomes.map(\.duration) == [.zero])
        let noted = try #require(try await state.lastRun(of: "test"))
        #expect(noted.started == Date(timeIntervalSince1970: 1_000) && noted.ended == noted.started)
        #expect(try await state.tables(of: "test").map(\.copied) == [noted.started])
    }
}
