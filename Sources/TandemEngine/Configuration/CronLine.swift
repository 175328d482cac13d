/// A cron line of five fields: minute, hour, day of the month, month, day of the week.
package struct CronLine: Hashable, Sendable {
    package var minutes: Set<Int>
    package var hours: Set<Int>
    package var days: Set<Int>
    package var months: Set<Int>
    /// 0 is Sunday.
    package var weekdays: Set<Int>
    /// Whether a date must be among `days` and among `weekdays`. Where a line restricts both, either suffices, as
    /// every cron has it.
    package var needsBothDays: Bool

    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// - Parameter fields: Five.
    init(_ fields: [String]) throws(Schedule.Failure) {
        minutes = try Self.values(fields[0], "minute", 0...59)
        hours = try Self.values(fields[1], "hour", 0...23)
        days = try Self.values(fields[2], "day of the month", 1...31)
        months = try Self.values(fields[3], "month", 1...12, names: Self.monthNames)
        let weekdays = try Self.values(fields[4], "day of the week", 0...7, names: Self.dayNames)
        self.weekdays = Set(weekdays.map { $0 % 7 })
        needsBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
    }

    private static func values(
        _ field: String,
        _ what: String,
        _ range: ClosedRange<Int>,
        names: [String] = []
    ) throws(Schedule.Failure) -> Set<Int> {
        func number(_ text: Substring) -> Int? {
            if let index = names.firstIndex(of: text.lowercased()) { return index + range.lowerBound }
            guard text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { return nil }
            return Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
        var values: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            let ends = pieces[0].split(separator: "-", omittingEmptySubsequences: false)
            let first = pieces[0] == "*" ? range.lowerBound : number(ends[0])
            // `5/10` means from 5 on.
            let last =
                pieces[0] == "*" || (ends.count == 1 && pieces.count == 2)
                ? range.upperBound : number(ends[ends.count - 1])
            let step = pieces.count == 1 ? 1 : Int(pieces[1])
            guard pieces.count <= 2, ends.count <= 2, let first, let last, let step, step > 0, first <= last else {
                throw Schedule.Failure(
                    description:
                        "has \"\(part)\" as the \(what), which must be \(range.lowerBound) to \(range.upperBound), "
                        + "as in *, 5, 1-5, */10 or 1,15"
                )
            }
            values.formUnion(stride(from: first, through: last, by: step))
        }
        return values
    }
}
