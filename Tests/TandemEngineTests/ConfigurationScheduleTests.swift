import TandemEngine
import Testing

struct ConfigurationScheduleTests {
    private func schedule(_ text: String) throws -> Schedule? {
        try Sample.load(
            """
            connections: {a: {type: postgres}, b: {type: postgres}}
            syncs: {s: {from: a, to: b, schedule: "\(text)"}}
            """
        ).sync("s")?.schedule
    }

    @Test(arguments: [
        ("every 10s", 10), ("every 30m", 1800), (" every  1h", 3600), ("every 2d", 172_800), ("every 365d", 31_536_000),
    ])
    func intervals(text: String, seconds: Int) throws {
        #expect(try schedule(text) == .every(seconds: seconds))
    }

    @Test func continuous() throws { #expect(try schedule("continuous") == .continuous) }

    @Test func cronLines() throws {
        guard case .cron(let line)? = try schedule("*/20 1-3,22 1 jan-mar,DEC mon") else {
            Issue.record("no cron line")
            return
        }
        #expect(line.minutes == [0, 20, 40] && line.hours == [1, 2, 3, 22] && line.days == [1])
        #expect(line.months == [1, 2, 3, 12] && line.weekdays == [1] && !line.needsBothDays)
        guard case .cron(let sundays)? = try schedule("5/25 0 * * 5-7") else {
            Issue.record("no cron line")
            return
        }
        #expect(sundays.minutes == [5, 30, 55] && sundays.weekdays == [5, 6, 0] && sundays.needsBothDays)
    }

    @Test(arguments: [
        "every", "every 0s", "every -1h", "every 1", "every 1.5h", "every 9999999999999999999d", "every 366d",
        "* * * *",
        "60 * * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "1,,2 * * * *", "a * * * *",
        "1/2/3 * * * *", "1-2-3 * * * *", "+5 * * * *", "* * * foo *", "daily",
    ]) func refused(text: String) {
        #expect(throws: ConfigurationProblems.self) { try schedule(text) }
    }
}
