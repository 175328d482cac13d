import Dispatch
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

/// Putting copies in place: all or nothing, and nothing of anyone else's.
@Suite struct PublishTests {
    private let folder: WarehouseFolder
    private let orders = TableName(schema: "shop", table: "orders")
    private let items = TableName(schema: "shop", table: "items")

    init() throws { folder = try WarehouseFolder() }

    /// Copies `ids` to both tables.
    private func copy(_ ids: Range<Int>, to destination: DuckDBDestination) async throws {
        let copies = [
            try await folder.load(orders, ids: ids, into: destination),
            try await folder.load(items, ids: ids, into: destination),
        ]
        try await destination.publish(copies, retiring: [], of: "sync")
    }

    @Test func readersSeeOneGeneration() async throws {
        try await copy(0..<100, to: folder.destination())
        let done = Gate()
        let seen = try await withThrowingTaskGroup(of: Set<[String?]>.self) { group in
            group.addTask {
                // On a thread of its own: it never waits.
                try await withCheckedThrowingContinuation { continuation in
                    DispatchQueue(label: "reader").async {
                        continuation.resume(with: Result { try watch(until: done) })
                    }
                }
            }
            defer { done.open() }
            let destination = folder.destination()
            for generation in 2...20 { try await copy(0..<generation * 100, to: destination) }
            done.open()
            return try await group.reduce(into: Set<[String?]>()) { $0.formUnion($1) }
        }
        for row in seen { #expect(row[0] == row[1] && row[0]?.hasSuffix("00") == true, "\(row)") }
        #expect(seen.count > 1)
    }

    /// Counts both tables over and over, in one statement each time.
    private func watch(until done: Gate) throws -> Set<[String?]> {
        var seen: Set<[String?]> = []
        let file = try #require(try DatabaseFile.open(FileFacts.canonical(folder.file()), .write, options: []))
        let session = try folder.user(of: file)
        let query = "SELECT (SELECT count(*) FROM shop.orders)::VARCHAR, (SELECT count(*) FROM shop.items)::VARCHAR"
        while !done.isOpen { seen.formUnion(try session.texts(query, to: "count")) }
        return seen
    }

    @Test func oneThatWasNotLoadedKeepsAllBack() async throws {
        let destination = folder.destination()
        try await copy(0..<10, to: destination)
        let loaded = try await folder.load(orders, ids: 0..<20, into: destination)
        var missing = loaded
        missing.target = items
        await #expect(throws: DuckDBError.notLoaded(items)) {
            try await destination.publish([loaded, missing], retiring: [], of: "sync")
        }
        try await destination.discard([orders, items])
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM shop.orders") == [["10"]])
        #expect(try await destination.tables(of: "sync").map(\.rows) == [10, 10])
    }

    @Test func viewsSurvive() async throws {
        try await copy(0..<10, to: folder.destination())
        try folder.sql("CREATE VIEW shop.big AS SELECT id FROM shop.orders WHERE id >= 5")
        try folder.sql("CREATE VIEW main.bigger AS SELECT o.id FROM shop.big o JOIN shop.items USING (id)")
        try await copy(0..<20, to: folder.destination())
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM main.bigger") == [["15"]])
    }

    @Test func usersIndexesDoNotHoldTheSwapUp() async throws {
        try await copy(0..<10, to: folder.destination())
        try folder.sql("CREATE INDEX mine ON shop.orders (id)")
        try await copy(0..<20, to: folder.destination())
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM shop.orders") == [["20"]])
    }

