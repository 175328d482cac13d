import Synchronization
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
            let limit: Duration = [.isNeverUpToDate, .waitsForEver].contains(fault) ? .seconds(2) : .conformance
            try await ChangeLogConformance(Harness(fault), by: .logBased, seed: 1, within: limit).run()
        }
    }

    @Test func aReaderThatForgetsNullsIsFound() async throws {
        let failure = await #expect(throws: ConformanceFailure.self) {
            try await CursorConformance(Harness(forgetsNulls: true), seed: 1).run()
        }
        #expect(failure?.promise == "rows with a null in the cursor come each time")
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
        private let forgetsNulls: Bool
        /// What new rows have in the column that was added.
        private let standard = Mutex<Int32>(0)

        init(_ fault: BrokenStream.Fault? = nil, forgetsNulls: Bool = false) {
            self.fault = fault
            self.forgetsNulls = forgetsNulls
        }

        func makeSource(holding tables: [SampleTable]) async throws -> any Source {
            for table in tables { database.put(.init(schema: table.schema, batches: table.batches())) }
            if forgetsNulls {
                return InterceptedSource(
                    MemorySource(database),
                    rows: { rows, _, reading in
                        reading == .range ? InterceptedRows(rows) { try Self.noNulls($0) } : rows
                    }
                )
            }
            guard let fault else { return MemorySource(database) }
            return InterceptedSource(
                MemorySource(database),
                log: { InterceptedLog($0) { stream, _ in BrokenStream(stream, fault) } }
            )
        }

        private static func noNulls(_ reader: any RowReader) throws -> RowBatch? {
            guard let batch = try reader.next() else { return nil }
            return batch.picking((0..<batch.rowCount).filter { !batch.columns[2].isNull($0) })
        }

        func commit(_ changes: [(table: TableName, change: SampleChange)]) async throws {
            try database.commit(changes.flatMap { name, change in self.changes(change, of: name).map { (name, $0) } })
        }

        private func changes(_ change: SampleChange, of name: TableName) -> [MemoryChange] {
            let table = database.tables[name]
            func rows(_ rows: [SampleTable.Row]) -> [RowBatch] {
                var sample = SampleTable(name, ids: [])
                sample.rows = rows
                let added = table.map { $0.schema.columns.count - sample.schema.columns.count } ?? 0
                let values = Column(storage: .int32(Array(repeating: standard.withLock { $0 }, count: rows.count)))
                return sample.batches().map { batch in
                    let columns = batch.columns + Array(repeating: values, count: added)
                    return RowBatch(rowCount: batch.rowCount, columns: columns, byteCount: batch.byteCount)
                }
            }
            func delete(_ id: Int64) -> [MemoryChange] {
                if let table, table.schema.identity.isEmpty {
                    return rows(SampleTable.rows(in: table.batches).filter { $0.id == id }).map { .delete($0) }
                }
                let key = Column(storage: .int64([id]))
                return [.delete(RowBatch(rowCount: 1, columns: [key], byteCount: 8))]
            }
            return switch change {
            case .write(let row), .update(let row): [.write(rows([row]))]
            case .move(let id, let row): delete(id) + [.write(rows([row]))]
            case .delete(let id): delete(id)
            case .empty: [.empty]
            }
        }

        /// Every value fits.
        func makeSource(holdingUnfit table: TableName) async throws -> (any Source)? { nil }
        func writeUnfit(_ id: Int64, to table: TableName) async throws {}

        func addColumn(_ name: String, holding value: Int32, to table: TableName) async throws -> Bool {
            guard let columns = database.tables[table]?.schema.columns else { return false }
            let column = ColumnSchema(name: name, type: .int32, nativeType: "integer", id: 4)
            standard.withLock { $0 = value }
            database.alter(table, columns: columns + [column], filling: [column.id: .number(Int128(value))])
            return true
        }

        func statement(reading table: TableName) -> String? { nil }

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
