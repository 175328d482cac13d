/// When `tandem serve` runs a sync.
package enum Schedule: Hashable, Sendable {
    case every(seconds: Int)
    case cron(CronLine)
    /// Changes are followed as they happen.
    case continuous
}
