import TandemRows

/// `numeric(precision, scale)` on the wire, all values in the same number of digits to the base of 10,000: the server
/// strips those that are zero at either end.
struct DecimalLayout {
    private let scale: Int
    /// Digits to the base of 10,000 before and after the point.
    private let whole: Int
    private let fraction: Int
    /// Decimal digits in the last of them, and what makes it whole.
    private let rest: Int

    init(precision: Int, scale: Int) {
        self.scale = scale
        whole = (precision - scale + 3) / 4
        fraction = (scale + 3) / 4
        rest = scale % 4
    }

    /// A header of four 16-bit numbers, and the digits.
    var width: Int { 8 + 2 * (whole + fraction) }

    /// Writes a value of at most 18 digits.
    @inline(__always)
    func write(_ value: Int64, to place: UnsafeMutableRawPointer) {
        writeHeader(isNegative: value < 0, to: place)
        writeDigits(value.magnitude, to: place + 8)
    }

    func write(_ value: Int128, to place: UnsafeMutableRawPointer) {
        writeHeader(isNegative: value < 0, to: place)
        // Most values of wide types are small.
        if let small = UInt64(exactly: value.magnitude) {
            writeDigits(small, to: place + 8)
        } else {
            writeDigits(value.magnitude, to: place + 8)
        }
    }

    @inline(__always)
    private func writeHeader(isNegative: Bool, to place: UnsafeMutableRawPointer) {
        put16(Int16(whole + fraction), at: place)
        put16(Int16(whole - 1), at: place + 2)
        put16(isNegative ? 0x4000 : 0, at: place + 4)
        put16(Int16(scale), at: place + 6)
    }

    /// From the last digit to the first.
    @inline(__always)
    private func writeDigits<Value: FixedWidthInteger & UnsignedInteger>(
        _ magnitude: Value,
        to place: UnsafeMutableRawPointer
    ) {
        var left = magnitude
        var index = whole + fraction - 1
        if rest > 0 {
            let unit: Value = rest == 1 ? 10 : rest == 2 ? 100 : 1000
            let parts = left.quotientAndRemainder(dividingBy: unit)
            put16(Int16(truncatingIfNeeded: parts.remainder * (10_000 / unit)), at: place + 2 * index)
            left = parts.quotient
            index -= 1
        }
        while index >= 0 {
            let parts = left.quotientAndRemainder(dividingBy: 10_000)
            put16(Int16(truncatingIfNeeded: parts.remainder), at: place + 2 * index)
            left = parts.quotient
            index -= 1
        }
    }
}
