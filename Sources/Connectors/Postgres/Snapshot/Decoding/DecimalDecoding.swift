import TandemRows

/// How a `numeric` is written, read as whole units of 10^-scale.
protocol DecimalReading {
    var precision: Int { get }

    /// - Parameter small: The largest value that the precision allows, or that an int64 holds where that is less.
    func number<Stored: FixedWidthInteger>(_ at: UnsafeRawPointer, _ length: Int, small: Int64) -> Fit<Stored>
}

extension DecimalReading {
    func decode(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        switch precision {
        case ...4: try decode(span, as: Int16.self) { .int16($0) }
        case ...9: try decode(span, as: Int32.self) { .int32($0) }
        case ...18: try decode(span, as: Int64.self) { .int64($0) }
        default: try decode(span, as: Int128.self) { .int128($0) }
        }
    }

    @inline(__always)
    private func decode<Stored: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _ span: CellSpan,
        as: Stored.Type,
        _ storage: ([Stored]) -> Column.Storage
    ) throws(MalformedCell) -> DecodedColumn {
        let small = Int64(clamping: DecimalDecoding.powers[precision] - 1)
        let (values, nulls, unfit) = try span.checked(null: Stored(0)) { number($0, $1, small: small) }
        return DecodedColumn(storage(values), nulls: nulls, unfit: unfit)
    }
}

/// `numeric` in binary: a header of four 16-bit numbers (how many digits, weight of the first, sign, scale for display)
/// and digits to the base of 10,000.
struct DecimalDecoding: DecimalReading {
    let precision: Int
    let scale: Int

    @inline(__always)
    func number<Stored: FixedWidthInteger>(_ at: UnsafeRawPointer, _ length: Int, small: Int64) -> Fit<Stored> {
        guard let header = Header(at, length: length) else { return .malformed }
        if let value = short(header), value.magnitude <= small.magnitude {
            return .value(Stored(truncatingIfNeeded: value))
        }
        return any(header, most: Self.powers[precision] - 1)
    }

    /// The value where it certainly has no more than 18 digits.
    @inline(__always)
    private func short(_ number: Header) -> Int64? {
        guard number.isFinite else { return nil }
        guard number.count > 0 else { return 0 }
        // Digits before the point, at most, and after it.
        guard (number.weight + 1) * 4 + scale <= 18 else { return nil }
        let exponent = (number.weight - number.count + 1) * 4 + scale
        guard exponent > -4 else { return nil }
        var value: Int64 = 0
        for index in 0..<number.count - 1 {
            let digit = Int64(number.digit(index))
            guard digit < 10_000 else { return nil }
            value = value &* 10_000 &+ digit
        }
        let last = Int64(number.digit(number.count - 1))
        guard last < 10_000 else { return nil }
        if exponent >= 0 {
            value = (value &* 10_000 &+ last) &* Self.shortPowers[exponent]
        } else {
            let (whole, rest) = last.quotientAndRemainder(dividingBy: Self.shortPowers[-exponent])
            guard rest == 0 else { return nil }
            value = value &* Self.shortPowers[4 + exponent] &+ whole
        }
        return number.isNegative ? -value : value
    }

    /// The value whatever it is, with every step checked.
    @inline(never)
    private func any<Stored: FixedWidthInteger>(_ number: Header, most: Int128) -> Fit<Stored> {
        if number.isNaN { return .none }
        let limit = number.isNegative ? -most : most
        guard number.isFinite else { return .nearest(Stored(truncatingIfNeeded: limit)) }
        var value: Int128 = 0
        for index in 0..<number.count {
            let digit = Int128(number.digit(index))
            guard digit < 10_000 else { return .malformed }
            let exponent = (number.weight - index) * 4 + scale
            guard digit != 0 else { continue }
            guard exponent < Self.powers.count else { return .nearest(Stored(truncatingIfNeeded: limit)) }
            let part: Int128
            if exponent >= 0 {
                let (product, isOverflow) = digit.multipliedReportingOverflow(by: Self.powers[exponent])
                guard !isOverflow else { return .nearest(Stored(truncatingIfNeeded: limit)) }
                part = product
            } else {
                // Digits past the column's scale: it was altered, or is not what the catalog said.
                guard exponent > -4, digit % Self.powers[-exponent] == 0 else { return .none }
                part = digit / Self.powers[-exponent]
            }
            let (sum, isOverflow) = value.addingReportingOverflow(part)
            guard !isOverflow, sum <= most else { return .nearest(Stored(truncatingIfNeeded: limit)) }
            value = sum
        }
        return .value(Stored(truncatingIfNeeded: number.isNegative ? -value : value))
    }

    static let powers: [Int128] = (0...38).map { exponent in
        (0..<exponent).reduce(Int128(1)) { product, _ in product * 10 }
    }
    static let shortPowers: [Int64] = powers.prefix(19).map { Int64($0) }
}

extension DecimalDecoding {
    /// One number on the wire.
    struct Header {
        private let at: UnsafeRawPointer
        let count: Int
        let weight: Int
        private let sign: UInt16

        /// `nil` where the bytes are no `numeric`.
        @inline(__always)
        init?(_ at: UnsafeRawPointer, length: Int) {
            guard length >= 8 else { return nil }
            self.at = at + 8
            count = Int(big16(at))
            weight = Int(big16(at + 2))
            sign = UInt16(bitPattern: big16(at + 4))
            guard count >= 0, length == 8 + 2 * count else { return nil }
            guard sign == 0 || sign == 0x4000 || sign == 0xC000 || sign == 0xD000 || sign == 0xF000 else { return nil }
        }

        @inline(__always) var isNegative: Bool { sign == 0x4000 || sign == 0xF000 }
        @inline(__always) var isFinite: Bool { sign & 0x8000 == 0 }
        var isNaN: Bool { sign == 0xC000 }

        @inline(__always)
        func digit(_ index: Int) -> UInt16 { UInt16(bitPattern: big16(at + index &* 2)) }
    }
}