    @Test func refusesWhatItDidNotMake() async throws {
        let destination = folder.destination()
        try await copy(0..<10, to: destination)
        try folder.sql(
            "CREATE VIEW shop.seen AS SELECT 1; CREATE TABLE shop.mine AS SELECT 7 AS x; CREATE TABLE shop.\"ORDERS2\" (i INT)"
        )
        let (seen, mine) = (TableName(schema: "shop", table: "SEEN"), TableName(schema: "shop", table: "mine"))
        await #expect(throws: DuckDBError.viewInTheWay(seen)) {
            try await folder.load(seen, ids: 0..<1, into: destination)
        }
        await #expect(throws: DuckDBError.foreignTable(mine)) {
            try await folder.load(mine, ids: 0..<1, into: destination)
        }
        // Made while a load was under way.
        let late = TableName(schema: "shop", table: "late")
        let copy = try await folder.load(late, ids: 0..<1, into: destination)
        try folder.sql("CREATE TABLE shop.late (x INT)")
        await #expect(throws: DuckDBError.foreignTable(late)) {
            try await destination.publish([copy], retiring: [mine], of: "sync")
        }
        try await destination.discard([late])
        #expect(try folder.ask("SELECT x::VARCHAR FROM shop.mine") == [["7"]])
    }

    @Test func copiesStayOursWhenForgotten() async throws {
        let destination = folder.destination()
        try await copy(0..<10, to: destination)
        try await destination.forget("sync", tables: [orders])
        #expect(try await destination.tables(of: "sync").map(\.target) == [items])
        let removed = try await destination.teardown()
        #expect(removed.last == "schema tandem")
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM shop.orders") == [["10"]])
        try await copy(0..<20, to: destination)
        #expect(try await destination.tables(of: "sync").count == 2)
    }

    @Test func tablesMaySwapNames() async throws {
        let destination = folder.destination()
        var copies = [
            try await folder.load(orders, ids: 0..<1, into: destination),
            try await folder.load(items, ids: 0..<2, into: destination),
        ]
        try await destination.publish(copies, retiring: [], of: "sync")
        copies = [
            try await folder.load(items, ids: 0..<1, into: destination),
            try await folder.load(orders, ids: 0..<2, into: destination),
        ]
        try await destination.publish(copies, retiring: [orders, items], of: "sync")
        #expect(try await destination.tables(of: "sync").map(\.rows) == [1, 2])
        #expect(try folder.ask("SELECT count(*)::VARCHAR FROM shop.orders") == [["2"]])
    }

    @Test func leftoversAreSweptByTheNextRun() async throws {
        let killed = folder.destination()
        try await copy(0..<10, to: killed)
        // Small tables would wait in memory.
        _ = try await folder.load(orders, ids: 0..<2000, into: killed)
        await killed.close()
        #expect(try folder.ask("SELECT table_name FROM tandem.loads") == [["_tandem_load_orders"]])
        let next = folder.destination()
        _ = try await folder.load(items, ids: 0..<20, into: next)
        try await next.discard([items])
        #expect(
            try folder.ask("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, '_tandem')").isEmpty
        )
        #expect(try folder.ask("SELECT table_name FROM tandem.loads").isEmpty)
    }

    @Test func schemasMadeForLoadsThatCameToNothingGo() async throws {
        func schemas() throws -> [[String?]] {
            try folder.ask("SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 's%' ORDER BY 1")
        }
        let discarded = folder.destination()
        _ = try await folder.load(TableName(schema: "s1", table: "t"), ids: 0..<2000, into: discarded)
        try await discarded.discard([TableName(schema: "s1", table: "t")])
        #expect(try schemas().isEmpty)
        let killed = folder.destination()
        _ = try await folder.load(TableName(schema: "s2", table: "t"), ids: 0..<2000, into: killed)
        await killed.close()
        #expect(try schemas() == [["s2"]])
        let next = folder.destination()
        try await copy(0..<10, to: next)
        #expect(try schemas() == [["shop"]])
        // Neither a user's own empty schema goes, nor one that somebody put something into.
        try folder.sql("CREATE SCHEMA s3")
        let last = folder.destination()
        _ = try await folder.load(TableName(schema: "S3", table: "t"), ids: 0..<5, into: last)
        _ = try await folder.load(TableName(schema: "s4", table: "t"), ids: 0..<2000, into: last)
        _ = try await folder.load(TableName(schema: "shop", table: "t"), ids: 0..<5, into: last)
        try folder.sql("CREATE MACRO s4.twice(x) AS 2 * x")
        try await last.discard(["S3", "s4", "shop"].map { TableName(schema: $0, table: "t") })
        #expect(try schemas() == [["s3"], ["s4"], ["shop"]])
        #expect(try folder.ask("SELECT schema_name FROM tandem.loads") == [["s4"]])
    }

    @Test func awkwardNames() async throws {
        // The file's own name is a schema as well, and so is that of the metadata.
        let destination = folder.destination("shop.duckdb")
        let names = [
            orders, TableName(schema: "tandem", table: "x"), TableName(schema: "a.b", table: "c\"d"),
            TableName(schema: "Ünï 👩‍🔧", table: "select"), TableName(schema: "main", table: "_tandem_load_orders"),
            TableName(schema: "main", table: "orders"), TableName(schema: "main", table: "it's; DROP"),
        ]
        for _ in 1...2 {
            var copies: [SyncedTable] = []
            for name in names { copies.append(try await folder.load(name, ids: 0..<5, into: destination)) }
            try await destination.publish(copies, retiring: [], of: "a 'sync'")
        }
        #expect(try await Set(destination.tables(of: "a 'sync'").map(\.target)) == Set(names))
        #expect(try await destination.query("SELECT count(*) FROM shop.shop.orders").rows == [["5"]])
        let other = TableName(schema: "shop", table: "Orders")
        _ = try await folder.load(orders, ids: 0..<5, into: destination)
        await #expect(throws: DuckDBError.sameTarget(orders, other)) {
            try await folder.load(other, ids: 0..<5, into: destination)
        }
        try await destination.discard([orders])
        #expect(try await destination.teardown().contains("table tandem.tables"))
        #expect(try await destination.query("SELECT count(*) FROM shop.tandem.x").rows == [["5"]])
    }

    @Test func foldsAsDuckDBDoes() throws {
        try folder.sql("CREATE TABLE t (\"É\" INT, \"é\" INT, \"straße\" INT, \"STRASSE\" INT, \"ſ\" INT, s INT)")
        #expect(throws: DuckDBError.self) { try folder.sql("CREATE TABLE u (\"Ab\" INT, \"aB\" INT)") }
    }

    @Test func rowsWithoutColumnsAreCounted() async throws {
        let name = TableName(schema: "main", table: "nothing")
        let schema = TableSchema(name: name, columns: [], identity: [])
        let batches = [2048, 7].map { RowBatch(rowCount: $0, columns: [], byteCount: 0) }
        let destination = folder.destination()
        #expect(try await destination.load(BatchRows(batches, schema: schema), into: name) == 2055)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "test", time: 1)
        let copy = SyncedTable(target: name, schema: schema, rows: 2055, moment: moment)
        try await destination.publish([copy], retiring: [], of: "sync")
        let rows = try await destination.rows(of: copy, as: schema).pullAll().flatMap { $0 }
        #expect(rows.reduce(0) { $0 + $1.rowCount } == 2055 && rows.allSatisfy { $0.columns.isEmpty })
        #expect(try await destination.query("FROM nothing LIMIT 1").rows == [[nil]])
    }
}
