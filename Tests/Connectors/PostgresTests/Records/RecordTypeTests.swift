import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct RecordTypeTests {
    /// A type, and values of it as the server reads them.
    static let types: [(type: String, values: [String])] = [
        ("bool", ["true", "false"]), ("int2", ["-32768", "32767"]), ("int4", ["-2147483648", "7"]),
        ("int8", ["-9223372036854775808", "9223372036854775807"]), ("oid", ["4294967295"]),
        ("float4", ["NaN", "-0", "1.5", "Infinity"]), ("float8", ["NaN", "-0", "0.1", "-Infinity"]),
        ("numeric", ["NaN", "1.00", "1.0", "123456789012345678901234567890123456789012345.678"]),
        ("numeric(10,2)", ["-0.01", "12345678.90"]), ("numeric(38,10)", ["1234567890123456789012345678.0123456789"]),
        ("text", ["", "a'b\"c\\d", "ä😀"]), ("varchar(5)", ["abcde", "ab  "]), ("bpchar", ["ab  "]), ("char(5)", ["ab"]),
        ("name", ["nm"]), ("\"char\"", ["x"]), ("bytea", ["\\x", "\\x00ff27"]),
        ("uuid", ["00000000-0000-0000-0000-000000000001"]),
        ("date", ["0044-03-15 BC", "infinity", "2024-02-29"]), ("time", ["24:00:00", "00:00:00.000001"]),
        ("timetz", ["12:00:00.5+05:30"]), ("timestamp", ["infinity", "2024-02-29 12:34:56.789012", "0044-03-15 BC"]),
        ("timestamptz", ["-infinity", "2024-02-29 12:34:56.789012+02"]),
        ("interval", ["1 year -2 days 03:00:00.000001", "-1 mon"]), ("json", ["{\"b\": 1,  \"a\": [1.0]}"]),
        ("jsonb", ["{\"b\": 1, \"a\": [1.0]}", "null"]), ("inet", ["10.0.0.1", "10.0.0.0/8"]),
        ("cidr", ["10.0.0.0/8"]), ("macaddr", ["08:00:2b:01:02:03"]), ("bit(3)", ["101"]), ("varbit", ["1", ""]),
        ("int4[]", ["{}", "{1,NULL,3}"]), ("text[]", ["{a,NULL,\"NULL\",\"a,b\",\"q\\\"\\\\\"}"]),
        ("box[]", ["{(2,2),(1,1)}"]),
        ("timestamptz[]", ["{2024-02-29 12:34:56+00}"]), ("int4range", ["[1,10)", "empty"]),
        ("tstzrange", ["[2024-01-01,)"]),
        ("money", ["$1,234.50"]), ("point", ["(1,2)"]), ("tsvector", ["'a':1 'b'"]), ("mood", ["so so"]),
        ("mood[]", ["{happy,\"so so\"}"]), ("pair", ["(1,\"a b\")"]), ("short", ["abc"]), ("shorts", ["{1,2}"]),
    ]

    /// What one record holds another can be given, whatever the settings of the user are.
    @Test(arguments: RecordStage.versions) func everyTypeComesBackAsItWas(
        _ version: PostgresServer.Version
    ) async throws {
        let database = try TestDatabase(version)
        let columns = Self.types.enumerated().map { "c\($0) \($1.type)" }.joined(separator: ", ")
        let count = Self.types.map(\.values.count).max() ?? 0
        let stage = try await RecordStage(
            database,
            """
            ALTER DATABASE "\(database.name)" SET TimeZone = 'America/St_Johns';
            ALTER DATABASE "\(database.name)" SET DateStyle = 'SQL, DMY';
            ALTER DATABASE "\(database.name)" SET IntervalStyle = 'sql_standard';
            ALTER DATABASE "\(database.name)" SET extra_float_digits = 0;
            ALTER DATABASE "\(database.name)" SET bytea_output = 'escape';
            CREATE TYPE mood AS ENUM ('happy', 'so so'); CREATE TYPE pair AS (a int, b text);
            CREATE DOMAIN short AS varchar(3); CREATE DOMAIN shorts AS int4[];
            CREATE TABLE t (id int PRIMARY KEY, \(columns))
            """
        )
        for row in 0..<count {
            let values = Self.types.map { type in
                row < type.values.count ? "\(SQL.literal(type.values[row]))::\(type.type)" : "NULL"
            }
            let statement = "INSERT INTO t VALUES (\(row), \(values.joined(separator: ", ")))"
            try database.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; \(statement)")
        }
        let shape = try await stage.shape("t")
        let records = try await stage.store.scan(shape, after: nil, limit: 100)
        #expect(records.count == count && records.allSatisfy(\.unfit.isEmpty))
        // By key, so that one can be created with a key that is given.
        let whole = try await stage.shape("t", fields: ["id"] + Self.types.indices.map { "c\($0)" })
        let creates = records.enumerated().map { row, record in
            let values = [.number(Int128(100 + row))] + record.fields
            let fields = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($0, $1) })
            return RecordWrite(id: row, shape: whole, change: .create(fields))
        }
        let created = try await stage.store.write(creates)
        let updates = records.enumerated().map { row, record in
            let fields = Dictionary(uniqueKeysWithValues: record.fields.enumerated().map { ($0, $1) })
            return RecordWrite(id: row, shape: shape, change: .update(record, fields: fields))
        }
        let updated = try await stage.store.write(updates)
        for row in 0..<count {
            let new = try #require(created[row]?.record, "\(String(describing: created[row]))")
            #expect(Array(new.fields.dropFirst()) == records[row].fields)
            #expect(updated[row]?.record?.fields == records[row].fields, "\(String(describing: updated[row]))")
        }
        let text = Self.types.indices.map { "a.c\($0)::text IS DISTINCT FROM b.c\($0)::text" }.joined(separator: " OR ")
        #expect(try database.execute("SELECT a.id FROM t a JOIN t b ON b.id = a.id + 100 WHERE \(text)") == "")
        #expect(try database.execute("SELECT count(*) FROM t") == "\(2 * count)")
        await stage.store.close()
    }

    /// What its type cannot hold is told, and does not pass for null.
    @Test func whatDoesNotFitIsTold() async throws {
        let stage = try await RecordStage(
            .v16,
            """
            CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2), l int[]);
            INSERT INTO t VALUES (1, 'NaN', '{{1,2},{3,4}}'), (2, 1, NULL)
            """
        )
        let records = try await stage.read(1, 2, of: stage.shape("t"))
        #expect(records.map(\.unfit) == [[0, 1], []])
        #expect(records[1].fields == [.number(100), .null])
        await stage.store.close()
    }
}
