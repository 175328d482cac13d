/// A `numeric` as its output function writes it: `-12.340`, `NaN`, `Infinity`.
struct NumericText {
    private let bytes: UnsafeRawBufferPointer
    private let kind: Kind
    /// Where the digits start, where the point is (behind the last digit if there is none), and where they end.
    private let start: Int
    private let point: Int

    private enum Kind: UInt16 {
        case positive = 0
        case negative = 0x4000
        case nan = 0xC000
        case infinity = 0xD000
        case minusInfinity = 0xF000
    }

    /// - Throws: ``Unwritable/number`` for any other text.
    init(_ bytes: UnsafeRawBufferPointer) throws(Unwritable) {
        self.bytes = bytes
        let isNegative = bytes.first == UInt8(ascii: "-")
        start = isNegative ? 1 : 0
        var point = bytes.count
        for at in start..<max(start, bytes.count) {
            let byte = bytes[at]
            if byte &- 0x30 <= 9 { continue }
            guard byte == UInt8(ascii: "."), point == bytes.count, at > start, at + 1 < bytes.count else {
                kind = try Self.special(bytes)
                self.point = 0
                return
            }
            point = at
        }
        guard bytes.count > start else { throw .number }
        self.point = point
        kind = isNegative ? .negative : .positive
    }

    private static func special(_ bytes: UnsafeRawBufferPointer) throws(Unwritable) -> Kind {
        if bytes.elementsEqual("NaN".utf8) { return .nan }
        if bytes.elementsEqual("Infinity".utf8) { return .infinity }
        if bytes.elementsEqual("-Infinity".utf8) { return .minusInfinity }
        throw .number
    }

    private var isFinite: Bool { kind == .positive || kind == .negative }
    /// Decimal digits before and after the point.
    private var wholeDigits: Int { point - start }
    private var fractionDigits: Int { max(0, bytes.count - point - 1) }
    /// The same to the base of 10,000.
    private var whole: Int { isFinite ? (wholeDigits + 3) / 4 : 0 }
    private var fraction: Int { isFinite ? (fractionDigits + 3) / 4 : 0 }

    /// A header of four 16-bit numbers, and the digits; zeros at either end are left to the server.
    var encodedLength: Int { 8 + 2 * (whole + fraction) }

    func write(to place: UnsafeMutableRawPointer) {
        put16(Int16(truncatingIfNeeded: whole + fraction), at: place)
        put16(Int16(truncatingIfNeeded: whole - 1), at: place + 2)
        put16(Int16(bitPattern: kind.rawValue), at: place + 4)
        put16(isFinite ? Int16(truncatingIfNeeded: fractionDigits) : 0, at: place + 6)
        guard isFinite else { return }
        var target = place + 8
        // The first one may have fewer than four digits, the last one is filled up with zeros.
        var at = start
        var length = wholeDigits - 4 * (whole - 1)
        for _ in 0..<whole {
            put16(digit(at, length), at: target)
            target += 2
            at += length
            length = 4
        }
        at = point + 1
        for _ in 0..<fraction {
            let length = min(4, bytes.count - at)
            var value = digit(at, length)
            for _ in length..<4 { value *= 10 }
            put16(value, at: target)
            target += 2
            at += 4
        }
    }

    private func digit(_ start: Int, _ length: Int) -> Int16 {
        var value: Int16 = 0
        for at in start..<start + length { value = value * 10 + Int16(bytes[at] &- 0x30) }
        return value
    }
}
