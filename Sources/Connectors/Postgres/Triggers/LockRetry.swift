/// Tries again what needs a table that somebody writes to. Whoever wants to write meanwhile waits behind it, so an
/// attempt is short, and pauses let others pass.
struct LockRetry {
    private let session: Session
    private let notify: @Sendable (String) -> Void
    private let limit: Duration

    /// How long one attempt waits for its locks: less than any application's `lock_timeout` should be.
    static let attempt = 200
    /// The milliseconds after the first attempt, which double, and at most.
    private static let pauses = 100...2000

    /// - Parameter limit: When nothing more is tried.
    init(_ session: Session, limit: Duration = .seconds(30), _ notify: @escaping @Sendable (String) -> Void) {
        self.session = session
        self.limit = limit
        self.notify = notify
    }

    /// What ends an attempt, to be set in its transaction.
    ///
    /// - Parameter locks: On how many tables it takes one, each of which may be waited for.
    static func timeout(locks: Int = 1) -> String {
        "SET LOCAL lock_timeout = '\(attempt / min(max(locks, 1), 20))ms'"
    }

    /// - Throws: What `body` throws; `PostgresError.lockTimeout` after the last attempt.
    func run<Value>(_ body: () throws -> Value) throws -> Value {
        let start = ContinuousClock.now
        var (pause, hasTold) = (Self.pauses.lowerBound, false)
        while true {
            do { return try body() } catch PostgresError.lockTimeout(_, let message)
                where start.duration(to: .now) < limit
            {
                if !hasTold, start.duration(to: .now) > .seconds(2) {
                    notify("waiting until nobody writes to a table whose triggers change: \(message)")
                    hasTold = true
                }
                try session.interruption.pause(milliseconds: pause)
                pause = min(pause * 2, Self.pauses.upperBound)
            }
        }
    }
}
