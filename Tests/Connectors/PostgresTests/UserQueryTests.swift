import Synchronization
import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.timeLimit(.minutes(5))) struct UserQueryTests {
    @Test func anAnswerComesInPartsAndStopsWhenItIsNotWanted() async throws {
        let source = PostgresSource(try TestDatabase(.v16).config, in: .test)
        let seen = Mutex(0)
        // Years of rows, were they all sent.
        try await source.query("SELECT generate_series(1, 1000000000000) AS n, 'x' AS t") { part in
            #expect(part.columns == ["n", "t"] && part.types == ["bigint", "text"])
            #expect(!part.rows.isEmpty && part.rows.count <= 1000)
            return seen.withLock { seen in
                #expect(part.rows.first == ["\(seen + 1)", "x"])
                seen += part.rows.count
                return seen < 5000
            }
        }
        #expect(seen.withLock { $0 } == 5000)
        #expect(try await source.query("SELECT 1").rows == [["1"]])
        await source.close()
    }

    @Test func aCopyIsToldWhatToWriteInstead() async throws {
        let source = PostgresSource(try TestDatabase(.v16).config, in: .test)
        let error = await #expect(throws: PostgresError.self) { try await source.query("COPY (SELECT 1) TO STDOUT") }
        #expect("\(try #require(error))".contains("as a SELECT"))
        #expect(try await source.query("SELECT 1").rows == [["1"]])
        await source.close()
    }

    @Test func whatThePrinterThrowsEndsIt() async throws {
        let source = PostgresSource(try TestDatabase(.v16).config, in: .test)
        await #expect(throws: TestFault.self) {
            try await source.query("SELECT generate_series(1, 1000000000000)") { _ in
                throw TestFault(isTransient: false)
            }
        }
        await source.close()
    }

    @Test(arguments: [
        ("SELECT 1 AS a, NULL::date AS b WHERE false", ["a", "b"], ["integer", "date"]),
        ("SHOW TimeZone", ["TimeZone"], ["text"]),
        ("EXPLAIN SELECT 1", ["QUERY PLAN"], ["text"]),
        ("TABLE nothing", [], []),
    ])
    func theColumnsAreTold(sql: String, columns: [String], types: [String]) async throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE nothing ()")
        let source = PostgresSource(database.config, in: .test)
        let answer = try await source.query(sql)
        #expect(answer.columns == columns && answer.types == types)
        await source.close()
    }

    @Test(arguments: [
        "SELEC 1", "SELECT 1; SELECT 2", "CREATE TABLE t ()", "SELECT 1 / (3 - g) FROM generate_series(1, 9) g",
    ])
    func whatIsWrongIsSaid(sql: String) async throws {
        let source = PostgresSource(try TestDatabase(.v18).config, in: .test)
        await #expect(throws: PostgresError.self) { try await source.query(sql) }
        #expect(try await source.query("SELECT 1").rows == [["1"]])
        await source.close()
    }
}
