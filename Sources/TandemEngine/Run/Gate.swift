import Synchronization

/// Lets one in at a time, in the order in which they came.
final class Gate: Sendable {
    private struct State {
        var isTaken = false
        var arrivals = 0
        /// Each ends once it is let in.
        var waiting: [(arrival: Int, entry: AsyncStream<Never>.Continuation)] = []
        /// Each ends once somebody waits.
        var watching: [Int: AsyncStream<Never>.Continuation] = [:]
    }

    private let state = Mutex(State())

    /// Whether nobody is inside, or waits to be.
    var isFree: Bool { state.withLock { !$0.isTaken } }
    /// Whether somebody waits.
    var isWanted: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// Returns once the caller alone is inside, where it stays until it leaves.
    func enter() async throws {
        let (entered, entry) = AsyncStream<Never>.makeStream()
        let arrival = state.withLock { state in
            state.arrivals += 1
            if state.isTaken {
                state.waiting.append((state.arrivals, entry))
                for watcher in state.watching.values { watcher.finish() }
                state.watching = [:]
            } else {
                state.isTaken = true
                entry.finish()
            }
            return state.arrivals
        }
        for await _ in entered {}
        guard Task.isCancelled else { return }
        let isOutside = state.withLock { state in
            let count = state.waiting.count
            state.waiting.removeAll { $0.arrival == arrival }
            return state.waiting.count < count
        }
        if !isOutside { leave() }
        throw CancellationError()
    }

    func leave() {
        state.withLock { state in
            if state.waiting.isEmpty { state.isTaken = false } else { state.waiting.removeFirst().entry.finish() }
        }
    }

    /// Calls `body` inside.
    func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    /// Returns once somebody waits.
    func awaitWant() async throws {
        let (wanted, want) = AsyncStream<Never>.makeStream()
        let number = state.withLock { state in
            state.arrivals += 1
            if state.waiting.isEmpty { state.watching[state.arrivals] = want } else { want.finish() }
            return state.arrivals
        }
        for await _ in wanted {}
        state.withLock { _ = $0.watching.removeValue(forKey: number) }
        try Task.checkCancellation()
    }
}
