import TandemCore

/// What a run waits for by the clock, beside back-offs. Anything else that it waits for says when it comes.
enum Pause {
    /// A source hangs up on who is silent for a minute or so.
    case betweenAnswers
    /// A catalog tells nobody that it changes.
    case betweenLooksAtTheCatalog
    /// A lock file that another process wants tells nobody either.
    case betweenLooksAtTheLock
    /// Streams that take turns leave the destination to its readers.
    case betweenTurns

    fileprivate var duration: Duration {
        switch self {
        case .betweenAnswers: .seconds(5)
        case .betweenLooksAtTheCatalog: .seconds(30)
        case .betweenLooksAtTheLock: .milliseconds(50)
        case .betweenTurns: .milliseconds(200)
        }
    }
}

extension RunClock {
    func pause(_ pause: Pause) async throws { try await sleep(for: pause.duration) }

    /// Waits before something that failed is tried again.
    func backOff(_ duration: Duration) async throws { try await sleep(for: duration) }

    /// The same, until a moment.
    func backOff(until time: Instant) async throws { try await sleep(for: max(.zero, time - now)) }
}
