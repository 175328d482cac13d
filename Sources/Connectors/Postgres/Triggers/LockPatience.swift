/// Tries again what needs a table that somebody writes to, with pauses that let others pass.
struct LockPatience {
    private let session: Session
    private let notify: @Sendable (String) -> Void

    /// Attempts, and the milliseconds after the first, which double.
    private static let attempts = 6
    private static let pause = 500

    init(_ session: Session, _ notify: @escaping @Sendable (String) -> Void) {
        self.session = session
        self.notify = notify
    }

    /// - Throws: What `body` throws; `PostgresError.lockTimeout` after the last attempt.
    func run<Value>(_ body: () throws -> Value) throws -> Value {
        var (attempt, pause) = (1, Self.pause)
        while true {
            do { return try body() } catch PostgresError.lockTimeout(_, let message) where attempt < Self.attempts {
                if attempt == 2 { notify("waiting until nobody writes to a table whose triggers change: \(message)") }
                try session.interruption.pause(milliseconds: pause)
                (attempt, pause) = (attempt + 1, pause * 2)
            }
        }
    }
}
