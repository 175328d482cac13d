import Glibc
import TandemRows

/// Floating-point numbers as text. The server writes as many digits as tell a number from all others, so that reading
/// them gives its very bits; but for NaN, of which there is one.
enum TextFloats {
    static func doubles(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Double(0)) { at, length in
            guard let number = Number(at, length: length) else { return special(at, length) }
            if let value: Double = number.exact(digits: 1 << 53, powers: powers) { return .value(value) }
            return whole(at, length) { strtod($0, nil) }
        }
        return DecodedColumn(.float64(values), nulls: nulls, unfit: unfit)
    }

    static func floats(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Float(0)) { at, length in
            guard let number = Number(at, length: length) else { return special(at, length) }
            if let value: Float = number.exact(digits: 1 << 24, powers: shortPowers) { return .value(value) }
            return whole(at, length) { strtof($0, nil) }
        }
        return DecodedColumn(.float32(values), nulls: nulls, unfit: unfit)
    }

    /// The powers of ten that each type holds exactly.
    private static let powers: [Double] = (0...22).map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
    private static let shortPowers: [Float] = powers.prefix(11).map { Float($0) }

    /// Bytes that are a number, read by the C library. It is never given another locale than C.
    @inline(never)
    private static func whole<Value: BinaryFloatingPoint>(
        _ at: UnsafeRawPointer,
        _ length: Int,
        _ read: (UnsafePointer<CChar>) -> Value
    ) -> Fit<Value> {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Number.longest + 1) { text in
            guard let base = text.baseAddress, length <= Number.longest else { return .malformed }
            UnsafeMutableRawPointer(base).copyMemory(from: at, byteCount: length)
            text[length] = 0
            let value = read(base)
            return value.isFinite ? .value(value) : .malformed
        }
    }

    @inline(never)
    private static func special<Value: BinaryFloatingPoint>(_ at: UnsafeRawPointer, _ length: Int) -> Fit<Value> {
        var text = TextCursor(at, length: length)
        if text.takeRest("NaN") { return .value(.nan) }
        if text.takeRest("Infinity") { return .value(.infinity) }
        return text.takeRest("-Infinity") ? .value(-.infinity) : .malformed
    }
}

extension TextFloats {
    /// A number as written: digits, a point somewhere in them, an exponent.
    struct Number {
        /// More than the server writes.
        static let longest = 63

        private let isNegative: Bool
        /// `nil` for more than 19 digits.
        private let digits: UInt64?
        private let exponent: Int

        /// `nil` where the bytes are no number, or a longer one than the server writes.
        @inline(__always)
        init?(_ at: UnsafeRawPointer, length: Int) {
            guard length <= Self.longest else { return nil }
            var text = TextCursor(at, length: length)
            isNegative = text.take(UInt8(ascii: "-"))
            var value: UInt64 = 0
            let whole = Self.digits(&text, into: &value)
            guard whole > 0 else { return nil }
            var places = 0
            if text.take(UInt8(ascii: ".")) {
                places = Self.digits(&text, into: &value)
                guard places > 0 else { return nil }
            }
            var power = 0
            if text.take(UInt8(ascii: "e")) {
                let sign = text.sign() ?? 1
                guard let digits = text.digits(upTo: 4) else { return nil }
                power = Int(sign * digits)
            }
            guard text.isAtEnd else { return nil }
            digits = whole + places <= 19 ? value : nil
            exponent = power - places
        }

        @inline(__always)
        private static func digits(_ text: inout TextCursor, into value: inout UInt64) -> Int {
            let start = text.at
            while true {
                let digit = text.next &- 0x30
                guard digit < 10 else { return text.at - start }
                value = value &* 10 &+ UInt64(digit)
                text.skip()
            }
        }

        /// The value where it is one exact number times or through another, which rounds once.
        ///
        /// - Parameter limit: Numbers up to it are exact.
        @inline(__always)
        func exact<Value: BinaryFloatingPoint>(digits limit: UInt64, powers: [Value]) -> Value? {
            guard let digits, digits <= limit, exponent.magnitude < powers.count.magnitude else { return nil }
            let value = Value(digits)
            let power = powers[Int(exponent.magnitude)]
            let scaled = exponent < 0 ? value / power : value * power
            return isNegative ? -scaled : scaled
        }
    }
}
