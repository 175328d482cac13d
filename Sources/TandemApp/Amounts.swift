import Foundation

/// Numbers as people read them.
package enum Amounts {
    /// `1,234,567`
    package static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude).reversed())
        let groups = stride(from: 0, to: digits.count, by: 3).map {
            String(digits[$0..<min($0 + 3, digits.count)].reversed())
        }
        return (value < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// `1 row`, `1,234 rows`
    package static func counted(_ value: Int, _ noun: String) -> String {
        count(value) + " " + noun + (value == 1 ? "" : "s")
    }

    package static func rows(_ value: Int) -> String { counted(value, "row") }
    package static func tables(_ value: Int) -> String { counted(value, "table") }
    package static func issues(_ value: Int) -> String { counted(value, "issue") }
    package static func changes(_ value: Int) -> String { counted(value, "change") }
    package static func transactions(_ value: Int) -> String { counted(value, "transaction") }

    /// - Parameter seconds: Since 1970.
    package static func time(_ seconds: Double) -> String { Date(timeIntervalSince1970: seconds).formatted(.iso8601) }

    /// `950 B`, `12.3 MB`; powers of a thousand.
    package static func bytes(_ value: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var amount = Double(value)
        var unit = 0
        while amount >= 999.5, unit < units.count - 1 {
            amount /= 1000
            unit += 1
        }
        return unit == 0 ? "\(value) B" : decimal(amount) + " " + units[unit]
    }

    /// `0.4 s`, `2 min 5 s`, `3 h 12 min`
    package static func duration(_ value: Duration) -> String {
        let seconds = Double(value.components.seconds) + Double(value.components.attoseconds) / 1e18
        if seconds < 9.95 { return decimal(seconds) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        return whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
    }

    package static func seconds(_ value: Duration) -> Double {
        let milliseconds = value.components.seconds * 1000 + value.components.attoseconds / 1_000_000_000_000_000
        return Double(milliseconds) / 1000
    }

    private static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return value >= 99.95 ? String(Int(value.rounded())) : "\(tenths / 10).\(tenths % 10)"
    }
}
