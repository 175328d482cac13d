import TandemRows

/// What a column becomes in a Postgres destination, and how its values get there.
///
/// A column that travels as text takes the type it has at the source where
/// that is built in, and where the text means the same everywhere.
struct TargetType: Hashable, Sendable {
    /// As it stands in CREATE TABLE.
    var sql: String
    /// What rows are copied into: `sql`, or `text` where only the server itself can read the text.
    var loaded: String
    /// How a value of `loaded` is written.
    var encoder: CellEncoder
    /// The number of `loaded`.
    var oid: UInt32

    /// Whether what was copied in has to become `sql` afterwards.
    var isCast: Bool { sql != loaded }

    /// Whether values that are equal to the server are written alike. Where they need not be, as with `1.0` and `1.00`,
    /// a row that takes another's place by its key brings its own spelling of it.
    var isExact: Bool {
        guard let open = sql.firstIndex(of: "("), let close = sql.firstIndex(of: ")") else {
            return Self.exact.contains(sql)
        }
        let base = sql[..<open] + sql[sql.index(after: close)...]
        return base == "numeric" || Self.exact.contains(String(base))
    }

    private static let exact: Set = [
        "boolean", "smallint", "integer", "bigint", "date", "time without time zone", "timestamp without time zone",
        "timestamp with time zone", "uuid", "bytea", "text", "character varying", "name", "pg_lsn", "inet", "cidr",
        "macaddr", "macaddr8", "bit", "bit varying",
    ]

    private init(_ sql: String, loaded: String? = nil, _ encoder: CellEncoder, oid: UInt32) {
        self.sql = sql
        self.loaded = loaded ?? sql
        self.encoder = encoder
        self.oid = oid
    }

    /// - Parameter version: The server's, as libpq counts.
    /// - Throws: ``NestedList``.
    init(of column: ColumnSchema, version: Int, keepsNativeText: Bool = true) throws(NestedList) {
        self =
            switch column.type {
            case .text:
                (keepsNativeText ? Self.native(column.nativeType, version: version) : nil) ?? Self.text
            case .json: Self.json(column.nativeType)
            case .list(.text):
                (keepsNativeText ? Self.nativeList(column.nativeType, version: version) : nil)
                    ?? Self.list(of: Self.text)
            case .list(.json):
                Self.list(of: Self.json(column.nativeType.hasPrefix("jsonb") ? "jsonb" : "json"))
            case .list(.list): throw NestedList()
            case .list(let element): Self.list(of: Self.plain(element))
            default: Self.plain(column.type)
            }
    }

    /// Lists of lists are no type in Postgres.
    struct NestedList: Error {}

    /// What columns of Tandem's own are.
    static let time = plain(.timestampTZ)

    private static let text = TargetType("text", .bytes, oid: 25)

    private static func json(_ native: String) -> TargetType {
        native == "jsonb" ? TargetType("jsonb", .jsonb, oid: 3802) : TargetType("json", .bytes, oid: 114)
    }

    private static func plain(_ type: ColumnType) -> TargetType {
        switch type {
        case .bool: TargetType("boolean", .bool, oid: 16)
        case .int16: TargetType("smallint", .int16, oid: 21)
        case .int32: TargetType("integer", .int32, oid: 23)
        case .int64: TargetType("bigint", .int64, oid: 20)
        case .float32: TargetType("real", .float32, oid: 700)
        case .float64: TargetType("double precision", .float64, oid: 701)
        case .decimal(let precision, let scale):
            TargetType(
                "numeric(\(precision),\(scale))",
                .decimal(precision: precision, scale: scale),
                oid: 1700
            )
        case .bytes: TargetType("bytea", .bytes, oid: 17)
        case .date: TargetType("date", .date, oid: 1082)
        case .time: TargetType("time without time zone", .time, oid: 1083)
        case .timeTZ: TargetType("time with time zone", .timeTZ, oid: 1266)
        case .timestamp: TargetType("timestamp without time zone", .timestamp, oid: 1114)
        case .timestampTZ: TargetType("timestamp with time zone", .timestamp, oid: 1184)
        case .interval: TargetType("interval", .interval, oid: 1186)
        case .uuid: TargetType("uuid", .uuid, oid: 2950)
        case .text, .json, .list: text
        }
    }

    private static func list(of element: TargetType) -> TargetType {
        TargetType(
            element.sql + "[]",
            loaded: element.loaded + "[]",
            .list(element.encoder, type: element.oid),
            oid: 0
        )
    }
}

// MARK: - Types that travel as text

extension TargetType {
    private static func native(_ name: String, version: Int) -> TargetType? {
        guard let written = NativeTypeName(name, version: version) else { return nil }
        if written.isArray { return TargetType(written.sql, loaded: "text", .bytes, oid: 25) }
        switch written.base {
        case "character varying": return TargetType(written.sql, .bytes, oid: 1043)
        case "character", "bpchar": return TargetType(written.sql, .bytes, oid: 1042)
        case "name": return TargetType(written.sql, .bytes, oid: 19)
        case "numeric": return TargetType(written.sql, .numericText, oid: 1700)
        default: return TargetType(written.sql, loaded: "text", .bytes, oid: 25)
        }
    }

    private static func nativeList(_ name: String, version: Int) -> TargetType? {
        guard let written = NativeTypeName(name, version: version), written.isArray else { return nil }
        guard let element = native(written.element, version: version) else { return nil }
        return list(of: element)
    }
}
