import FoundationEssentials
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// What many small tables cost: counted, not timed.
@Suite struct SmallTablesTests {
    private let folder: WarehouseFolder

    init() throws { folder = try WarehouseFolder() }

    private func names(_ count: Int) -> [TableName] {
        (0..<count).map { TableName(schema: "copy", table: "t\($0)") }
    }

    private func load(_ names: [TableName], into destination: DuckDBDestination) async throws -> [SyncedTable] {
        var copies: [SyncedTable] = []
        for name in names { copies.append(try await folder.load(name, ids: 0..<5, into: destination)) }
        return copies
    }

    @Test func theyAreWrittenTogether() async throws {
        let destination = folder.destination()
        let copies = try await load(names(250), into: destination)
        #expect(copies.allSatisfy { $0.rows == 5 })
        // One group is in the file by now, beside its targets; the rest waits.
        let loads = "SELECT count(*)::VARCHAR FROM tandem.loads WHERE table_name <> ''"
        let written = try await destination.query(loads).rows[0][0]
        #expect(written == "200")
        try await destination.publish(copies, retiring: [], of: "sync")
        #expect(try await destination.tables(of: "sync").count == 250)
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM copy.t249") == [["5"]])
        #expect(try folder.ask(loads) == [["0"]])
        await destination.close()
    }

    /// DuckDB gives each table a block of its own.
    @Test func theFileIsInProportion() async throws {
        let destination = folder.destination()
        let copies = try await load(names(100), into: destination)
        try await destination.publish(copies, retiring: [], of: "sync")
        await destination.close()
        #expect(FileFacts.size(of: folder.file()) / 100 < 110 << 10)
    }

    @Test func whatIsLoadedAgainComesOnce() async throws {
        let destination = folder.destination()
        let name = TableName(schema: "copy", table: "t")
        _ = try await folder.load(name, ids: 0..<3, into: destination)
        let copy = try await folder.load(name, ids: 0..<7, into: destination)
        let other = TableName(schema: "copy", table: "T")
        await #expect(throws: DuckDBError.self) { try await folder.load(other, ids: 0..<1, into: destination) }
        try await destination.publish([copy], retiring: [], of: "sync")
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM copy.t") == [["7"]])
        await destination.close()
    }

    @Test func whatIsDiscardedIsGone() async throws {
        let destination = folder.destination()
        let copies = try await load(names(210), into: destination)
        try await destination.discard(copies.map(\.target))
        await #expect(throws: DuckDBError.self) { try await destination.publish(copies, retiring: [], of: "sync") }
        try await destination.discard(copies.map(\.target))
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM duckdb_tables() WHERE schema_name = 'copy'") == [["0"]])
        await destination.close()
    }

    /// Two columns that DuckDB takes for one.
    @Test func whatCannotBeWrittenStopsNoOther() async throws {
        let destination = folder.destination()
        var copies = try await load(names(3), into: destination)
        var bad = SampleTable(TableName(schema: "copy", table: "bad"), ids: 0..<2)
        bad.schema.columns[1].name = "ID"
        _ = try await destination.load(BatchRows(bad.batches(), schema: bad.schema, readers: 1), into: bad.schema.name)
        copies.append(SyncedTable(target: bad.schema.name, schema: bad.schema, rows: 2, moment: copies[0].moment))
        copies += [try await folder.load(TableName(schema: "copy", table: "last"), ids: 0..<5, into: destination)]
        let error = await #expect(throws: TargetError.self) {
            try await destination.publish(copies, retiring: [], of: "sync")
        }
        #expect(error?.target == bad.schema.name)
        copies.removeAll { $0.target == bad.schema.name }
        try await destination.publish(copies, retiring: [], of: "sync")
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM copy.last") == [["5"]])
        #expect(try await destination.tables(of: "sync").count == 4)
        await destination.close()
    }

    /// DuckDB keeps a block of each table in memory until what it has written is committed.
    @Test(arguments: [1, 4]) func changesOfManyGetTheMemoryThatTheyNeed(parts: Int) async throws {
        let destination = folder.destination()
        let copies = try await load(names(700), into: destination)
        try await destination.publish(copies, retiring: [], of: "sync")
        let changes = copies.map { copy in
            var changes = NetChanges()
            changes.removed = [RowBatch(rowCount: 1, columns: [Column(storage: .int64([3]))], byteCount: 0)]
            changes.written = SampleTable(copy.target, ids: 5..<7).batches()
            return TargetChanges(before: copy, after: copy, changes: changes)
        }
        let size = changes.count / parts
        let transaction = try await destination.begin("sync", refusedRows: .leaveOut)
        for part in 0..<parts - 1 { try await transaction.apply(Array(changes[part * size..<(part + 1) * size])) }
        try await transaction.commit(
            Array(changes[(parts - 1) * size..<parts * size]),
            advancing: StreamCheckpoint(id: "stream", checkpoint: Checkpoint("1"))
        )
        #expect(try await destination.tables(of: "sync").allSatisfy { $0.rows == 6 })
        await destination.close()
    }

    @Test func sumsOfManyAreThoseOfEach() async throws {
        let destination = folder.destination()
        var copies: [SyncedTable] = []
        for (index, name) in names(20).enumerated() {
            copies.append(try await folder.load(name, ids: 0..<(index * 3), into: destination))
        }
        try await destination.publish(copies, retiring: [], of: "sync")
        let numbers = copies.map { copy in
            var schema = copy.schema
            schema.columns = schema.columns.filter { $0.type == .int64 || $0.type == .int32 || $0.type == .text }
            schema.identity = []
            return (copy: copy, schema: schema)
        }
        let together = try await destination.sums(of: numbers)
        for ((copy, schema), sum) in zip(numbers, together) {
            #expect(try await destination.sum(of: copy, as: schema) == sum)
            #expect(sum?.rows == copy.rows)
        }
        await destination.close()
    }
}
