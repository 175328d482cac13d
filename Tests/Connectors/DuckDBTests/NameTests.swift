import FoundationEssentials
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Names of files and columns that mean something else to DuckDB.
@Suite struct NameTests {
    private let folder: WarehouseFolder

    init() throws { folder = try WarehouseFolder() }

    @Test(arguments: [
        "main.duckdb", "temp.duckdb", "system.duckdb", "memory.duckdb", "Main.db", "public.duckdb", "tandem.duckdb",
        "select.db",
        "information_schema.db", "pg_catalog.db", "warehouse", ".duckdb", "a b.db", "it's.db", "a\"b.db", "what?.db",
        "a#b%20.db",
        "*.db", "[a].db", "a;b.db", "new\nline.db", "größe.db", "🐘.db", "-v", "x.csv", "x.parquet", "x.sqlite",
        "x.db.gz",
        "md:x.db", "s3:x", "c0.db", "tandem_source_1.db", "a.b.c", String(repeating: "é", count: 120),
    ])
    func anyFileName(name: String) async throws {
        let orders = TableName(schema: "public", table: "orders")
        for round in 1...2 {
            let destination = folder.destination(name)
            let copy = try await folder.load(orders, ids: 0..<round * 10, into: destination)
            try await destination.publish([copy], retiring: [], of: "sync")
            var changes = NetChanges()
            changes.written = SampleTable(orders, ids: 100..<101).batches()
            let change = TargetChanges(before: copy, after: copy, changes: changes)
            try await destination.write(
                [change],
                advancing: StreamCheckpoint(id: "s", checkpoint: Checkpoint("1")),
                of: "sync"
            )
            #expect(try await destination.tables(of: "sync").map(\.rows) == [round * 10 + 1])
            #expect(try await destination.query("SELECT count(*) FROM orders").rows == [["\(round * 10 + 1)"]])
            let errors = await destination.check().filter { $0.severity == .error }.map(\.message)
            #expect(errors.isEmpty, "\(errors)")
            await destination.close()
        }
        #expect(FileManager.default.fileExists(atPath: folder.file(name)))
    }

    /// Rows that nothing else tells apart than their number, which a user's column hides.
    private func table(_ columns: [String], key: [Int]) -> TableSchema {
        let columns = columns.enumerated().map { index, name in
            ColumnSchema(name: name, type: .int64, nativeType: "bigint", id: ColumnID(index + 1))
        }
        return TableSchema(name: TableName(schema: "public", table: "t"), columns: columns, identity: key)
    }

    @Test(
        arguments: [["rowid", "v"], ["v", "ROWID"], ["_tandem_rowid", "RowId"], ["kept", "rowid"]],
        [false, true]
    )
    func aColumnThatHidesTheRowsNumber(columns: [String], isSoft: Bool) async throws {
        let schema = table(columns, key: [])
        func batch(_ rows: [(Int64, Int64)]) -> RowBatch {
            let columns = [Column(storage: .int64(rows.map(\.0))), Column(storage: .int64(rows.map(\.1)))]
            return RowBatch(rowCount: rows.count, columns: columns, byteCount: 0)
        }
        let destination = folder.destination()
        let rows = batch([(7, 1), (7, 2), (7, 2), (7, 3), (8, 2), (8, 2)])
        let count = try await destination.load(BatchRows([rows], schema: schema), into: schema.name)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        var copy = SyncedTable(target: schema.name, schema: schema, rows: count, moment: moment)
        if isSoft { copy.metadataColumns = [.deletedAt] }
        try await destination.publish([copy], retiring: [], of: "sync")
        var changes = NetChanges()
        let gone = batch([(7, 2), (8, 2)])
        if isSoft {
            changes.deleted = [DeletedRows(gone, times: [5, nil])]
        } else {
            changes.removed = [gone]
        }
        changes.written = [batch([(7, 9)])]
        let change = TargetChanges(before: copy, after: copy, changes: changes)
        try await destination.write(
            [change],
            advancing: StreamCheckpoint(id: "s", checkpoint: Checkpoint("1")),
            of: "sync"
        )
        let filter = isSoft ? " WHERE _tandem_deleted_at IS NULL" : ""
        let list = columns.map { "\"\($0)\"::VARCHAR" }.joined(separator: ", ")
        let left = try folder.ask("SELECT \(list) FROM public.t\(filter) ORDER BY ALL")
        #expect(left == [["7", "1"], ["7", "2"], ["7", "3"], ["7", "9"], ["8", "2"]])
        let names = try folder.ask(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index"
        )
        #expect(names.prefix(2).map { $0[0] } == columns)
        await destination.close()
        // An index of the user's keeps the column's name: then the table is copied again, and no row is mistaken.
        try folder.sql("CREATE INDEX i ON public.t (\"\(columns[0])\")")
        let refused = folder.destination()
        await #expect(throws: TableMismatch.self) {
            try await refused.write(
                [change],
                advancing: StreamCheckpoint(id: "s", checkpoint: Checkpoint("2")),
                of: "sync"
            )
        }
        await refused.close()
    }
}
