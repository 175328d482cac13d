import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Tables that are put in place together, because a stream keeps them up to date.
@Suite struct PublishGroupTests {
    private let warehouse = MemoryDatabase(name: "warehouse")

    private func name(_ table: String) -> TableName { TableName(schema: "public", table: table) }

    /// Copies `names`, and returns how many tables were put in place each time.
    private func copy(
        _ names: [String],
        to destination: any Destination
    ) async throws -> (report: FullCopy.Report, groups: [Int]) {
        let tables = names.map { SampleTable(name($0), ids: 0..<3) }
        let shop = MemoryDatabase(name: "shop", tables: tables.map { .init(schema: $0.schema, batches: $0.batches()) })
        let plans = try await MemorySource(shop).catalog().tables.map { table in
            TablePlan(
                source: table,
                target: table.schema.name,
                method: .logBased,
                reason: "a test",
                schema: table.schema,
                targetNames: table.schema.columns.map(\.name)
            )
        }
        let groups = Mutex([Int]())
        let context = RunContext(
            SyncConfiguration(name: "test", from: "shop", to: "warehouse"),
            from: MemorySource(shop),
            to: destination,
            readers: 2,
            retries: RetryPolicy(limit: 3, firstPause: .zero, longestPause: .zero),
            observe: { event in
                if case .published(let outcomes) = event { groups.withLock { $0.append(outcomes.count) } }
            }
        )
        let plan = SyncPlan(sync: "test", unfit: .text, tables: plans)
        let report = try await FullCopy(
            context,
            of: plan,
            since: StreamCheckpoint(id: "one", checkpoint: Checkpoint("1"))
        )
        .run()
        return (report, groups.withLock { $0 })
    }

    @Test func smallTablesGoTogether() async throws {
        let names = (0..<300).map { "t\($0)" }
        let (report, groups) = try await copy(names, to: MemoryDestination(warehouse))
        #expect(report.failures.isEmpty && report.outcomes.count == 300)
        // One a second, at most.
        #expect(groups.count < 30 && groups.reduce(0, +) == 300)
    }

    @Test func oneThatCannotBePlacedKeepsNoOtherBack() async throws {
        let destination = FaultyDestination(MemoryDestination(warehouse), refusing: name("b"))
        let (report, _) = try await copy(["a", "b", "c", "d"], to: destination)
        #expect(report.failures.map(\.table.target) == [name("b")])
        #expect(Set(report.outcomes.map(\.copy.target)) == [name("a"), name("c"), name("d")])
        #expect(Set(try await destination.tables(of: "test").map(\.target)) == [name("a"), name("c"), name("d")])
    }

    @Test func theLongerPlacingTakesTheMoreGoTogether() {
        let table = PublishGroup(after: .seconds(10), PublishGroup(.system))
        #expect(!table.isDue)
        var group = PublishGroup(.system)
        #expect(group.isEmpty && !group.isDue)
        group.single = 2
        #expect(PublishGroup(after: .zero, group).single == 2)
    }
}
