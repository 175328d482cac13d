import TandemRows

/// Dates and times as text, in the ISO style.
enum TextDateTimes {
    static func dates(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int32(0)) { at, length in
            var text = TextCursor(at, length: length)
            guard var date = Date(&text) else {
                return infinity(TextCursor(at, length: length)).map { .value($0 ? .max : -.max) } ?? .malformed
            }
            guard date.takeEra(&text), let days = Int32(exactly: date.days) else { return .malformed }
            return days == .max ? .nearest(.max - 1) : .value(days)
        }
        return DecodedColumn(.int32(values), nulls: nulls, unfit: unfit)
    }

    /// - Parameter isZoned: Each has the zone it is written in.
    @inline(__always)
    static func timestamps(_ span: CellSpan, isZoned: Bool) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int64(0)) { at, length in
            var text = TextCursor(at, length: length)
            guard var date = Date(&text) else {
                return infinity(TextCursor(at, length: length)).map { .value($0 ? .max : -.max) } ?? .malformed
            }
            guard text.take(UInt8(ascii: " ")), var clock = time(&text) else { return .malformed }
            if isZoned {
                guard let east = zone(&text) else { return .malformed }
                clock -= east * 1_000_000
            }
            guard date.takeEra(&text) else { return .malformed }
            let (midnight, isFar) = date.days.multipliedReportingOverflow(by: dayMicroseconds)
            let (moment, isFarther) = midnight.addingReportingOverflow(clock)
            guard isFar || isFarther || moment == .max else { return .value(moment) }
            return date.days > 0 ? .nearest(.max - 1) : .malformed
        }
        return DecodedColumn(.int64(values), nulls: nulls, unfit: unfit)
    }

    static func times(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int64(0)) { at, length in
            var text = TextCursor(at, length: length)
            guard let time = time(&text), text.isAtEnd else { return .malformed }
            return .value(time)
        }
        return DecodedColumn(.int64(values), nulls: nulls, unfit: unfit)
    }

    static func zonedTimes(_ span: CellSpan) throws(MalformedCell) -> DecodedColumn {
        let (values, nulls, unfit) = try span.checked(null: Int64(0)) { at, length in
            var text = TextCursor(at, length: length)
            guard let time = time(&text), let east = zone(&text), text.isAtEnd else { return .malformed }
            return .value(time << 24 | (farthestZone - east))
        }
        return DecodedColumn(.int64(values), nulls: nulls, unfit: unfit)
    }

    private static let dayMicroseconds: Int64 = 86_400_000_000
    /// The farthest a time zone is from UTC, in seconds.
    private static let farthestZone: Int64 = 57_599

    /// Whether an infinity is the one at the end of time; `nil` where there is none.
    @inline(never)
    private static func infinity(_ text: TextCursor) -> Bool? {
        var text = text
        if text.takeRest("infinity") { return true }
        return text.takeRest("-infinity") ? false : nil
    }

    /// Microseconds since midnight.
    @inline(__always)
    private static func time(_ text: inout TextCursor) -> Int64? {
        guard let pairs = text.pairs(.clock) else { return nil }
        let (hours, minutes, seconds) = (pairs & 0xFF, pairs >> 24 & 0xFF, pairs >> 48 & 0xFF)
        guard minutes < 60, seconds < 60, let fraction = fraction(&text) else { return nil }
        let time = Int64((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction
        return time <= dayMicroseconds ? time : nil
    }

    /// Microseconds of `MM:SS` and a fraction.
    static func minutes(_ text: inout TextCursor) -> Int64? {
        guard let minutes = text.pair(), text.take(UInt8(ascii: ":")), let seconds = text.pair() else { return nil }
        guard minutes < 60, seconds < 60, let fraction = fraction(&text) else { return nil }
        return (minutes * 60 + seconds) * 1_000_000 + fraction
    }

    /// Microseconds of a point and up to six digits, if they are ahead. `nil` for a point without digits.
    @inline(__always)
    private static func fraction(_ text: inout TextCursor) -> Int64? {
        guard text.take(UInt8(ascii: ".")) else { return 0 }
        let start = text.at
        guard var fraction = text.digits(upTo: 6) else { return nil }
        for _ in text.at - start..<6 { fraction *= 10 }
        return fraction
    }

    /// Seconds east of UTC.
    @inline(__always)
    private static func zone(_ text: inout TextCursor) -> Int64? {
        guard let sign = text.sign(), let hours = text.pair() else { return nil }
        var seconds = hours * 3600
        if text.take(UInt8(ascii: ":")) {
            guard let minutes = text.pair(), minutes < 60 else { return nil }
            seconds += minutes * 60
            if text.take(UInt8(ascii: ":")) {
                guard let rest = text.pair(), rest < 60 else { return nil }
                seconds += rest
            }
        }
        return seconds <= farthestZone ? sign * seconds : nil
    }
}

extension TextDateTimes {
    /// A day of the proleptic Gregorian calendar. Its era is written last, after a time if there is one.
    struct Date {
        private var year: Int64
        private let month: Int64
        private let day: Int64

        /// `nil` where no date is ahead, of which a part may then have been taken.
        @inline(__always)
        init?(_ text: inout TextCursor) {
            guard let pairs = text.pairs(.date) else {
                self.init(far: &text)
                return
            }
            guard let day = text.pair() else { return nil }
            self.init(
                year: Int64(pairs & 0xFF) * 100 + Int64(pairs >> 16 & 0xFF),
                month: Int64(pairs >> 40 & 0xFF),
                day
            )
        }

        /// In a year of more than four digits.
        @inline(never)
        private init?(far text: inout TextCursor) {
            let start = text.at
            guard let year = text.digits(upTo: 7), text.at - start > 4, text.take(UInt8(ascii: "-")),
                let month = text.pair(), text.take(UInt8(ascii: "-")), let day = text.pair()
            else { return nil }
            self.init(year: year, month: month, day)
        }

        @inline(__always)
        private init?(year: Int64, month: Int64, _ day: Int64) {
            guard year > 0, (1...12).contains(month), (1...31).contains(day) else { return nil }
            (self.year, self.month, self.day) = (year, month, day)
        }

        /// Takes what is left of the text.
        ///
        /// - Returns: Whether there was no more than an era, and such a day exists in it.
        @inline(__always)
        mutating func takeEra(_ text: inout TextCursor) -> Bool {
            if !text.isAtEnd {
                guard text.takeRest(" BC") else { return false }
                year = 1 - year
            }
            return day <= 28 || day <= length
        }

        /// Of the month, in days.
        private var length: Int64 {
            switch month {
            case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        }

        /// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`.
        @inline(__always)
        var days: Int64 {
            let shifted = month > 2 ? year : year - 1
            // Divisions round towards zero; so years before the first era are counted from its end.
            let era = (shifted >= 0 ? shifted : shifted - 399) / 400
            let yearOfEra = shifted - era * 400
            let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
            return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        }
    }
}
