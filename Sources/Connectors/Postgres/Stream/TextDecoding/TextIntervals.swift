import TandemRows

/// Intervals as text, in Postgres' own style: `1 year 2 mons -3 days +04:05:06.7`.
enum TextIntervals {
    static func decode(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let zero = Interval(months: 0, days: 0, microseconds: 0)
        let (values, nulls, unfit) = try span.checked(null: zero) { at, length in
            var text = TextCursor(at, length: length)
            guard let value = interval(&text) else {
                text = TextCursor(at, length: length)
                return text.takeRest("infinity") || text.takeRest("-infinity") ? .none : .malformed
            }
            return DateTimeDecoding.isInfinite(value) ? .none : .value(value)
        }
        return DecodedColumn(.interval(values), nulls: nulls, unfit: unfit)
    }

    private static func interval(_ text: inout TextCursor) -> Interval? {
        var (months, days, microseconds): (Int64, Int64, Int64) = (0, 0, 0)
        // Parts come from the largest to the smallest, each once at most.
        var part = Part.none
        repeat {
            let sign = text.sign()
            guard let number = text.digits(upTo: 10) else { return nil }
            let value = (sign ?? 1) * number
            let previous = part
            if text.take(UInt8(ascii: ":")) {
                part = .time
                guard let time = time(hours: number.magnitude, isNegative: sign == -1, &text) else { return nil }
                microseconds = time
            } else if text.take(" year") {
                part = .years
                months = value * 12
            } else if text.take(" mon") {
                part = .months
                months += value
            } else if text.take(" day") {
                part = .days
                days = value
            } else {
                return nil
            }
            guard part.rawValue > previous.rawValue else { return nil }
            if part != .time { _ = text.take(UInt8(ascii: "s")) }
        } while text.take(UInt8(ascii: " "))
        guard text.isAtEnd, let months = Int32(exactly: months), let days = Int32(exactly: days) else { return nil }
        return Interval(months: months, days: days, microseconds: microseconds)
    }

    private enum Part: Int {
        case none, years, months, days, time
    }

    /// Microseconds, up to the very ends of 64 bits.
    private static func time(hours: UInt64, isNegative: Bool, _ text: inout TextCursor) -> Int64? {
        guard let rest = TextDateTimes.minutes(&text) else { return nil }
        let (whole, isOverflow) = hours.multipliedReportingOverflow(by: 3_600_000_000)
        let (magnitude, isFurther) = whole.addingReportingOverflow(rest.magnitude)
        guard !isOverflow, !isFurther, magnitude <= Int64.max.magnitude + (isNegative ? 1 : 0) else { return nil }
        return Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude)
    }
}
