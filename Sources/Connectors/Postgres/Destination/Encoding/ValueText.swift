import TandemRows

/// A single value as Postgres reads it, whatever the session's settings are.
enum ValueText {
    /// - Parameter delimiter: What stands between the elements of a list.
    /// - Returns: `nil` for null, and for what is no value of `type`.
    static func of(_ value: Value, _ type: ColumnType, delimiter: String = ",") -> String? {
        switch (value, type) {
        case (.interval(let interval), .interval):
            // Each part has its own sign, in every style.
            return "\(signed(interval.months)) mons \(signed(interval.days)) days \(clock(interval.microseconds))"
        case (.list(let elements), .list(let type)):
            let texts = elements.map { element -> String? in
                guard element != .null else { return "NULL" }
                guard let text = of(element, type, delimiter: delimiter) else { return nil }
                if case .list = type { return text }
                let escaped = text.replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\"", with: "\\\"")
                return "\"\(escaped)\""
            }
            let known = texts.compactMap(\.self)
            return known.count == texts.count ? "{\(known.joined(separator: delimiter))}" : nil
        default: return value.text(as: type)
        }
    }

    private static func signed(_ number: Int32) -> String { number < 0 ? "\(number)" : "+\(number)" }

    /// Hours, minutes and seconds, which the server reads without rounding.
    private static func clock(_ microseconds: Int64) -> String {
        let (seconds, rest) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        func padded(_ number: UInt64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        return (microseconds < 0 ? "-" : "+") + parts.joined(separator: ":") + "." + padded(rest, 6)
    }
}

extension ColumnSchema {
    /// Of all types of the server's `box` alone has a comma within its values.
    var listDelimiter: String { nativeType.hasPrefix("box[") ? ";" : "," }
}
