import Foundation
import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Changes, and what only this destination can get wrong about them.
@Suite struct ApplyTests {
    private let folder: WarehouseFolder
    private let orders = TableName(schema: "shop", table: "orders")

    init() throws { folder = try WarehouseFolder() }

    private func state(_ checkpoint: Int) -> StreamCheckpoint {
        StreamCheckpoint(id: "stream", checkpoint: Checkpoint("\(checkpoint)"))
    }

    private func publish(_ ids: Range<Int>, in destination: DuckDBDestination) async throws -> SyncedTable {
        let copy = try await folder.load(orders, ids: ids, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")
        return copy
    }

    /// Takes away the rows under `ids`, and writes those of `written`.
    private func changes(
        to copy: SyncedTable,
        removing ids: [Int64] = [],
        writing written: Range<Int> = 0..<0
    )
        -> TargetChanges
    {
        var changes = NetChanges()
        changes.removed = [RowBatch(rowCount: ids.count, columns: [Column(storage: .int64(ids))], byteCount: 0)]
        changes.written = SampleTable(orders, ids: written).batches()
        return TargetChanges(before: copy, after: copy, changes: changes)
    }

    private func count() throws -> String? {
        try folder.ask("SELECT count(*)::VARCHAR FROM shop.orders").first?.first ?? nil
    }

    @Test func countsTheRowsOfACopy() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        let transaction = try await destination.begin("sync", refusedRows: .leaveOut)
        try await transaction.apply([changes(to: copy, removing: [1, 77], writing: 10..<15)])
        try await transaction.commit([changes(to: copy, removing: [2, 11])], advancing: state(1))
        #expect(try await destination.tables(of: "sync").map(\.rows) == [12])
        #expect(try count() == "12")
        var emptied = changes(to: copy, writing: 0..<1)
        emptied.changes.isEmptied = true
        try await destination.write([emptied], advancing: state(2), of: "sync")
        #expect(try await destination.tables(of: "sync").map(\.rows) == [1])
    }

