extension Column {
    /// The value of `row` for eyes, as Postgres would write most of them, or `nil` for null.
    ///
    /// For keys in messages and for tests; rows on their way never become text.
    public func text(_ row: Int, as type: ColumnType) -> String? {
        guard !isNull(row) else { return nil }
        switch storage {
        case .bool(let values): return values[row] ? "true" : "false"
        case .int16(let values): return Self.text(Int128(values[row]), as: type)
        case .int32(let values): return Self.text(Int128(values[row]), as: type)
        case .int64(let values): return Self.text(Int128(values[row]), as: type)
        case .int128(let values): return Self.text(values[row], as: type)
        case .float32(let values): return Self.text(values[row])
        case .float64(let values): return Self.text(values[row])
        case .interval(let values):
            let value = values[row]
            return "\(value.months) months \(value.days) days \(value.microseconds) microseconds"
        case .bytes(let views):
            if type == .bytes { return "\\x" + views[row].map { Self.hex($0, digits: 2) }.joined() }
            return String(decoding: views[row], as: UTF8.self)
        case .list(let offsets, let values):
            guard case .list(let element) = type else { return nil }
            let texts = (offsets[row]..<offsets[row + 1]).map { values.text($0, as: element) ?? "NULL" }
            return "{" + texts.joined(separator: ",") + "}"
        }
    }

    /// One word for all that is no number, of which Swift has several that no database knows.
    private static func text(_ value: some BinaryFloatingPoint) -> String { value.isNaN ? "nan" : "\(value)" }

    private static func text(_ value: Int128, as type: ColumnType) -> String {
        switch type {
        case .decimal(_, let scale) where scale > 0:
            let digits = String(value.magnitude)
            let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
            return (value < 0 ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
        case .date:
            guard value.magnitude != Int32.max.magnitude else { return value < 0 ? "-infinity" : "infinity" }
            return date(days: Int64(value))
        case .time: return time(microseconds: Int64(value))
        case .timestamp, .timestampTZ:
            guard value.magnitude != Int64.max.magnitude else { return value < 0 ? "-infinity" : "infinity" }
            let (days, rest) = floored(Int64(value), by: 86_400_000_000)
            return date(days: days) + " " + time(microseconds: rest) + (type == .timestampTZ ? "+00" : "")
        case .timeTZ:
            let offset = 57_599 - Int64(value & 0xFF_FFFF)
            let (sign, seconds) = (offset < 0 ? "-" : "+", abs(offset))
            let zone = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { pad($0) }
            return time(microseconds: Int64(value >> 24)) + sign + zone.joined(separator: ":")
        case .uuid:
            let digits = hex(UInt128(truncatingIfNeeded: value) ^ (1 << 127), digits: 32)
            let parts = [(0, 8), (8, 4), (12, 4), (16, 4), (20, 12)]
            return parts.map { digits.dropFirst($0.0).prefix($0.1) }.joined(separator: "-")
        default: return String(value)
        }
    }

    private static func hex(_ value: some BinaryInteger, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func pad(_ value: Int64, to width: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func time(microseconds: Int64) -> String {
        let (seconds, micros) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { pad($0) }.joined(separator: ":")
        return micros == 0 ? clock : clock + "." + pad(micros, to: 6)
    }

    /// The proleptic Gregorian date, by Howard Hinnant's `civil_from_days`.
    private static func date(days: Int64) -> String {
        let (era, dayOfEra) = floored(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let text =
            pad(year > 0 ? year : 1 - year, to: 4) + "-" + pad(month) + "-"
            + pad(dayOfYear - (153 * shifted + 2) / 5 + 1)
        return year > 0 ? text : text + " BC"
    }
}
