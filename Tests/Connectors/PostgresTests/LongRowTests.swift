import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Rows that are too long for the server to send through its log: half a gigabyte of bytes, which are a few here.
@Suite(.timeLimit(.minutes(5))) struct LongRowTests {
    @Test func theyAreNamedByTableAndKey() async throws {
        let stage = try StreamStage(.v16)
        try stage.database.execute(
            """
            CREATE TABLE files (name text PRIMARY KEY, "the data" bytea, note text);
            INSERT INTO files VALUES ('short', '\\x00', NULL), ('it''s long', decode(repeat('00', 600), 'hex'), 'n'),
                ('both', decode(repeat('00', 300), 'hex'), repeat('x', 500)), ('just not', decode(repeat('00', 480), 'hex'), '')
            """
        )
        let source = PostgresSource(stage.config, in: stage.context)
        let (files, other) = (try await source.table("files").schema, try await source.table("t").schema)
        await source.close()
        let session = try stage.database.session()
        let rows = LongRows(session: session, limit: 1_000)
        #expect(try rows.find(in: files).sorted() == ["name = both", "name = it's long"])
        #expect(try rows.find(in: other).isEmpty)
        let place = stage.config.target
        func failure(_ state: String) -> PostgresError {
            .server(place, sqlState: state, severity: "ERROR", message: "invalid memory alloc request size 1468006403")
        }
        let reason = try #require(rows.reason(of: failure("XX000"), [other, files]))
        #expect(reason.contains("\"public\".\"files\"") && reason.contains("name = both"))
        // One that is not there any more, and another failure.
        #expect(rows.reason(of: failure("XX000"), [other])?.contains("gone by now") == true)
        #expect(rows.reason(of: failure("42501"), [other, files]) == nil)
        let unlike = PostgresError.server(place, sqlState: "XX000", severity: "ERROR", message: "unexpected")
        #expect(rows.reason(of: unlike, []) == nil)
        try stage.remove()
    }
}
