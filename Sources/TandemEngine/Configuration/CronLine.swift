/// A cron line of five fields: minute, hour, day of the month, month, day of the week.
package struct CronLine: Hashable, Sendable {
    package var minutes: Set<Int>
    package var hours: Set<Int>
    package var days: Set<Int>
    package var months: Set<Int>
    /// 0 is Sunday.
    package var weekdays: Set<Int>
    /// Whether a date has to be among `days` and among `weekdays`. Where both fields are given, either suffices, as
    /// every cron has it.
    package var needsBothDays: Bool
}