    /// DuckDB asks for no more of the keys once it knows that there is nothing to join them with.
    @Test func keysOfAnEmptyTableAreNoError() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<0, in: destination)
        var change = changes(to: copy, writing: 3..<5)
        change.changes.removed = (0..<40).map { batch in
            let ids = (0..<Int64(2 + batch % 3)).map { Int64(batch) * 10 + $0 }
            return RowBatch(rowCount: ids.count, columns: [Column(storage: .int64(ids))], byteCount: 0)
        }
        try await destination.write([change], advancing: state(1), of: "sync")
        change.changes.written = []
        change.changes.isEmptied = true
        try await destination.write([change], advancing: state(2), of: "sync")
        #expect(try count() == "0")
    }

    /// What the version before wrote, by every kind of sync: it is read as it is, and goes on in the new form.
    @Test func takesOverTheVersionBefore() async throws {
        let fixture = URL(filePath: #filePath).appending(path: "../../../Fixtures/duckdb-metadata-10.sql").standardized
        try folder.sql(String(contentsOf: fixture, encoding: .utf8))
        let destination = folder.destination()
        let (log, cursor) = (try await destination.tables(of: "d"), try await destination.tables(of: "dr"))
        #expect(log.map(\.target.table) == ["moods", "orders", "parts", "read", "strict"])
        let tables = Dictionary(uniqueKeysWithValues: log.map { ($0.target.table, $0) })
        let orders = try #require(tables["orders"])
        #expect(orders.keptColumns == ["gone"] && orders.leftOut == [2] && orders.metadataColumns == .deletedAt)
        #expect(orders.schema.columns.map(\.name) == ["id", "amount", "it's, a \"name\""])
        #expect(orders.schema.identity == [0] && orders.schema.columns[1].id == 4 && orders.rows == 3)
        #expect(tables["parts"]?.parts.count == 2 && tables["strict"]?.issues.map(\.keyText) == ["id = 2"])
        #expect(tables["moods"]?.definition?.facts.keys.contains { $0.kind == .label } == true)
        #expect(tables["moods"]?.schema.identity == [])
        #expect(cursor.first?.cursor?.columns == [2] && cursor.first?.stream == nil)
        let stream = try #require(try await destination.stream(of: "d", by: .logBased))
        #expect(log.allSatisfy { $0.stream == stream.id })
        let made = try await destination.made(of: nil)
        #expect(made.count == 6)
        #expect(try folder.ask("SELECT version::VARCHAR FROM tandem.version") == [["10"]], "reading changes nothing")
        try await destination.note(made: [], gone: [])
        try await destination.remember([], of: "d")
        #expect(try folder.ask("SELECT version::VARCHAR FROM tandem.version") == [["11"]])
        #expect(try await destination.tables(of: "d") == log)
        #expect(try await destination.tables(of: "dr") == cursor)
        #expect(try await destination.made(of: nil) == made)
        let status = try folder.ask(
            "SELECT schema_name, table_name, source_table, issues::VARCHAR, year(as_of)::VARCHAR FROM tandem.status ORDER BY 1, 2"
        )
        #expect(status.count == 6 && status[0] == ["read", "read", "read", "0", "2026"])
        #expect(status[5] == ["shop", "strict", "strict", "1", "2026"])
    }

    @Test func refusesWhatIsOlder() async throws {
        _ = try await publish(0..<10, in: folder.destination())
        try folder.sql("UPDATE tandem.version SET version = 9")
        let error = await #expect(throws: DuckDBError.self) { try await folder.destination().tables(of: "sync") }
        #expect(error?.description.contains("too old") == true && error?.remedy?.text.contains("teardown") == true)
        #expect(try await folder.destination().teardown().contains("table tandem.tables"))
        #expect(try await folder.destination().tables(of: "sync").isEmpty)
    }

    /// What has our view's name and is a user's own stays as it is.
    @Test(arguments: ["TABLE", "VIEW"]) func aStatusOfAUsersOwnStays(kind: String) async throws {
        try folder.sql("CREATE SCHEMA tandem; CREATE \(kind) tandem.status AS SELECT 'x' AS mine")
        _ = try await publish(0..<3, in: folder.destination())
        #expect(try await folder.destination().teardown().contains("table tandem.tables"))
        #expect(try folder.ask("SELECT mine FROM tandem.status") == [["x"]])
        try folder.sql("DROP SCHEMA tandem CASCADE")
        _ = try await folder.destination().remember([], of: "sync")
        #expect(try await folder.destination().teardown().contains("schema tandem"))
    }

    @Test func allThatIsKnownOfACopyIsRemembered() async throws {
        let copy = try await publish(0..<10, in: folder.destination())
        let destination = folder.destination()
        var streamed = copy
        streamed.stream = "stream"
        streamed.moment.position = Checkpoint("0/7")
        streamed.leftOut = [3, 12]
        streamed.spansSnapshots = true
        streamed.keptColumns = ["a, b", "it's"]
        streamed.parts = [16_390: "731", 16_400: ""]
        streamed.definition = TableDefinition([.init(.label, 16_500): "731.0f"], moment: 7)
        streamed.cursor = CursorState(columns: [2, 1], last: ["2024-01-01", "it's 1"], reads: 3)
        streamed.issues = [
            RowIssue(of: copy.target, key: RowKey(texts: ["n5"]), keyText: "id = 5", cause: "it's \\", since: 1)
        ]
        try await destination.remember([streamed], of: "sync")
        #expect(try await destination.tables(of: "sync") == [streamed])
        #expect(try await destination.tables(of: "sync").first?.definition?.moment == 7)
        let slot = MadeObject(sync: "sync", project: "p", kind: .slot, name: "tandem_p", place: "here")
        try await destination.note(made: [slot], gone: [])
        #expect(try await destination.made(of: "sync") == [slot])
        var looked = streamed
        looked.definition = TableDefinition([.init(.label, 16_500): "732.0f"], moment: 8)
        let look = TargetChanges(before: streamed, after: looked, changes: NetChanges())
        try await destination.write([look], advancing: state(0), of: "sync")
        #expect(try await destination.tables(of: "sync") == [looked])
        try await destination.write([changes(to: copy, removing: [1])], advancing: state(1), of: "sync")
        #expect(try await destination.stream(of: "sync") == state(1))
    }

    @Test func whenACopyWasMadeIsRemembered() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        let before = try folder.ask("SELECT copied_at::VARCHAR FROM tandem.tables")
        try await destination.remember([copy], of: "sync")
        try await destination.write([changes(to: copy, removing: [1])], advancing: state(1), of: "sync")
        #expect(try folder.ask("SELECT copied_at::VARCHAR FROM tandem.tables") == before)
    }

    @Test func whatAUserAlteredIsRefused() async throws {
        let alterations = [
            "ALTER TABLE shop.orders ALTER amount TYPE BIGINT", "ALTER TABLE shop.orders DROP note",
            "DROP TABLE shop.orders", "DELETE FROM tandem.tables",
        ]
        for alteration in alterations {
            let destination = folder.destination()
            let copy = try await publish(0..<10, in: destination)
            try folder.sql(alteration)
            let refused = await #expect(throws: TableMismatch.self, "\(alteration)") {
                try await destination.write([changes(to: copy, removing: [1])], advancing: state(1), of: "sync")
            }
            #expect(refused?.target == orders)
            #expect(try await destination.stream(of: "sync") == nil)
            _ = try? await destination.teardown()
            try folder.sql("DROP TABLE IF EXISTS shop.orders")
        }
    }

    @Test func aColumnThatAUserAddedIsLeftAlone() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        try folder.sql("ALTER TABLE shop.orders ADD COLUMN mine INTEGER DEFAULT 7")
        try await destination.write(
            [changes(to: copy, removing: [1], writing: 20..<21)],
            advancing: state(1),
            of: "sync"
        )
        let rows = try folder.ask("SELECT count(*)::VARCHAR, sum(mine)::VARCHAR FROM shop.orders")
        #expect(rows == [["10", "70"]])
        var taken = copy
        taken.schema.columns.append(ColumnSchema(name: "Mine", type: .text, nativeType: "text", id: 9))
        let step = TargetChanges.Evolution.addColumn(taken.schema.columns[3], value: .null)
        let target = TargetChanges(before: copy, after: taken, evolution: [step], changes: NetChanges())
        await #expect(throws: TargetError.self) {
            try await destination.write([target], advancing: state(2), of: "sync")
        }
    }

    @Test func aTableWithoutColumnsCountsItsRows() async throws {
        let destination = folder.destination()
        let schema = TableSchema(name: orders, columns: [], identity: [])
        func rows(_ count: Int) -> RowBatch { RowBatch(rowCount: count, columns: [], byteCount: 0) }
        _ = try await destination.load(BatchRows([rows(5)], schema: schema), into: orders)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        let copy = SyncedTable(target: orders, schema: schema, rows: 5, moment: moment)
        try await destination.publish([copy], retiring: [], of: "sync")
        var changes = NetChanges()
        changes.removed = [rows(3)]
        changes.written = [rows(2)]
        let target = TargetChanges(before: copy, after: copy, changes: changes)
        try await destination.write([target], advancing: state(1), of: "sync")
        #expect(try count() == "4")
    }

    @Test func malformedBatchesUndoTheTransaction() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        var malformed = changes(to: copy, removing: [1], writing: 20..<30)
        malformed.changes.written[0].columns[2] = Column(storage: .bool([true]))
        var torn = changes(to: copy, removing: [1])
        let keys = RowBatch(rowCount: 1, columns: [Column(storage: .int64([2]))], byteCount: 0)
        torn.changes.patched = [PartialUpdates(keys: keys, rows: RowBatch(rowCount: 1, columns: [], byteCount: 0))]
        for target in [malformed, torn] {
            let error = await #expect(throws: DuckDBError.self) {
                try await destination.write([target], advancing: state(1), of: "sync")
            }
            guard case .malformedBatch = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(try count() == "10")
        }
        try await destination.write([changes(to: copy, removing: [1])], advancing: state(1), of: "sync")
        #expect(try count() == "9")
    }

    @Test func aQuerySeesWhatIsCommitted() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        let transaction = try await destination.begin("sync", refusedRows: .leaveOut)
        try await transaction.apply([changes(to: copy, removing: [1])])
        #expect(try await destination.query("SELECT count(*) FROM orders").rows == [["10"]])
        #expect(try await folder.destination().query("SELECT count(*) FROM orders").rows == [["10"]])
        try await transaction.commit([], advancing: state(1))
        #expect(try await destination.query("SELECT count(*) FROM orders").rows == [["9"]])
    }

    @Test func aLoadAndATransactionAreApart() async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<10, in: destination)
        let items = TableName(schema: "shop", table: "items")
        var transaction = try await destination.begin("sync", refusedRows: .leaveOut)
        try await transaction.apply([changes(to: copy, removing: [1])])
        let other = try await folder.load(items, ids: 0..<3, into: destination)
        try await transaction.commit([changes(to: copy, removing: [2])], advancing: state(1))
        try await destination.publish([other], retiring: [], of: "sync")
        transaction = try await destination.begin("sync", refusedRows: .leaveOut)
        try await transaction.apply([changes(to: copy, removing: [3])])
        try await destination.discard([items])
        try await transaction.commit([changes(to: copy, removing: [4])], advancing: state(2))
        #expect(try count() == "6")
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM shop.items") == [["3"]])
    }

    /// As DuckDB shows it, and for the rows only that are there.
    @Test(
        arguments: [
            (ColumnType.bool, .number(1), "true"), (.date, .number(-719_529), "0002-12-31 (BC)"),
            (.timestamp, .number(Int128(Int64.max)), "infinity"), (.bytes, .bytes([0, 255, 65]), "\\x00\\xFFA"),
            (.interval, .interval(Interval(months: -1, days: 2, microseconds: -3)), "-1 month 2 days -00:00:00.000003"),
            (.list(.text), .list([.text("it's"), .null, .text("]")]), "['it\\'s', NULL, ']']"),
            (.list(.int32), .list([]), "[]"),
        ] as [(ColumnType, Value, String)]
    )
    func theValueOfAnAddedColumn(type: ColumnType, value: Value, text: String) async throws {
        let destination = folder.destination()
        let copy = try await publish(0..<3, in: destination)
        let column = ColumnSchema(name: "added", type: type, nativeType: "", id: 4)
        var after = copy
        after.schema.columns.append(column)
        let step = TargetChanges.Evolution.addColumn(column, value: value)
        let target = TargetChanges(before: copy, after: after, evolution: [step], changes: NetChanges())
        try await destination.write([target], advancing: state(1), of: "sync")
        #expect(try folder.ask("SELECT DISTINCT added::VARCHAR FROM shop.orders") == [[text]])
        try folder.sql("INSERT INTO shop.orders (id) VALUES (99)")
        #expect(try folder.ask("SELECT added::VARCHAR FROM shop.orders WHERE id = 99") == [[nil]])
    }
}
