/// When `tandem serve` runs a sync.
package enum Schedule: Hashable, Sendable {
    case every(seconds: Int)
    case cron(CronLine)
    /// Changes are followed as they happen.
    case continuous

    /// Why a text is no schedule, in words that follow the setting's name.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// - Parameter text: `every 30m`, a cron line of five fields, or `continuous`.
    init(_ text: String) throws(Failure) {
        let words = text.split(whereSeparator: \.isWhitespace)
        switch words.count {
        case 1 where words[0] == "continuous": self = .continuous
        case 2 where words[0] == "every": self = .every(seconds: try Self.interval(words[1]))
        case 5: self = .cron(try CronLine(words.map(String.init)))
        default:
            throw Failure(
                description:
                    "must be `every 1h` (s, m, h or d), a cron line of five fields, or `continuous`, not \"\(text)\""
            )
        }
    }

    private static func interval(_ text: Substring) throws(Failure) -> Int {
        if let seconds = seconds(text) { return seconds }
        throw Failure(description: "must say how often as 30s, 15m, 1h or 2d, at most 365d, not \"\(text)\"")
    }

    /// What `30s`, `15m`, `1h` or `2d` come to, from a second to 365 days; `nil` for everything else.
    package static func seconds(_ text: Substring) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
            (1...31_536_000 / unit).contains(count)
        else { return nil }
        return count * unit
    }
}
