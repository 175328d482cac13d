import TandemRows

/// Whole numbers, fixed-point numbers and booleans as text.
enum TextNumbers {
    static func bools(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: false) { at, length in bool(at, length) }
        return DecodedColumn(.bool(values), nulls: nulls, unfit: unfit)
    }

    @inline(__always)
    static func bool(_ at: UnsafeRawPointer, _ length: Int) -> Fit<Bool> {
        if length == 1 {
            let byte = at.load(as: UInt8.self)
            if byte == UInt8(ascii: "t") { return .value(true) }
            if byte == UInt8(ascii: "f") { return .value(false) }
        }
        var cursor = TextCursor(at, length: length)
        if cursor.takeRest("true") { return .value(true) }
        return cursor.takeRest("false") ? .value(false) : .malformed
    }

    @inline(__always)
    static func integers<Stored: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _ span: CellSpan,
        as: Stored.Type,
        _ storage: ([Stored]) -> Column.Storage
    ) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Stored(0)) { at, length in
            guard let value = integer(at, length), let stored = Stored(exactly: value) else { return .malformed }
            return .value(stored)
        }
        return DecodedColumn(storage(values), nulls: nulls, unfit: unfit)
    }

    /// `nil` where the bytes are no number, or one past 64 bits.
    @inline(__always)
    private static func integer(_ start: UnsafeRawPointer, _ length: Int) -> Int64? {
        guard length > 0 else { return nil }
        var at = start
        let end = start + length
        let isNegative = at.load(as: UInt8.self) == UInt8(ascii: "-")
        if isNegative { at += 1 }
        // Nineteen digits are below 2^64.
        guard at < end, end - at <= 19 else { return nil }
        var value: UInt64 = 0
        while at < end {
            let digit = at.load(as: UInt8.self) &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        guard value <= Int64.max.magnitude + (isNegative ? 1 : 0) else { return nil }
        return Int64(truncatingIfNeeded: isNegative ? 0 &- value : value)
    }
}

/// `numeric` as whole units of 10^-scale.
struct TextDecimals: DecimalReading {
    let precision: Int
    let scale: Int

    @inline(__always)
    func number<Stored: FixedWidthInteger>(_ at: UnsafeRawPointer, _ length: Int, small: Int64) -> Fit<Stored> {
        if let value = short(at, length), value.magnitude <= small.magnitude {
            return .value(Stored(truncatingIfNeeded: value))
        }
        if precision > 18, let value = long(at, length) { return .value(Stored(truncatingIfNeeded: value)) }
        return any(TextCursor(at, length: length))
    }

    /// The value where it certainly has no more than 18 digits.
    @inline(__always)
    private func short(_ start: UnsafeRawPointer, _ length: Int) -> Int64? {
        guard length > 0, length <= 18 else { return nil }
        var at = start
        let end = start + length
        let isNegative = at.load(as: UInt8.self) == UInt8(ascii: "-")
        if isNegative { at += 1 }
        let first = at
        var value: Int64 = 0
        var point = end
        while at < end {
            let byte = at.load(as: UInt8.self)
            let digit = byte &- 0x30
            if digit < 10 {
                value = value &* 10 &+ Int64(digit)
            } else {
                guard byte == UInt8(ascii: "."), point == end else { return nil }
                point = at
            }
            at += 1
        }
        let places = point == end ? 0 : end - point - 1
        // A digit on each side of a point; and as many as the scale asks for, within 18.
        guard point > first, point == end || places > 0, places <= scale, point - first + scale <= 18 else {
            return nil
        }
        value = value &* DecimalDecoding.shortPowers[scale - places]
        return isNegative ? -value : value
    }

    /// The value where it is written with as many digits after the point as the scale asks for, and no more than the
    /// precision in all.
    @inline(__always)
    private func long(_ start: UnsafeRawPointer, _ length: Int) -> Int128? {
        var text = TextCursor(start, length: length)
        let isNegative = text.take(UInt8(ascii: "-"))
        var value: Int128 = 0
        let whole = Self.digits(&text, into: &value)
        guard whole > 0, whole <= precision - scale else { return nil }
        if scale > 0 {
            guard text.take(UInt8(ascii: ".")), Self.digits(&text, into: &value) == scale else { return nil }
        }
        return text.isAtEnd ? (isNegative ? -value : value) : nil
    }

    /// Takes up to 38 digits.
    ///
    /// - Returns: How many.
    @inline(__always)
    private static func digits(_ text: inout TextCursor, into value: inout Int128) -> Int {
        let start = text.at
        while text.at - start < 38 {
            let part = text.at
            guard let digits = text.digits(upTo: min(18, 38 - (part - start))) else { break }
            value = value &* DecimalDecoding.powers[text.at - part] &+ Int128(digits)
        }
        return text.at - start
    }

    /// The value whatever it is, with every step checked.
    @inline(never)
    private func any<Stored: FixedWidthInteger>(_ text: TextCursor) -> Fit<Stored> {
        var text = text
        if text.takeRest("NaN") { return .none }
        let isNegative = text.take(UInt8(ascii: "-"))
        let most = DecimalDecoding.powers[precision] - 1
        let limit = Stored(truncatingIfNeeded: isNegative ? -most : most)
        if text.takeRest("Infinity") { return .nearest(limit) }
        let largest = DecimalDecoding.powers[precision - scale] - 1
        var value: Int128 = 0
        var places: Int?
        var digits = 0
        var (isTooLarge, isTooFine) = (false, false)
        while !text.isAtEnd {
            if places == nil, digits > 0, text.take(UInt8(ascii: ".")) {
                (places, digits) = (0, 0)
                continue
            }
            guard let digit = text.digits(upTo: 1) else { return .malformed }
            digits += 1
            if let count = places, count == scale {
                isTooFine = isTooFine || digit != 0
            } else if !isTooLarge {
                // A digit before the point may be one too many, after it there is room for each.
                let (product, isOverflow) = value.multipliedReportingOverflow(by: 10)
                value = product &+ Int128(digit)
                if let count = places { places = count + 1 } else { isTooLarge = isOverflow || value > largest }
            }
        }
        guard digits > 0 else { return .malformed }
        if isTooLarge { return .nearest(limit) }
        // Digits past the column's scale: it was altered, or is not what the catalog said.
        if isTooFine { return .none }
        value *= DecimalDecoding.powers[scale - (places ?? 0)]
        return .value(Stored(truncatingIfNeeded: isNegative ? -value : value))
    }
}
