import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemDuckDB
@testable import TandemPostgres

/// Holds `docs/types.md` to what the code does.
@Suite(.blocking) struct TypeTableTests {
    private struct Row: CustomStringConvertible {
        var types: [String]
        var inTandem: String
        var inDuckDB: String
        var description: String { types.joined(separator: ", ") }
    }

    /// What the page calls a type that has to be made first.
    private let made = [
        "an enum": "mood", "a composite type": "pair", "a domain over numeric(10,2)": "price",
        "an array of enums": "mood[]", "an array of a domain over arrays": "moods[]",
    ]

    private func rows() throws -> [Row] {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/types.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        let table = lines.drop { !$0.hasPrefix("| Postgres |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        return table.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let plain = cells[0].replacing("`", with: "")
            // Every second piece lies between backticks.
            let quoted = cells[0].split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
            return Row(types: made[plain].map { [$0] } ?? quoted, inTandem: cells[1], inDuckDB: cells[2])
        }
    }

    /// Postgres 15 is the one that comes with the extensions.
    @Test func isWhatHappens() throws {
        let server = try PostgresServer.shared(.v15)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
            CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text);
            CREATE DOMAIN amount AS numeric(10,2); CREATE DOMAIN price AS amount; CREATE DOMAIN moods AS mood[];
            """,
            in: database
        )
        let rows = try rows()
        #expect(rows.count > 40)
        let types = rows.flatMap(\.types)
        #expect(rows.allSatisfy { !$0.types.isEmpty })
        let columns = types.enumerated().map { "c\($0.offset) \($0.element)" }.joined(separator: ", ")
        try server.execute("CREATE TABLE every (\(columns))", in: database)
        var config = PostgresConfig()
        config.host = PostgresServer.host
        config.port = String(server.port)
        config.user = PostgresServer.user
        config.database = database
        let session = try Session(config, in: ConnectionContext(name: "types", folder: "/"))
        let every = try #require(try CatalogReader(session).tables().first { $0.name.table == "every" })
        let expected = rows.flatMap { row in row.types.map { (type: $0, row: row) } }
        #expect(every.columns.count == expected.count)
        for (column, expected) in zip(every.columns, expected) {
            #expect(column.native.type.description == expected.row.inTandem, "\(expected.type)")
            #expect(column.native.type.sql == expected.row.inDuckDB, "\(expected.type)")
        }
    }
}
