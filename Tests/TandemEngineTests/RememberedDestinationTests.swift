import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// What a run knows of its destination without asking again.
@Suite struct RememberedDestinationTests {
    private struct Harness: ChangeHarness {
        func makeDestination(beside other: (any Destination)?) async throws -> any Destination {
            other ?? RememberedDestination(MemoryDestination(MemoryDatabase(name: "fresh")), of: "sync")
        }
    }

    @Test func keepsWhatADestinationPromises() async throws { try await ChangeConformance(Harness()).run() }

    @Test func aRunWithNothingToDoAsksOnce() async throws {
        let names = ["a", "b", "c"].map { TableName(schema: "shop", table: $0) }
        let source = LoggedSource(names.map { SampleTable($0, ids: 0..<5) })
        let warehouse = MemoryDatabase(name: "house")
        for (round, most) in [100, 1].enumerated() {
            let destination = FaultyDestination(MemoryDestination(warehouse))
            let run = SyncRun(
                RunContext(
                    SyncConfiguration(name: "test", from: "shop", to: "house"),
                    from: source,
                    to: destination,
                    readers: 1
                ),
                state: nil
            )
            _ = try await run.run()
            #expect(destination.looks <= most, "round \(round)")
        }
    }

    /// Once before it begins, and once for what was left out of what it put in place.
    @Test func aFullCopyAsksTwice() async throws {
        let name = TableName(schema: "shop", table: "a")
        let warehouse = MemoryDatabase(name: "house")
        for rows in [5, 9] {
            let table = SampleTable(name, ids: 0..<rows)
            let shop = MemoryDatabase(name: "shop", tables: [.init(schema: table.schema, batches: table.batches())])
            let destination = FaultyDestination(MemoryDestination(warehouse))
            let run = SyncRun(
                RunContext(
                    SyncConfiguration(name: "test", from: "shop", to: "house", method: .fixed(.fullTable)),
                    from: MemorySource(shop),
                    to: destination,
                    readers: 1
                ),
                state: nil
            )
            let result = try await run.run()
            #expect(result.targets == [name] && result.report.outcomes.map(\.written) == [rows])
            #expect(destination.looks <= 2)
        }
    }
}
