import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import Testing

@Suite struct MemoryConformanceTests {
    @Test func source() async throws { try await SourceConformance(Harness()).run() }
    @Test func destination() async throws { try await DestinationConformance(Harness()).run() }

    @Test func changes() async throws { try await ChangeConformance(ChangeHarness()).run() }

    @Test(arguments: seeds(3)) func snapshot(seed: UInt64) async throws {
        try await SnapshotConformance(Harness(), seed: seed).run()
    }

    @Test(arguments: seeds(3)) func cursor(seed: UInt64) async throws {
        try await CursorConformance(Harness(), seed: seed).run()
    }

    @Test(arguments: seeds(10)) func changeLog(seed: UInt64) async throws {
        try await ChangeLogConformance(Harness(), by: .logBased, seed: seed).run()
    }

    /// A suite that finds nothing wrong with these would find nothing.
    @Test(arguments: BrokenStream.Fault.allCases) func brokenStreamsAreFound(fault: BrokenStream.Fault) async throws {
        await #expect(throws: ConformanceFailure.self) {
            try await ChangeLogConformance(Harness(fault), by: .logBased, seed: 1).run()
        }
    }

    private static func seeds(_ count: Int) -> [UInt64] { (0..<count).map { _ in .random(in: .min ... .max) } }

    private struct ChangeHarness: TandemTesting.ChangeHarness {
        func makeDestination(beside other: (any Destination)?) async throws -> any Destination {
            other ?? MemoryDestination(MemoryDatabase(name: "fresh"))
        }
    }

    private final class Harness: ChangeLogHarness, DestinationHarness {
        private let database = MemoryDatabase(name: "tests", keepsLog: true)
        private let fault: BrokenStream.Fault?

        init(_ fault: BrokenStream.Fault? = nil) { self.fault = fault }

        func makeSource(holding tables: [SampleTable]) async throws -> any Source {
            for table in tables { database.put(.init(schema: table.schema, batches: table.batches())) }
            guard let fault else { return MemorySource(database) }
            return InterceptedSource(
                MemorySource(database),
                log: { InterceptedLog($0) { stream, _ in BrokenStream(stream, fault) } }
            )
        }

        func commit(_ changes: [(table: TableName, change: SampleChange)]) async throws {
            try database.commit(changes.flatMap { name, change in Self.changes(change, of: name).map { (name, $0) } })
        }

        private static func changes(_ change: SampleChange, of name: TableName) -> [MemoryChange] {
            func rows(_ rows: [SampleTable.Row]) -> [RowBatch] {
                var sample = SampleTable(name, ids: [])
                sample.rows = rows
                return sample.batches()
            }
            func delete(_ id: Int64) -> MemoryChange {
                let key = Column(storage: .int64([id]))
                return .delete(RowBatch(rowCount: 1, columns: [key], byteCount: 8))
            }
            return switch change {
            case .write(let row), .update(let row): [.write(rows([row]))]
            case .move(let id, let row): [delete(id), .write(rows([row]))]
            case .delete(let id): [delete(id)]
            case .empty: [.empty]
            }
        }

        /// A transaction is over at once.
        func openWriter(
            of row: SampleTable.Row,
            to table: TableName
        ) async throws -> (@Sendable () async throws -> Void)? { nil }

        func makeDestination(reopening: (any Destination)?) async throws -> any Destination {
            if let reopening { return reopening }
            return MemoryDestination(MemoryDatabase(name: "fresh"))
        }
    }
}
