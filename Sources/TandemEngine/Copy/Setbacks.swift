import TandemCore
import TandemRows

/// Tables that failed in passing, each by itself: they are tried again once all others are done.
struct Setbacks {
    let retries: RetryPolicy
    /// How often each has failed, by its target.
    private var counts: [TableName: Int] = [:]
    private var postponed: [(table: TablePlan, error: any ExplainedError)] = []

    init(retries: RetryPolicy) { self.retries = retries }

    /// - Returns: Whether it is to be tried again; `false` where that is of no use, or has been done often enough.
    mutating func postpone(_ table: TablePlan, after error: any Error) -> Bool {
        guard let error = error as? any ExplainedError, error.isTransient else { return false }
        let count = counts[table.target, default: 0] + 1
        guard retries.pause(ofTableBefore: count) != nil else { return false }
        counts[table.target] = count
        postponed.append((table, error))
        return true
    }

    /// Waits until it is time for what is postponed.
    ///
    /// - Returns: Whether anything is.
    func wait(_ context: RunContext) async throws -> Bool {
        let pauses = postponed.compactMap { retries.pause(ofTableBefore: counts[$0.table.target, default: 1]) }
        guard let pause = pauses.max() else { return false }
        for (table, error) in postponed { await context.observe(.tablePostponed(table, error, pause: pause)) }
        try await context.clock.backOff(pause)
        return true
    }

    mutating func takePostponed() -> [TablePlan] {
        defer { postponed = [] }
        return postponed.map(\.table)
    }
}
