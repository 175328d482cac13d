/// A built-in type as `format_type` writes it, taken apart, so that nothing else ever gets into a statement.
struct NativeTypeName {
    /// `character varying`, without length and brackets.
    let base: String
    let isArray: Bool
    /// The whole, written anew.
    let sql: String
    /// The same without brackets.
    let element: String

    /// `nil` for what is no type that this server has, or whose text means something else in another database.
    init?(_ text: String, version: Int) {
        var name = text[...]
        var isArray = false
        while name.hasSuffix("[]") {
            name = name.dropLast(2)
            isArray = true
        }
        guard let known = Self.parse(String(name)), version >= known.since else { return nil }
        base = known.base
        element = known.sql
        self.isArray = isArray
        sql = known.sql + (isArray ? "[]" : "")
    }

    private typealias Known = (base: String, sql: String, since: Int)

    /// Numbers in brackets stand behind the first word or two: `timestamp(3) without time zone`.
    private static func parse(_ name: String) -> Known? {
        guard let open = name.firstIndex(of: "(") else {
            return versions[name].map { (name, name, $0) }
        }
        guard let close = name[open...].firstIndex(of: ")") else { return nil }
        let base = String(name[..<open] + name[name.index(after: close)...])
        let arguments = name[name.index(after: open)..<close]
        let numbers = arguments.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard let since = versions[base], (1...2).contains(numbers.count), !numbers.contains(nil),
            arguments.utf8.allSatisfy({ $0 == 0x2C || $0 == 0x2D || (0x30...0x39).contains($0) })
        else { return nil }
        // Before 15, a scale was neither negative nor above the precision.
        let isOddScale = numbers.count == 2 && !(0...(numbers[0] ?? 0)).contains(numbers[1] ?? 0)
        return (base, name, isOddScale ? max(since, 150_000) : since)
    }

    /// Built-in types whose text any database reads as the same value, and the first version that has them. Not
    /// among them: `money`, which depends on `lc_monetary`, and those that name a database's own objects.
    private static let versions: [String: Int] = [
        "numeric": 0, "character varying": 0, "character": 0, "bpchar": 0, "name": 0,
        "bit": 0, "bit varying": 0, "xml": 0,
        "inet": 0, "cidr": 0, "macaddr": 0, "macaddr8": 100_000,
        "point": 0, "line": 90_400, "lseg": 0, "box": 0, "path": 0, "polygon": 0, "circle": 0,
        "int4range": 0, "int8range": 0, "numrange": 0, "tsrange": 0, "tstzrange": 0, "daterange": 0,
        "int4multirange": 140_000, "int8multirange": 140_000, "nummultirange": 140_000,
        "tsmultirange": 140_000, "tstzmultirange": 140_000, "datemultirange": 140_000,
        "tsvector": 0, "tsquery": 0, "jsonpath": 120_000, "pg_lsn": 90_400,
        // These come as text where one of their values does not fit what they otherwise become.
        "date": 0, "time without time zone": 0, "time with time zone": 0,
        "timestamp without time zone": 0, "timestamp with time zone": 0, "interval": 0,
        "boolean": 0, "smallint": 0, "integer": 0, "bigint": 0, "real": 0, "double precision": 0, "uuid": 0,
        "bytea": 0, "json": 0, "jsonb": 0, "text": 0,
    ]
}
