import TandemCore
import TandemRows

/// A column of a cursor, as the server has it now.
struct CursorColumn: Sendable {
    /// Quoted.
    let name: String
    /// By OID, domains looked through.
    let type: UInt32
    let native: NativeType
    let isNotNull: Bool

    static let numeric: UInt32 = 1700

    /// The columns with these numbers, in this order.
    ///
    /// - Throws: ``PostgresError``, also where one of them is gone.
    static func read(
        _ numbers: [Int],
        of table: CatalogTable,
        types: TypeMap,
        in session: Session
    ) throws -> [CursorColumn] {
        // Of a foreign table nobody checks what is declared.
        let isNotNull = "(\(CatalogQueries(version: session.capabilities.version).isNotNull)) AND c.relkind <> 'f'"
        let question = """
            SELECT a.attnum, a.attname, coalesce(nullif(t.typbasetype, 0), a.atttypid), a.atttypid, a.atttypmod,
              \(isNotNull)
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
            WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped
            """
        var known: [Int: CursorColumn] = [:]
        for cells in try session.query(question, [String(table.schema.oid)]).rows {
            var row = ResultRow(cells)
            let number: Int = try row.number()
            let name = SQL.identifier(try row.text())
            let base: UInt32 = try row.number()
            let native = types.native(try row.number(), modifier: try row.number())
            known[number] = CursorColumn(name: name, type: base, native: native, isNotNull: try row.flag())
        }
        return try numbers.map { number in
            if let column = known[number] { return column }
            let what = "a column of its cursor is gone"
            throw PostgresError.tableChanged(session.endpoint, table.schema.name, what: what)
        }
    }

    /// Its value as one text, which the server reads as that value again.
    var text: String { native.reading(as: .text)?.expression(name) ?? "\(name)::pg_catalog.text" }

    /// That a value is one that rows to come do not lie below: neither infinite nor in the future. `nil` where all are.
    func isReached(on server: ServerCapabilities) -> String? {
        // Nobody knows which zone a time without one is of; the easternmost is 14 hours ahead.
        let now = "pg_catalog.timezone('UTC', pg_catalog.now()) OPERATOR(pg_catalog.+) '14 hours'::pg_catalog.interval"
        let isLess = "\(name) OPERATOR(pg_catalog.<)"
        let isNotAbove = "\(name) OPERATOR(pg_catalog.<=)"
        switch native.type {
        case .timestampTZ: return "\(isNotAbove) pg_catalog.now()"
        case .timestamp: return "\(isNotAbove) (\(now))"
        case .date: return "\(isNotAbove) (\(now))::pg_catalog.date"
        case .float32, .float64: return "\(isLess) 'Infinity'"
        case .decimal: return "\(isLess) 'NaN'"
        case .text where type == Self.numeric:
            return "\(isLess) '\(server.version >= 140_000 ? "Infinity" : "NaN")'"
        default: return nil
        }
    }

    /// The expression for what lies `lookback` before `value`, as text. `nil` where the type has no such thing.
    func start(of lookback: Lookback, before value: String) -> String? {
        let value = SQL.literal(value)
        switch (lookback, native.type) {
        case (.seconds(let seconds), .timestampTZ), (.seconds(let seconds), .timestamp), (.seconds(let seconds), .date):
            let type =
                switch native.type {
                case .timestampTZ: "pg_catalog.timestamptz"
                case .date: "pg_catalog.date"
                default: "pg_catalog.timestamp"
                }
            let moment = "\(value)::\(type) - '\(seconds) seconds'::pg_catalog.interval"
            return "((\(moment))::\(type))::pg_catalog.text"
        case (.number(let number), .int16): return difference(value, number, least: "\(Int16.min)")
        case (.number(let number), .int32): return difference(value, number, least: "\(Int32.min)")
        case (.number(let number), .int64): return difference(value, number, least: type == 26 ? "0" : "\(Int64.min)")
        case (.number(let number), .decimal(let precision, let scale)):
            let places = scale > 0 ? "." + String(repeating: "9", count: scale) : ""
            let least = "-0" + String(repeating: "9", count: precision - scale) + places
            return difference(value, number, least: least)
        case (.number(let number), .text) where type == Self.numeric:
            return "(\(value)::pg_catalog.numeric - \(number))::pg_catalog.text"
        default: return nil
        }
    }

    /// - Parameter least: The least value of the type: what is below it cannot be compared with the column everywhere.
    private func difference(_ value: String, _ number: Int, least: String) -> String {
        "greatest(\(value)::pg_catalog.numeric - \(number), \(least))::pg_catalog.text"
    }
}
