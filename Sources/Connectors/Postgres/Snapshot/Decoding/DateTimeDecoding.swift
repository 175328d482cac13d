import TandemRows

/// Dates, times and intervals. Postgres counts from 2000-01-01, a ``Column`` from 1970-01-01.
enum DateTimeDecoding {
    private static let epochDays: Int32 = 10_957
    private static let epochMicroseconds: Int64 = 946_684_800_000_000
    private static let dayMicroseconds: Int64 = 86_400_000_000
    /// The farthest a time zone is from UTC, in seconds.
    private static let farthestZone: Int32 = 57_599

    static func dates(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int32(0)) { at, length in
            guard length == 4 else { return .malformed }
            let days = big32(at)
            // The two infinities are the ends of the range.
            if days == .max { return .value(.max) }
            if days == .min { return .value(-.max) }
            let (moved, isOverflow) = days.addingReportingOverflow(epochDays)
            return isOverflow || moved == .max ? .nearest(.max - 1) : .value(moved)
        }
        return DecodedColumn(.int32(values), nulls: nulls, unfit: unfit)
    }

    static func timestamps(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int64(0)) { at, length in
            guard length == 8 else { return .malformed }
            let microseconds = big64(at)
            if microseconds == .max { return .value(.max) }
            if microseconds == .min { return .value(-.max) }
            let (moved, isOverflow) = microseconds.addingReportingOverflow(epochMicroseconds)
            return isOverflow || moved == .max ? .nearest(.max - 1) : .value(moved)
        }
        return DecodedColumn(.int64(values), nulls: nulls, unfit: unfit)
    }

    static func times(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int64(0)) { at, length in
            guard length == 8 else { return .malformed }
            let microseconds = big64(at)
            return (0...dayMicroseconds).contains(microseconds) ? .value(microseconds) : .malformed
        }
        return DecodedColumn(.int64(values), nulls: nulls, unfit: unfit)
    }

    /// The zone comes as seconds west of UTC.
    static func zonedTimes(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int64(0)) { at, length in
            guard length == 12 else { return .malformed }
            let microseconds = big64(at)
            let west = big32(at + 8)
            guard (0...dayMicroseconds).contains(microseconds), (-farthestZone...farthestZone).contains(west) else {
                return .malformed
            }
            return .value(microseconds << 24 | Int64(farthestZone + west))
        }
        return DecodedColumn(.int64(values), nulls: nulls, unfit: unfit)
    }

    static func intervals(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let zero = Interval(months: 0, days: 0, microseconds: 0)
        let (values, nulls, unfit) = try span.checked(null: zero) { at, length in
            guard length == 16 else { return .malformed }
            let value = Interval(months: big32(at + 12), days: big32(at + 8), microseconds: big64(at))
            return isInfinite(value) ? .none : .value(value)
        }
        return DecodedColumn(.interval(values), nulls: nulls, unfit: unfit)
    }

    /// Since Postgres 17 all parts at their ends say infinity, to which no length is near.
    @inline(__always)
    static func isInfinite(_ value: Interval) -> Bool {
        (value.months == .max && value.days == .max && value.microseconds == .max)
            || (value.months == .min && value.days == .min && value.microseconds == .min)
    }
}
