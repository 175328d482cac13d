/// A place in a server's write-ahead log: how many bytes were written before it.
///
/// Written `16/B374D848`, as the server writes it: the high and the low half in hexadecimal digits.
package struct LSN: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `nil` for what is no such text.
    package init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = Self.half(halves[0]), let low = Self.half(halves[1]) else { return nil }
        rawValue = UInt64(high) << 32 | UInt64(low)
    }

    /// What stands for no place at all.
    package static let none = LSN(rawValue: 0)

    package var description: String {
        String(rawValue >> 32, radix: 16, uppercase: true) + "/"
            + String(rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }

    package static func < (a: LSN, b: LSN) -> Bool { a.rawValue < b.rawValue }

    /// How many bytes of log lie between `earlier` and here; 0 where that is later.
    package func bytes(since earlier: LSN) -> UInt64 { rawValue > earlier.rawValue ? rawValue - earlier.rawValue : 0 }

    private static func half(_ digits: some StringProtocol) -> UInt32? {
        // The initializer would take a sign.
        guard (1...8).contains(digits.utf8.count), digits.utf8.first != UInt8(ascii: "+") else { return nil }
        return UInt32(digits, radix: 16)
    }
}
