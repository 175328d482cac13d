import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Random values of every type, read by a binary COPY and as the text their output functions write: both must become
/// the same columns, bit by bit.
@Suite(.blocking) struct TextRoundTripTests {
    @Test(arguments: PostgresServer.Version.allCases)
    func textBecomesWhatBinaryBecomes(version: PostgresServer.Version) async throws {
        let table = try RandomTable(version)
        print("\(version), seed \(table.seed)")
        // As they are; as one text each; arrays as lists of texts.
        let wishes: [(ColumnType) -> ColumnType] = [
            { $0 }, { _ in .text },
            { type in
                guard case .list = type else { return type }
                return .list(.text)
            },
        ]
        for wish in wishes {
            let read = try await table.database.read("sent", readers: 1, unfit: .clamp) { schema in
                for index in schema.columns.indices { schema.columns[index].type = wish(schema.columns[index].type) }
            }
            try table.compare(read)
        }
    }
}

/// A table named `sent` of random values of every type.
struct RandomTable {
    let database: TestDatabase
    let seed = UInt64.random(in: 0 ... .max)
    private let session: Session
    private let columns: [(name: String, native: NativeType)]

    init(_ version: PostgresServer.Version, rows: Int = 300) throws {
        database = try TestDatabase(version)
        var random = SeededGenerator(seed: seed)
        let samples = Self.samples(version)
        var types = RandomValues.types + samples.map(\.type)
        types += types.map { $0 + "[]" }
        let definitions = types.enumerated().map { "c\($0) \($1)" }
        try database.execute(
            """
            \(version == .v15 ? "CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;" : "")
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'très heureux, "enfin"');
            CREATE TYPE pair AS (a int, b text, c interval, d bool);
            CREATE DOMAIN positive AS numeric(10,2); CREATE DOMAIN flag AS bool; CREATE DOMAIN blob AS bytea;
            CREATE DOMAIN moods AS mood[]; CREATE DOMAIN padded AS char(4);
            CREATE TABLE sent (id int4 PRIMARY KEY, \(definitions.joined(separator: ", ")));
            """
        )
        let known = Dictionary(uniqueKeysWithValues: samples.map { ($0.type, $0.values) })
        func value(of type: String) -> String {
            guard let values = known[type] else { return Self.value(of: type, &random) }
            return values.randomElement(using: &random) ?? ""
        }
        let lines = (0..<rows).map { id in
            let cells = types.map { type -> String in
                if Int.random(in: 0..<8, using: &random) == 0 { return "NULL" }
                guard type.hasSuffix("[]") else { return "\(SQL.literal(value(of: type)))::\(type)" }
                let element = String(type.dropLast(2))
                let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    Int.random(in: 0..<5, using: &random) == 0 ? "NULL" : SQL.literal(value(of: element))
                }
                let list = "ARRAY[\(elements.joined(separator: ", "))]::\(type)"
                guard Int.random(in: 0..<40, using: &random) == 0 else { return list }
                // Shapes that no list holds.
                return elements.isEmpty
                    ? list
                    : "array_fill((\(list))[1], ARRAY[2\(id % 2 == 0 ? ",1" : "")], ARRAY[0\(id % 2 == 0 ? ",1" : "")])"
            }
            return "(\(id), \(cells.joined(separator: ", ")))"
        }
        try database.execute("INSERT INTO sent VALUES \(lines.joined(separator: ",\n"))")
        session = try database.session()
        columns = try Self.columns(session)
    }

    /// What the catalog says of the columns, domains and all.
    private static func columns(_ session: Session) throws -> [(name: String, native: NativeType)] {
        let types = try CatalogReader(session).types()
        let question = """
            SELECT attname, atttypid, atttypmod FROM pg_catalog.pg_attribute
            WHERE attrelid = 'public.sent'::pg_catalog.regclass AND attnum > 0 ORDER BY attnum
            """
        return try session.query(question).rows.map { row in
            let native = types.native(UInt32(row[1] ?? "") ?? 0, modifier: Int32(row[2] ?? "") ?? -1)
            return (row[0] ?? "", native)
        }
    }

    /// Decodes the server's text of the same rows, and expects what `read` has.
    func compare(_ read: ReadTable) throws {
        let texts = try session.query("SELECT * FROM public.sent ORDER BY id").rows
        #expect(read.count == texts.count)
        var unfit = columns.map { _ in 0 }
        for batch in read.batches {
            // Rows lie where there was room, in any order.
            let rows = try (0..<batch.rowCount).map { row in
                texts[try #require(batch.columns[0].text(row, as: .text).flatMap { Int($0) })]
            }
            let buffer = TupleBuffer(columns: columns.count, rows: rows)
            for (index, column) in read.schema.columns.enumerated() {
                let about = "\(column.nativeType) as \(column.type), seed \(seed)"
                let decoder = try #require(columns[index].native.textDecoder(as: column.type), "\(about)")
                let decoded = try ColumnDecoding(.text(decoder), checksUTF8: false).decode(buffer, column: index)
                let wrong = (0..<batch.rowCount).filter { row in
                    !decoded.column.isSame(row, as: row, of: batch.columns[index])
                }
                let examples = wrong.prefix(3).map { row in
                    let binary = batch.columns[index].text(row, as: column.type) ?? "NULL"
                    return "\(rows[row][index] ?? "NULL") is \(binary)"
                }
                #expect(wrong.isEmpty, "\(about): \(examples)")
                unfit[index] += decoded.unfit.count
                #expect(decoded.column.absent == nil)
            }
        }
        #expect(unfit == columns.indices.map { read.tally.clamped[$0] ?? 0 }, "seed \(seed)")
    }

    /// Now and then a value that does not fit.
    private static func value(of type: String, _ random: inout SeededGenerator) -> String {
        if Int.random(in: 0..<30, using: &random) == 0 {
            if type.hasPrefix("numeric") { return "NaN" }
            if type.hasPrefix("timestamp") { return "294276-12-31 23:59:59.999999" }
        }
        if type == "interval", Bool.random(using: &random) {
            let parts = [
                ["1 year", "-2 years", ""], ["1 mon", "-1 mon", "14 mons", ""], ["-1 day", "3 days", ""],
                ["-00:00:01", "26:00:00.5", "-100:00:00.000001", "0 sec"],
            ]
            return parts.map { $0.randomElement(using: &random) ?? "" }.joined(separator: " ")
        }
        return RandomValues.value(of: type, using: &random)
    }
}

