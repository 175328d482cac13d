import Foundation

/// Time as a run sees it: its pauses, how long things take, and what the clock on the wall says. A test has one of its
/// own, and with that runs that repeat.
package struct RunClock: Sendable {
    /// A moment of it, of use beside others of the same clock only.
    package struct Instant: Comparable, Sendable {
        private let sinceStart: Duration

        /// - Parameter sinceStart: Since a moment that is the same for all of one clock.
        package init(_ sinceStart: Duration) { self.sinceStart = sinceStart }

        package static func < (a: Self, b: Self) -> Bool { a.sinceStart < b.sinceStart }
        package static func - (a: Self, b: Self) -> Duration { a.sinceStart - b.sinceStart }
        package static func + (a: Self, b: Duration) -> Self { Self(a.sinceStart + b) }
        package static func - (a: Self, b: Duration) -> Self { Self(a.sinceStart - b) }
    }

    private let elapsed: @Sendable () -> Duration
    private let wall: @Sendable () -> Double
    private let pause: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - elapsed: Since a moment that stays the same; never less than before.
    ///   - wall: Seconds since 1970.
    ///   - pause: Returns once so much has elapsed, and throws `CancellationError` where its task is cancelled.
    package init(
        elapsed: @escaping @Sendable () -> Duration,
        wall: @escaping @Sendable () -> Double,
        pause: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.elapsed = elapsed
        self.wall = wall
        self.pause = pause
    }

    /// The machine's.
    package static let system: RunClock = {
        let start = ContinuousClock.now
        return RunClock(
            elapsed: { start.duration(to: .now) },
            wall: { Date().timeIntervalSince1970 },
            pause: { try await Task.sleep(for: $0) }
        )
    }()

    package var now: Instant { Instant(elapsed()) }
    /// Seconds since 1970.
    package var time: Double { wall() }
    /// How long it is since `moment`.
    package func duration(since moment: Instant) -> Duration { now - moment }
    package func sleep(for duration: Duration) async throws { try await pause(duration) }
}
