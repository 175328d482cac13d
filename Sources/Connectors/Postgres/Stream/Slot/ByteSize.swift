/// A number of bytes as people write it: `5GB`, `800MB`.
package struct ByteSize: Hashable, Sendable, CustomStringConvertible {
    package var bytes: UInt64

    package init(_ bytes: UInt64) { self.bytes = bytes }

    /// What a slot may keep where nothing is configured.
    package static let standard = ByteSize(5 << 30)

    /// `nil` for what is no such text.
    package init?(_ text: String) {
        let letters = text.reversed().prefix { $0.isLetter }
        guard let power = Self.units.firstIndex(of: String(letters.reversed()).uppercased()),
            let number = UInt64(text.dropLast(letters.count).filter { $0 != " " }), number > 0
        else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: 1 << (10 * UInt64(power)))
        guard !isTooLarge else { return nil }
        self.bytes = bytes
    }

    private static let units = ["B", "KB", "MB", "GB", "TB"]

    package var description: String {
        var rest = Double(bytes)
        var power = 0
        while rest >= 1024, power < Self.units.count - 1 {
            rest /= 1024
            power += 1
        }
        let tenths = (rest * 10).rounded() / 10
        return (tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)) + Self.units[power]
    }
}
