import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Random values of every type that is read natively: what was read goes back to the server as text, which compares.
@Suite(.blocking) struct RoundTripTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func everyValueArrives(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let database = try TestDatabase(version)
        let types = RandomValues.types
        let columns = types.indices.map { "c\($0)" }
        let definition = zip(columns, types).map { "\($0) \($1)" }.joined(separator: ", ")
        let rows = (0..<400).map { _ in
            types.map { Int.random(in: 0..<8, using: &random) == 0 ? nil : RandomValues.value(of: $0, using: &random) }
        }
        try database.execute("CREATE TABLE sent (id int4 PRIMARY KEY, \(definition)); CREATE TABLE back (LIKE sent)")
        try insert(rows, types, into: "sent", database)

        let read = try await database.read("sent")
        #expect(read.count == rows.count, "seed \(seed)")
        for (column, type) in zip(read.schema.columns.dropFirst(), types) where type != "char(5)" {
            #expect(column.type != .text || ["text", "name", "varchar(40)"].contains(type), "\(type) is read natively")
        }
        let texts = read.texts.sorted { Int($0[0] ?? "") ?? 0 < Int($1[0] ?? "") ?? 0 }
        try insert(texts.map { Array($0.dropFirst()) }, types, into: "back", database)
        for (column, type) in zip(columns, types) {
            let sameBits =
                type.hasPrefix("float") ? "\(type)send(s.\(column)) IS DISTINCT FROM \(type)send(b.\(column))" : nil
            let compared = type == "json" ? "::text" : ""
            let differs = sameBits ?? "s.\(column)\(compared) IS DISTINCT FROM b.\(column)\(compared)"
            let wrong = try database.execute(
                "SELECT id, s.\(column), b.\(column) FROM sent s JOIN back b USING (id) WHERE \(differs) LIMIT 3"
            )
            #expect(wrong.isEmpty, "\(type), seed \(seed): \(wrong)")
        }
        // The same rows as text are what the server itself writes.
        let asText = try await database.read(
            "sent",
            as: { schema in
                for index in schema.columns.indices { schema.columns[index].type = .text }
            }
        )
        let written = try database.execute("SELECT string_agg(md5(sent::text), '' ORDER BY id) FROM sent")
        try database.execute("TRUNCATE back")
        let backRows = asText.texts.sorted { Int($0[0] ?? "") ?? 0 < Int($1[0] ?? "") ?? 0 }
        try insert(backRows.map { Array($0.dropFirst()) }, types, into: "back", database)
        #expect(
            try database.execute("SELECT string_agg(md5(back::text), '' ORDER BY id) FROM back") == written,
            "seed \(seed)"
        )
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func listsArrive(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let database = try TestDatabase(version)
        // Element types whose text needs no quotes in an array.
        let types = ["bool", "int2", "int4", "int8", "float8", "numeric(18,4)", "numeric(38,10)", "date", "uuid"]
        let columns = types.indices.map { "c\($0)" }
        let definition = zip(columns, types).map { "\($0) \($1)[]" }.joined(separator: ", ")
        try database.execute("CREATE TABLE sent (id int4 PRIMARY KEY, \(definition)); CREATE TABLE back (LIKE sent)")
        let rows = (0..<200).map { _ in
            types.map { type -> String? in
                guard Int.random(in: 0..<8, using: &random) > 0 else { return nil }
                let elements = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                    Int.random(in: 0..<5, using: &random) == 0
                        ? "NULL" : "\"\(RandomValues.value(of: type, using: &random))\""
                }
                return "{" + elements.joined(separator: ",") + "}"
            }
        }
        let arrays = types.map { $0 + "[]" }
        try insert(rows, arrays, into: "sent", database)
        let read = try await database.read("sent")
        for column in read.schema.columns.dropFirst() {
            guard case .list = column.type else { #expect(Bool(false), "\(column)"); continue }
        }
        let texts = read.texts.sorted { Int($0[0] ?? "") ?? 0 < Int($1[0] ?? "") ?? 0 }
        try insert(texts.map { Array($0.dropFirst()) }, arrays, into: "back", database)
        let wrong = try database.execute(
            "SELECT s.*, b.* FROM sent s JOIN back b USING (id) WHERE s::text <> b::text LIMIT 3"
        )
        #expect(wrong.isEmpty, "seed \(seed)")
        #expect(try database.execute("SELECT count(*) FROM back") == "200")
    }

    private func insert(_ rows: [[String?]], _ types: [String], into table: String, _ database: TestDatabase) throws {
        let values = rows.enumerated().map { id, row in
            let cells = zip(row, types).map { value, type in value.map { "\(SQL.literal($0))::\(type)" } ?? "NULL" }
            return "(\(id), \(cells.joined(separator: ", ")))"
        }
        try database.execute("INSERT INTO \(table) VALUES \(values.joined(separator: ",\n"))")
    }
}
