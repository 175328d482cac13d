import Synchronization
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB

@Suite struct QueryTests {
    private let folder: WarehouseFolder
    private let destination: DuckDBDestination

    init() async throws {
        folder = try WarehouseFolder()
        destination = folder.destination()
        let name = TableName(schema: "main", table: "orders")
        let copy = try await folder.load(name, ids: 0..<10_000, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")
    }

    @Test func everyTypeIsText() async throws {
        let result = try await destination.query(
            """
            SELECT 1::TINYINT AS a, 'x' AS a, [1, NULL] AS list, {'k': DATE '2024-02-29'} AS struct, MAP {'a': 1} AS map,
                'ab'::BLOB AS bytes, NULL AS nothing, TIMESTAMPTZ '2024-01-01 00:00:00+00' IS NOT NULL AS yes,
                1.50::DECIMAL(4,2) AS price, INTERVAL 1 MONTH AS span -- the end;
            """
        )
        #expect(result.columns == ["a", "a", "list", "struct", "map", "bytes", "nothing", "yes", "price", "span"])
        #expect(result.types.prefix(4) == ["TINYINT", "VARCHAR", "INTEGER[]", "STRUCT(k DATE)"])
        #expect(
            result.rows == [
                ["1", "x", "[1, NULL]", "{'k': 2024-02-29}", "{a=1}", "ab", nil, "true", "1.50", "1 month"]
            ]
        )
    }

    @Test func tablesOfAllSchemasAreFoundByTheirBareNames() async throws {
        let copy = try await folder.load(TableName(schema: "a, \"b\"", table: "items"), ids: 0..<3, into: destination)
        try await destination.publish([copy], retiring: [], of: "sync")
        #expect(try await destination.query("SELECT count(*) FROM items").rows == [["3"]])
        #expect(try await destination.query("SELECT count(*) FROM orders").rows == [["10000"]])
        await #expect(throws: DuckDBError.self) { try await destination.query("FROM loads") }
    }

    @Test(arguments: [
        "SELECT 1;", "  SELECT 1 ; -- done", "FROM (VALUES (1))", "/* first */ WITH x AS (SELECT 1) FROM x",
    ])
    func endsAndCommentsDoNotMatter(sql: String) async throws {
        #expect(try await destination.query(sql).rows == [["1"]])
    }

    /// Words of a user's are not taken for what DuckDB says of its file, its disk or its memory.
    @Test(arguments: [
        "SELECT checksum FROM orders", "SELECT \"No space left on device\" FROM orders", "FROM corrupt",
        "SELECT 'checksum'::INTEGER", "SELECT error('Corrupt database file')", "FROM \"replaying WAL file\"",
        "SELECT 1 AS x WHERE x = 'newer version'::DATE", "SELECT \"Permission denied\"", "FROM 'checksum.csv'",
        "FROM read_csv('/nowhere/could not allocate block.csv')",
    ])
    func wordsOfTheUsersProveNothing(sql: String) async throws {
        _ = try? await destination.query("SELECT 1")
        let error = await #expect(throws: DuckDBError.self) { try await destination.query(sql) }
        switch error {
        case .failed, .outsideTheFile: break
        default: Issue.record("\(sql): \(String(describing: error))")
        }
        #expect(try await destination.query("SELECT 1").rows == [["1"]])
    }

    @Test func keepsOrder() async throws {
        let rows = try await destination.query("SELECT id FROM orders ORDER BY id DESC").rows
        #expect(rows.compactMap { $0[0].flatMap { Int($0) } } == (0..<10_000).reversed())
    }

    @Test func anAnswerComesInPartsAndStopsWhenItIsNotWanted() async throws {
        let seen = Mutex(0)
        try await destination.query("SELECT range AS n FROM range(1000000000000)") { part in
            #expect(part.columns == ["n"] && part.types == ["BIGINT"])
            return seen.withLock { seen in
                #expect(part.rows.first == ["\(seen)"])
                seen += part.rows.count
                return seen < 5000
            }
        }
        #expect((5000..<10_000).contains(seen.withLock { $0 }))
        try await destination.query("SELECT 1 AS n WHERE false") { part in
            #expect(part.columns == ["n"] && part.rows.isEmpty)
            seen.withLock { $0 = -1 }
            return true
        }
        #expect(seen.withLock { $0 } == -1)
    }

    @Test(arguments: ["SHOW TABLES", "DESCRIBE orders", "SUMMARIZE orders", "EXPLAIN SELECT 1"])
    func looksAround(sql: String) async throws { #expect(try await !destination.query(sql).rows.isEmpty) }

    @Test(
        arguments: [
            "DELETE FROM orders", "CREATE TABLE t (i INT)", "ATTACH ':memory:' AS m", "SET threads = 1", "CHECKPOINT",
            "BEGIN", "INSTALL httpfs", "DROP TABLE orders",
        ])
    func refusesToWrite(sql: String) async throws {
        await #expect(throws: DuckDBError.notReadOnly) { try await destination.query(sql) }
    }

    @Test(arguments: [
        "COPY orders TO 'x.csv'", "FROM read_text('/etc/passwd')", "FROM read_csv('/etc/hosts')", "FROM glob('/*')",
    ])
    func staysInTheFile(sql: String) async throws {
        await #expect(throws: DuckDBError.outsideTheFile) { try await destination.query(sql) }
    }

    @Test func saysWhatIsWrong() async throws {
        await #expect(throws: DuckDBError.severalStatements(count: 2)) {
            try await destination.query("SELECT 1; SELECT 2")
        }
        await #expect(throws: DuckDBError.self) { try await destination.query("") }
        for sql in ["SELEC 1", "SELECT nothing FROM orders", "FROM nowhere"] {
            let error = await #expect(throws: DuckDBError.self) { try await destination.query(sql) }
            guard case .failed(_, let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(reason.contains("Error"))
        }
    }
}
