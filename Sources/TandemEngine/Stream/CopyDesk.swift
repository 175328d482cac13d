import Synchronization
import TandemCore
import TandemRows

/// What a stream and the copies that are made beside it tell each other.
///
/// A copy of a table shows some of the changes behind the place where the
/// stream was when it began. From there on the source has to keep its log,
/// until the table has joined the stream.
final class CopyDesk: Sendable {
    /// A copy that is loaded, and waits to join the stream.
    struct Loaded: Sendable {
        var table: TablePlan
        var outcome: TableOutcome
        /// Where the stream was before the copy was begun: what was committed earlier is in it.
        var since: StreamState
        /// Whether it is in place already, as it was copied.
        var isPublished = false
    }

    private struct Setback {
        var count = 0
        var notBefore = ContinuousClock.now
        /// When it joined last, until which a further copy is no setback.
        var joined: ContinuousClock.Instant?
    }

    private struct State {
        var waiting: [TablePlan] = []
        var setbacks: [UInt32: Setback] = [:]
        /// What is being copied, and since when the log is kept for it.
        var current: (table: TablePlan, since: StreamState)?
        var isUnwanted = false
        var loaded: Loaded?
        /// How far the destination is.
        var reached: StreamState?
        /// A place that was reached and not confirmed, for the sake of a copy.
        var unconfirmed: Checkpoint?

        var kept: StreamState? { loaded?.since ?? current?.since }
    }

    private let state = Mutex(State())
    private let retries: RetryPolicy

    init(retries: RetryPolicy) { self.retries = retries }

    // MARK: For the stream

    /// Says which tables are to be copied, and how far the stream is, which goes on from there. A copy that nobody
    /// waits for any more is given up.
    ///
    /// - Returns: Whether one was loaded already, which is to be discarded.
    func expect(_ waiting: [TablePlan], at reached: StreamState) -> Bool {
        state.withLock { state in
            state.waiting = waiting
            state.reached = reached
            let ids = Set(waiting.map(\.schema.id))
            if let current = state.current {
                state.isUnwanted = current.since.id != reached.id || !ids.contains(current.table.schema.id)
            }
            guard let loaded = state.loaded, loaded.since.id != reached.id || !ids.contains(loaded.table.schema.id)
            else { return false }
            state.loaded = nil
            return true
        }
    }

    /// Waits until nothing is copied any more. To be called when nothing is waited for.
    func awaitIdle() async throws {
        while state.withLock({ $0.current != nil }) { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// From where on the source must keep its log. `nil` for where the stream begins.
    var keep: Checkpoint? { state.withLock { $0.kept?.checkpoint } }

    var loaded: Loaded? { state.withLock { $0.loaded } }

    /// Notes that the destination has come to a place, and calls `confirm` unless the log behind it is still needed.
    func reach(_ reached: StreamState, confirm: (Checkpoint) -> Void) {
        state.withLock { state in
            state.reached = reached
            if state.kept == nil { confirm(reached.checkpoint) } else { state.unconfirmed = reached.checkpoint }
        }
    }

    /// Calls `confirm` with a place that was not confirmed when it was reached, if it can be now.
    func confirmRest(_ confirm: (Checkpoint) -> Void) {
        state.withLock { state in
            guard state.kept == nil, let place = state.unconfirmed else { return }
            state.unconfirmed = nil
            confirm(place)
        }
    }

    /// Notes that the loaded copy is in place.
    func publish() { state.withLock { $0.loaded?.isPublished = true } }

    /// Notes that the loaded copy is kept up to date by the stream now.
    func join() {
        state.withLock { state in
            guard let loaded = state.loaded else { return }
            state.setbacks[loaded.table.schema.id, default: Setback()].joined = .now
            state.waiting.removeAll { $0.schema.id == loaded.table.schema.id }
            state.loaded = nil
        }
    }

    /// Notes that a table which had joined must be copied again: not at once, where that happens over and over.
    func recopy(_ table: UInt32) {
        state.withLock { state in
            guard let joined = state.setbacks[table]?.joined else { return }
            if joined.duration(to: .now) < retries.longestCopyPause {
                Self.delay(table, in: &state, retries)
            } else {
                state.setbacks[table] = nil
            }
        }
    }

    // MARK: For the copies

    /// The next table to be copied, and where the stream is. `nil` where there is none, or one has not joined yet.
    func begin() -> (table: TablePlan, since: StreamState)? {
        state.withLock { state in
            guard state.kept == nil, let reached = state.reached else { return nil }
            let now = ContinuousClock.now
            guard let table = state.waiting.first(where: { state.setbacks[$0.schema.id]?.notBefore ?? now <= now })
            else { return nil }
            state.isUnwanted = false
            state.current = (table, reached)
            return state.current
        }
    }

    /// Whether the copy that is under way is not wanted any more.
    var isUnwanted: Bool { state.withLock { $0.isUnwanted } }

    /// Hands over the copy that was begun.
    ///
    /// - Returns: Whether it is wanted still.
    func finish(_ outcome: TableOutcome) -> Bool {
        state.withLock { state in
            defer { state.current = nil }
            guard let current = state.current, !state.isUnwanted else { return false }
            state.loaded = Loaded(table: current.table, outcome: outcome, since: current.since)
            return true
        }
    }

    /// Gives up the copy that was begun or is loaded. The table is copied once more, after a pause.
    ///
    /// - Returns: How often that happened, and the pause.
    @discardableResult
    func fail() -> (count: Int, pause: Duration) {
        state.withLock { state in
            let table = (state.loaded?.table ?? state.current?.table)?.schema.id
            (state.current, state.loaded) = (nil, nil)
            guard let table else { return (0, .zero) }
            if state.isUnwanted { return (0, .zero) }
            return Self.delay(table, in: &state, retries)
        }
    }

    /// Has `tables`, which could not be copied, wait for a while.
    ///
    /// - Returns: How long, at least.
    func postpone(_ tables: [TablePlan]) -> Duration? {
        state.withLock { state in tables.map { Self.delay($0.schema.id, in: &state, retries).pause }.min() }
    }

    @discardableResult
    private static func delay(
        _ table: UInt32,
        in state: inout State,
        _ retries: RetryPolicy
    ) -> (count: Int, pause: Duration) {
        var setback = state.setbacks[table] ?? Setback()
        setback.count += 1
        let pause = retries.copyPause(after: setback.count)
        setback.notBefore = .now + pause
        setback.joined = nil
        state.setbacks[table] = setback
        return (setback.count, pause)
    }
}

extension RetryPolicy {
    /// The pause before a table is copied once more that has failed `count` times, ten times as long as for a source
    /// that failed in passing.
    func copyPause(after count: Int) -> Duration { min(longestCopyPause, firstPause * 10 * (1 << min(count - 1, 20))) }

    var longestCopyPause: Duration { longestPause * 20 }
}