extension RandomTable {
    /// Types that arrive as text, or whose text has its pitfalls, and values of each.
    static func samples(_ version: PostgresServer.Version) -> [(type: String, values: [String])] {
        let xml = [
            "<a b=\"1\">é</a>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a/>",
            "<?xml version=\"1.0\" standalone=\"yes\"?><a/>",
        ]
        var samples: [(type: String, values: [String])] = [
            ("numeric", ["NaN", "1e200", "-1e-20", "0", "12345678901234567890.123"]),
            ("numeric(40,2)", ["99.5", "-12345678901234567890123456789012345678.25"]), ("bit(3)", ["101", "000"]),
            ("varbit", ["", "1", "010101"]), ("inet", ["10.0.0.1", "10.0.0.1/8", "::1", "::1/64"]),
            ("cidr", ["10.1.0.0/16", "::/0", "10.0.0.1/32"]), ("macaddr", ["08:00:2b:01:02:03"]),
            ("macaddr8", ["08:00:2b:01:02:03:04:05"]), ("money", ["12.34", "-1234567.89"]), ("point", ["(1,-2.5)"]),
            ("line", ["{1,2,3}"]), ("lseg", ["[(0,0),(1,1)]"]), ("box", ["((0,0),(1,2))", "(5,5),(3,-1e200)"]),
            ("path", ["[(0,0),(1,1)]", "((0,0),(1,1))"]), ("polygon", ["((0,0),(1,1),(2,0))"]),
            ("circle", ["<(1,2),3>"]), ("tsvector", ["a:1 b:2 'c d'", "\"q\\\\'"]), ("tsquery", ["a & 'b c'"]),
            ("int4range", ["empty", "[1,5)", "(,3]"]), ("numrange", ["(1.50,2]"]),
            ("tstzrange", ["[2020-01-01 00:00:00+05,infinity)", "empty"]), ("daterange", ["[2020-01-01,)"]),
            ("pg_lsn", ["16/B374D848"]), ("xid", ["7"]), ("tid", ["(1,2)"]), ("\"char\"", ["x", "", " ", "\\"]),
            ("regclass", ["pg_catalog.pg_class", "public.sent", "0"]), ("regtype", ["int4", "public.mood"]),
            ("int2vector", ["1 2 3", ""]), ("oidvector", ["1 4294967295"]),
            ("mood", ["sad", "ok", "très heureux, \"enfin\""]),
            ("pair", ["(1,\"two \"\"words\"\", \\\\x\",1 day,t)", "(,,,)"]),
            ("positive", ["1.50", "99999999.99", "NaN"]), ("flag", ["t", "f"]), ("blob", ["\\x00ff", "\\x"]),
            ("moods", ["{}", "{sad,NULL}", "{{sad},{ok}}"]), ("padded", ["a", "b  "]), ("jsonpath", ["$.\"a\"[*]"]),
            ("timestamptz(3)", ["infinity", "2024-02-29 12:00:00.1239+00"]),
            (
                "interval(6)",
                [
                    "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807", "1 mon -1 day +00:00:00.1",
                    "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806", "-1 year +1 day -00:00:00.000001",
                ]
            ),
        ]
        // Not every server was built with XML.
        if version == .v15 {
            samples += [
                ("xml", xml), ("citext", ["Ab ", "{\"", ""]), ("ltree", ["a.b", ""]),
                ("hstore", ["a=>1, b=>NULL", "\"q \\\"\"=>\"\""]),
            ]
        }
        if version.rawValue >= 18 {
            samples.append(("interval hour to second", ["infinity", "-infinity", "1:02:03.4"]))
        }
        return samples
    }
}
