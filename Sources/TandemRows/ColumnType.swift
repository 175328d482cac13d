/// What a column's values mean, whatever database they come from, and how they lie in a ``Column``.
///
/// A value outside a type's domain as given here is *unfit*: the source says
/// so when it decodes, and ``UnfitPolicy`` decides what becomes of it.
public indirect enum ColumnType: Hashable, Sendable {
    /// ``Column/Storage/bool(_:)``.
    case bool
    case int16, int32, int64
    /// IEEE 754, every bit pattern kept: NaN, infinities and the sign of zero.
    case float32, float64
    /// A whole number of units of 10^-scale, precision 1...38, scale 0...precision. Stored as int16 up to precision
    /// 4, int32 up to 9, int64 up to 18, int128 above. NaN and infinities are unfit.
    case decimal(precision: Int, scale: Int)
    /// UTF-8, never with a NUL byte.
    case text
    /// UTF-8 text that is one JSON value, as its source wrote it.
    case json
    case bytes
    /// int32: days since 1970-01-01, in the proleptic Gregorian calendar. Infinity is `Int32.max`, minus infinity
    /// `-Int32.max`.
    case date
    /// int64: microseconds since midnight, 0...86,400,000,000 (24:00:00).
    case time
    /// int64: microseconds since midnight shifted left by 24 bits, plus 57,599 minus the seconds east of UTC, so that
    /// equal values are equal numbers.
    case timeTZ
    /// int64: microseconds since 1970-01-01 00:00:00, without a time zone. Infinity is `Int64.max`, minus infinity
    /// `-Int64.max`; what an int64 cannot hold is unfit (after 294247-01-10).
    case timestamp
    /// As ``timestamp``, in UTC.
    case timestampTZ
    /// ``Column/Storage/interval(_:)``: months, days and microseconds, kept apart.
    case interval
    /// int128: the sixteen bytes read as a big-endian number with its highest bit flipped, so that order is kept.
    case uuid
    /// Values of one type, one-dimensional, counted from one, nulls among them allowed. Other shapes are unfit.
    case list(ColumnType)
}

extension ColumnType {
    /// Whether a source may have values for it that it cannot hold.
    public var mayNotFit: Bool {
        switch self {
        case .decimal, .date, .timestamp, .timestampTZ, .interval, .list: true
        case .bool, .int16, .int32, .int64, .float32, .float64, .text, .json, .bytes, .time, .timeTZ, .uuid: false
        }
    }
}

extension ColumnType: LosslessStringConvertible {
    /// The type whose ``description`` is `description`.
    public init?(_ description: String) {
        let simple: [ColumnType] = [
            .bool, .int16, .int32, .int64, .float32, .float64, .text, .json, .bytes, .date, .time, .timeTZ, .timestamp,
            .timestampTZ, .interval, .uuid,
        ]
        if let type = simple.first(where: { $0.description == description }) {
            self = type
        } else if description.hasSuffix("[]") {
            guard let element = ColumnType(String(description.dropLast(2))) else { return nil }
            self = .list(element)
        } else {
            let parts = description.split { "(,)".contains($0) }
            guard parts.count == 3, let precision = Int(parts[1]), let scale = Int(parts[2]),
                (1...38).contains(precision), (0...precision).contains(scale)
            else { return nil }
            self = .decimal(precision: precision, scale: scale)
            // Brackets may be elsewhere, and a number written otherwise.
            guard self.description == description else { return nil }
        }
    }

    /// The word used in messages, documentation and `--json`.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .float32: "float32"
        case .float64: "float64"
        case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
        case .text: "text"
        case .json: "json"
        case .bytes: "bytes"
        case .date: "date"
        case .time: "time"
        case .timeTZ: "timetz"
        case .timestamp: "timestamp"
        case .timestampTZ: "timestamptz"
        case .interval: "interval"
        case .uuid: "uuid"
        case .list(let element): "\(element)[]"
        }
    }
}
