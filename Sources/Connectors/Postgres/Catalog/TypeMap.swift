import TandemRows

/// Which ``ColumnType`` each Postgres type becomes, and how its cells are read.
///
/// The one place that says so. `docs/types.md` says the same in words, and a
/// test compares the two.
package struct TypeMap: Sendable {
    private let types: [UInt32: PostgresType]

    /// - Parameter types: Every type that is not a table's row type, by number. One that is missing travels as text.
    package init(_ types: [UInt32: PostgresType]) { self.types = types }

    /// What a column of this type is once domains are looked through.
    ///
    /// - Parameter modifier: `atttypmod`, which a domain replaces by its own.
    package func native(_ oid: UInt32, modifier: Int32) -> NativeType {
        var (oid, modifier) = (oid, modifier)
        // A domain cannot contain itself; the limit keeps a damaged catalog from looping.
        for _ in 0..<64 {
            guard case .domain(let base, let itsModifier) = types[oid] else { break }
            (oid, modifier) = (base, itsModifier)
        }
        switch types[oid] {
        case .array(let element, let delimiter): return list(of: element, modifier: modifier, delimiter: delimiter)
        case .enumeration: return NativeType(CellReading(type: .text, decoder: .text), text: .none)
        case .plain(let output?): return plain(oid, modifier, text: .output(output))
        case .plain(nil), .domain, nil: return plain(oid, modifier, text: .text)
        }
    }

    private func plain(_ oid: UInt32, _ modifier: Int32, text: CellCast) -> NativeType {
        let reading = scalar(oid, modifier, text: text)
        return NativeType(reading, text: text, isAnyDecimal: oid == Self.numeric && reading.type == .text)
    }

    private func list(of element: UInt32, modifier: Int32, delimiter: UInt8) -> NativeType {
        let native = native(element, modifier: modifier)
        var texts = CellCast.textArray
        if case .output = native.text, delimiter == UInt8(ascii: ",") { texts = .rereadTextArray }
        // The elements of an array of a domain over arrays are sent as arrays, which no list holds.
        let isReadable = native.reading.cast == .none && !native.isList
        return NativeType(
            isReadable
                ? CellReading(type: .list(native.reading.type), decoder: .list(native.reading.decoder))
                : CellReading(type: .list(.text), cast: texts, decoder: .list(.text)),
            text: .text,
            textList: NativeType.TextList(cast: texts, delimiter: delimiter)
        )
    }

    private func scalar(_ oid: UInt32, _ modifier: Int32, text: CellCast) -> CellReading {
        if oid == Self.numeric, let type = Self.decimal(modifier) { return type }
        return Self.scalars[oid] ?? CellReading(type: .text, cast: text, decoder: .text)
    }

    /// `numeric(p,s)` where it has at most 38 digits.
    ///
    /// Since Postgres 15 the scale may be negative, or above the precision: then
    /// the type has more digits than its precision says.
    static func decimal(_ modifier: Int32) -> CellReading? {
        guard modifier >= 4 else { return nil }
        let bits = Int(modifier - 4)
        let precision = bits >> 16
        let scale = ((bits & 0x7FF) ^ 0x400) - 0x400
        let digits = scale < 0 ? precision - scale : max(precision, scale)
        guard digits <= 38 else { return nil }
        let places = max(scale, 0)
        return CellReading(
            type: .decimal(precision: digits, scale: places),
            decoder: .decimal(precision: digits, scale: places)
        )
    }

    private static let numeric: UInt32 = 1700

    /// Types that are read as they are. Their numbers are the same on every server.
    private static let scalars: [UInt32: CellReading] = [
        16: CellReading(type: .bool, decoder: .bool),
        17: CellReading(type: .bytes, decoder: .bytes),
        19: CellReading(type: .text, decoder: .text),  // name
        20: CellReading(type: .int64, decoder: .int64),
        21: CellReading(type: .int16, decoder: .int16),
        23: CellReading(type: .int32, decoder: .int32),
        25: CellReading(type: .text, decoder: .text),
        26: CellReading(type: .int64, decoder: .oid),
        114: CellReading(type: .json, decoder: .text),
        700: CellReading(type: .float32, decoder: .float32),
        701: CellReading(type: .float64, decoder: .float64),
        1042: CellReading(type: .text, decoder: .text),  // character(n), with its padding
        1043: CellReading(type: .text, decoder: .text),
        1082: CellReading(type: .date, decoder: .date),
        1083: CellReading(type: .time, decoder: .time),
        1114: CellReading(type: .timestamp, decoder: .timestamp),
        1184: CellReading(type: .timestampTZ, decoder: .timestampTZ),
        1186: CellReading(type: .interval, decoder: .interval),
        1266: CellReading(type: .timeTZ, decoder: .timeTZ),
        2950: CellReading(type: .uuid, decoder: .uuid),
        3802: CellReading(type: .json, decoder: .jsonb),
    ]
}
