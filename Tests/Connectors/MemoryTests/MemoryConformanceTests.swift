import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@Suite struct MemoryConformanceTests {
    @Test func source() async throws { try await SourceConformance(Harness()).run() }
    @Test func destination() async throws { try await DestinationConformance(Harness()).run() }

    @Test func changes() async throws { try await ChangeConformance(ChangeHarness()).run() }

    private struct ChangeHarness: TandemTesting.ChangeHarness {
        func makeDestination(beside other: (any Destination)?) async throws -> any Destination {
            other ?? MemoryDestination(MemoryDatabase(name: "fresh"))
        }
    }

    private final class Harness: SourceHarness, DestinationHarness {
        private let database = MemoryDatabase(name: "tests")

        func makeSource(holding tables: [SampleTable]) async throws -> any Source {
            for table in tables { database.put(.init(schema: table.schema, batches: table.batches())) }
            return MemorySource(database)
        }

        func insert(_ rows: [SampleTable.Row], into table: TableName) async throws {
            var sample = SampleTable(table, ids: [])
            sample.rows = rows
            guard var stored = database.tables[table] else { return }
            stored.batches += sample.batches()
            database.put(stored)
        }

        func makeDestination(reopening: (any Destination)?) async throws -> any Destination {
            if let reopening { return reopening }
            return MemoryDestination(MemoryDatabase(name: "fresh"))
        }
    }
}
