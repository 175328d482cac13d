/// How often a source that fails in passing is asked again, and after what pauses.
package struct RetryPolicy: Sendable {
    /// Attempts in a row without a single table done in between.
    package var limit: Int
    package var firstPause: Duration
    package var longestPause: Duration

    package init(limit: Int = 6, firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(30)) {
        self.limit = limit
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// The pause before attempt `attempt`, counted from one, each twice as long as the one before; `nil` for no more.
    func pause(before attempt: Int) -> Duration? {
        guard attempt <= limit else { return nil }
        return min(longestPause, firstPause * (1 << min(attempt - 1, 20)))
    }

    /// The pause before one table that fails in passing is tried again for the `attempt`th time; `nil` for no more in
    /// this run. Fewer times than a source that is away: nobody knows that it will pass, and others wait to be put in
    /// place with it.
    func pause(ofTableBefore attempt: Int) -> Duration? {
        attempt <= min(limit, 3) ? pause(before: attempt) : nil
    }
}
