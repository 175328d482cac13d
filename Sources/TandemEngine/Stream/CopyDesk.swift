import Synchronization
import TandemCore
import TandemRows

/// What a stream and the copies that are made beside it tell each other.
///
/// A copy of a table shows some of the changes behind the place where the
/// stream was when it began. From there on the stream holds what changes in
/// the table, if it can, and the source has to keep its log, until the table
/// has joined the stream.
final class CopyDesk: Sendable {
    /// A copy that is loaded, and waits to join the stream.
    struct Loaded: Sendable {
        var table: TablePlan
        var outcome: TableOutcome
        /// Where the stream was before the copy was begun: what was committed earlier is in it.
        var since: StreamState
        /// A place behind all that it shows, where that is known.
        var end: Checkpoint?
        /// Whether it is in place already, as it was copied.
        var isPublished = false
    }

    /// What a stream is to do.
    enum Step {
        /// Hold what changes in a table that is about to be copied.
        case hold(TablePlan)
        /// Let a table that is copied join.
        case join(Loaded, after: Checkpoint)
        /// End, so that what has changed in a table that is copied can be read.
        case stop
    }

    private struct Setback {
        var count = 0
        var notBefore = ContinuousClock.now
        /// When it joined last, until which a further copy is no setback.
        var joined: ContinuousClock.Instant?
    }

    private struct State {
        var waiting: [TablePlan] = []
        var setbacks: [TableID: Setback] = [:]
        /// What the stream was asked to hold. Its copy begins once that has answered.
        var asked: TablePlan?
        /// What is being copied, and since when the log is kept for it.
        var current: (table: TablePlan, since: StreamState)?
        var hasBegun = false
        var isUnwanted = false
        var loaded: Loaded?
        /// Whether the stream holds what has changed since in what is being copied, or is loaded.
        var isHeld = false
        /// Whether it has been asked to let that join.
        var isJoining = false
        /// What has been told of tables that cannot be followed or copied.
        var told: [TableName: String] = [:]
        /// What tables were to get last, see ``isNews(_:)``.
        var columns: [TableID: [ColumnID: String]] = [:]
        /// How far the destination is.
        var reached: StreamState?
        /// A place that was reached and not confirmed, for the sake of a copy.
        var unconfirmed: Checkpoint?

        var kept: StreamState? { loaded?.since ?? current?.since }
    }

    private let state = Mutex(State())
    private let retries: RetryPolicy

    init(retries: RetryPolicy) { self.retries = retries }

    /// Whether that is not known of `table` yet. Notes that it is now.
    func isNews(_ failure: TableFailure, of table: TableName) -> Bool {
        state.withLock { $0.told.updateValue(failure.message, forKey: table) != failure.message }
    }

    /// Whether tables are to get other columns, by number, than the last time. Notes that they have been.
    func isNews(_ columns: [TableID: [ColumnID: String]]) -> Bool {
        state.withLock { state in
            defer { state.columns = columns }
            return !columns.isEmpty && state.columns != columns
        }
    }

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

    /// Whether nothing is being copied, held or loaded, so that the destination may be left to others for a while.
    var isIdle: Bool { state.withLock { $0.current == nil && $0.loaded == nil && $0.asked == nil } }

    /// Notes that a stream begins: what another one held is gone.
    func open() {
        state.withLock { state in
            state.asked = nil
            (state.isHeld, state.isJoining) = (false, false)
            if !state.hasBegun { state.current = nil }
        }
    }

    /// What the stream is to do now, if anything. Each table is asked for once.
    func nextStep() -> Step? {
        state.withLock { state in
            if let loaded = state.loaded {
                guard state.isHeld, let end = loaded.end else { return .stop }
                guard !state.isJoining else { return nil }
                state.isJoining = true
                return .join(loaded, after: end)
            }
            guard state.kept == nil, state.asked == nil, state.reached != nil else { return nil }
            let now = ContinuousClock.now
            let table = state.waiting.first { state.setbacks[$0.schema.id]?.notBefore ?? now <= now }
            state.asked = table
            return table.map { .hold($0) }
        }
    }

    /// Notes what the stream says of a table that it was asked to hold, at a place that is reached.
    func note(_ holding: Holding, of table: TableID, at reached: StreamState) {
        state.withLock { state in
            if state.asked?.schema.id == table { Self.begin(at: reached, isHeld: holding == .begun, &state) }
            guard case .lost = holding, (state.loaded?.table ?? state.current?.table)?.schema.id == table else {
                return
            }
            state.isHeld = false
        }
    }

    /// Notes that the stream cannot hold the table that it was asked to: what changes will be read from where it is.
    func beginWithoutHolding() {
        state.withLock { state in
            guard let reached = state.reached else { return }
            Self.begin(at: reached, isHeld: false, &state)
        }
    }

    private static func begin(at reached: StreamState, isHeld: Bool, _ state: inout State) {
        guard let table = state.asked.take() else { return }
        state.current = (table, reached)
        (state.hasBegun, state.isUnwanted) = (false, false)
        (state.isHeld, state.isJoining) = (isHeld, false)
    }

    /// Whether the stream holds what changes in a table.
    var isHeld: Bool { state.withLock { $0.isHeld && $0.kept != nil } }

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

    /// Puts the loaded copy in place, as `copy`.
    func publish(
        _ loaded: Loaded,
        as copy: CopiedTable,
        at destination: any Destination,
        of sync: String
    ) async throws {
        let retired = [loaded.table.retires].compactMap(\.self).filter { $0 != copy.target }
        try await destination.publish([copy], retiring: retired, of: sync)
        state.withLock { $0.loaded?.isPublished = true }
    }

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
    func recopy(_ table: TableID) {
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
            guard !state.hasBegun, state.loaded == nil, let current = state.current else { return nil }
            state.hasBegun = true
            return current
        }
    }

    /// Whether the copy that is under way is not wanted any more.
    var isUnwanted: Bool { state.withLock { $0.isUnwanted } }

    /// Hands over the copy that was begun.
    ///
    /// - Parameter end: A place behind all that it shows, where that is known.
    /// - Returns: Whether it is wanted still.
    func finish(_ outcome: TableOutcome, end: Checkpoint?) -> Bool {
        state.withLock { state in
            defer { (state.current, state.hasBegun) = (nil, false) }
            guard let current = state.current, !state.isUnwanted else { return false }
            state.loaded = Loaded(table: current.table, outcome: outcome, since: current.since, end: end)
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
            (state.current, state.loaded, state.hasBegun) = (nil, nil, false)
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
        _ table: TableID,
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
