import TandemTesting

/// Random values of Postgres types, written as SQL literals.
struct RandomLiterals {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func int(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
    private mutating func one(of texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }
    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// A literal of `type` with its cast, or NULL now and then.
    mutating func literal(_ type: String) -> String { chance(10) ? "NULL" : "\(value(type))::\(type)" }

    private mutating func value(_ type: String) -> String {
        switch type {
        case "boolean": one(of: ["true", "false"])
        case "smallint": one(of: ["'-32768'", "'32767'", "'0'", "'\(int(-32768...32767))'"])
        case "integer": one(of: ["'-2147483648'", "'2147483647'", "'\(int(-2_147_483_648...2_147_483_647))'"])
        case "bigint": one(of: ["'-9223372036854775808'", "'9223372036854775807'", "'\(int(.min ... .max))'"])
        case "real":
            one(of: [
                "'NaN'", "'Infinity'", "'-0'", "'1e-45'", "'3.4028235e38'",
                "'\(Float.random(in: -1e6...1e6, using: &random))'",
            ])
        case "double precision":
            one(of: [
                "'NaN'", "'-Infinity'", "'-0'", "'5e-324'", "'1e15'",
                "'\(Double.random(in: -1e9...1e9, using: &random))'",
            ])
        case "numeric(4,2)": "'\(int(-99...99)).\(int(10...99))'"
        case "numeric(9,0)": "'\(int(-999_999_999...999_999_999))'"
        case "numeric(18,4)":
            one(of: [
                "'99999999999999.9999'", "'-0.0001'", "'0'", "'\(int(-99_999_999...99_999_999)).\(int(1000...9999))'",
            ])
        case "numeric(38,10)":
            one(of: ["'9999999999999999999999999999.9999999999'", "'-\(int(0 ... .max)).0000000001'", "'1e-10'"])
        case "numeric(5,5)": one(of: ["'0.00001'", "'-0.99999'", "'0'", "'0.\(int(10_000...99_999))'"])
        case "numeric(38,38)": one(of: ["'-1e-38'", "'0'", "'0.\(int(0 ... .max))'"])
        case "numeric": one(of: ["'NaN'", "'1e200'", "'-1e-200'", "'\(int(.min ... .max)).\(int(0...999))'"])
        case "text", "varchar(50)", "character(9)", "citext": text(limit: type == "text" ? 60 : 8)
        case "bytea": "'\\x\(String(UInt64(bitPattern: int(.min ... .max)), radix: 16).evenDigits)'"
        case "date":
            one(of: ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0001-01-01'", "'\(day)'"])
        case "time": one(of: ["'24:00:00'", "'00:00:00'", "'\(clock)'"])
        case "timetz": one(of: ["'24:00:00-15:59:59'", "'00:00:00+15:59'", "'\(clock)+05:30'"])
        case "timestamp": one(of: ["'infinity'", "'-infinity'", "'4713-01-01 00:00:00 BC'", "'\(day) \(clock)'"])
        case "timestamptz":
            one(of: ["'infinity'", "'-infinity'", "'0001-01-01 00:00:00+00 BC'", "'\(day) \(clock)+01'"])
        case "interval":
            "'\(int(-99...99)) months \(int(-999...999)) days \(int(-9_000_000_000...9_000_000_000)) microseconds'"
        case "uuid":
            one(of: [
                "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
                "md5('\(int(0...9999))')",
            ])
        case "json": "'{\"a\": \(int(0...99)), \"b\": [null, \"é\", 1e400]}'"
        case "jsonb":
            one(of: [
                "'null'", "'[]'", "'\"x\"'", "'{\"n\": 1e400, \"k\": {\"u\": \"\\u00e9\"}, \"v\": \(int(0...99))}'",
            ])
        default: other(type)
        }
    }

    private mutating func other(_ type: String) -> String {
        switch type {
        case "bit(5)": "B'10110'"
        case "varbit": one(of: ["B''", "B'1'", "B'0101010101'"])
        case "inet": one(of: ["'10.0.0.1/8'", "'::1'", "'192.168.\(int(0...255)).1'"])
        case "cidr": "'10.\(int(0...255)).0.0/16'"
        case "macaddr": "'08:00:2b:01:02:\(int(10...99))'"
        case "money": "'\(int(-999...999)).\(int(10...99))'"
        case "point": "'(\(int(-9...9)),\(int(-9...9)).5)'"
        case "box": "'((0,0),(\(int(1...9)),1))'"
        case "xml": "'<a b=\"1\">\(int(0...9))</a>'"
        case "tsvector": "'a:1 b:\(int(1...9)) ''c d'''"
        case "int4range": one(of: ["'empty'", "'[1,\(int(2...99)))'", "'(,5]'"])
        case "tstzrange": "'[2020-01-01,infinity)'"
        case "pg_lsn": "'16/B374\(int(1000...9999))'"
        case "oid": "'\(int(0...4_294_967_295))'"
        case "regclass": "'pg_catalog.pg_class'"
        case "\"char\"": "'x'"
        case "name": "'a name'"
        case "integer[]": one(of: ["'{}'", "'{1,NULL,-3}'", "'{\(int(-99...99))}'", "'{2147483647,-2147483648}'"])
        case "text[]": one(of: ["'{}'", #"'{NULL,"","a,b","q\"\\"}'"#, "ARRAY[\(text(limit: 20)), \(text(limit: 3))]"])
        case "numeric(9,3)[]": "'{\(int(-999...999)).125,NULL,0}'"
        case "timestamptz[]": "'{infinity,\"\(day) \(clock)+00\",NULL}'"
        case "uuid[]": "'{ffffffff-ffff-ffff-ffff-ffffffffffff,NULL}'"
        case "jsonb[]": "ARRAY['{\"a\": \(int(0...9))}', NULL, 'null']"
        case "inet[]": "'{10.0.0.1,NULL,::1/64}'"
        case "mood": one(of: ["'sad'", "'ok'", "'très heureux, \"enfin\"'"])
        case "mood[]": "'{sad,NULL,ok}'"
        case "positive": "'\(int(1...99))'"
        case "pair": "ROW(\(int(0...9)), \(text(limit: 8)))"
        default: "NULL"
        }
    }

    private var day: String {
        mutating get { "\(int(1000...9999))-\(int(10...12))-\(int(10...28))" }
    }

    private var clock: String {
        mutating get { "\(int(10...23)):\(int(10...59)):\(int(10...59)).\(int(100_000...999_999))" }
    }

    private mutating func text(limit: Int) -> String {
        let pieces = ["a", "Z", " ", "é", "北", "🐘", "''", "\\", "\"", "\n", "\t", "{", "}", ",", "NULL", "%"]
        var result = ""
        for _ in 0..<Int.random(in: 0...limit, using: &random) where result.count < limit { result += one(of: pieces) }
        return "E'" + result.replacing("\\", with: "\\\\").replacing("\n", with: "\\n") + "'"
    }
}

extension String {
    /// Hexadecimal digits of whole bytes.
    fileprivate var evenDigits: String { count % 2 == 0 ? self : "0" + self }
}
