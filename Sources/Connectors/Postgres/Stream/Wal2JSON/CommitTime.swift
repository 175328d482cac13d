/// When a transaction was committed, as the server writes a `timestamptz`: `2026-11-21 09:14:43.996568+00`.
enum CommitTime {
    /// Seconds since 1970, or `nil` for what is no such text.
    static func seconds(_ text: some StringProtocol) -> Double? {
        let parts = text.split(separator: " ")
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-").map { Int($0) }
        guard date.count == 3, let year = date[0], let month = date[1], let day = date[2],
            (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            let sign = parts[1].lastIndex(where: { $0 == "+" || $0 == "-" })
        else { return nil }
        let clock = parts[1][..<sign].split(separator: ":")
        let zone = parts[1][sign...].dropFirst().split(separator: ":").map { Double($0) }
        guard clock.count == 3, let hours = Double(clock[0]), let minutes = Double(clock[1]),
            let seconds = Double(clock[2]), !zone.isEmpty, zone.allSatisfy({ $0 != nil })
        else { return nil }
        var offset = 0.0
        for (index, part) in zone.compactMap(\.self).prefix(3).enumerated() { offset += part * [3600, 60, 1][index] }
        let east = parts[1][sign] == "-" ? -offset : offset
        return Double(days(year, month, day)) * 86_400 + hours * 3600 + minutes * 60 + seconds - east
    }

    /// Days since 1970, by Howard Hinnant's `days_from_civil`.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.quotientAndRemainder(dividingBy: 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
