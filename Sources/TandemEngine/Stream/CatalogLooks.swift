import Synchronization
import TandemCore

/// What looks at a source's catalog have found, for all who wait for something in it.
final class CatalogLooks: Sendable {
    typealias Look = Result<SyncPlan, any Error>

    private struct State {
        var count = 0
        var listeners: [Int: AsyncStream<Look>.Continuation] = [:]
    }

    private let state = Mutex(State())

    /// Looks every now and then. Ends by being cancelled only.
    func run(_ clock: RunClock, _ look: () async throws -> SyncPlan) async throws -> Never {
        while true {
            try await clock.pause(.betweenLooksAtTheCatalog)
            let found: Look
            do { found = .success(try await look()) } catch {
                try Task.checkCancellation()
                found = .failure(error)
            }
            let listeners = state.withLock { $0.listeners.sorted { $0.key < $1.key } }
            for (_, listener) in listeners { listener.yield(found) }
        }
    }

    /// What is found from now on; of several at once only the last.
    func listen() -> AsyncStream<Look> {
        let (looks, listener) = AsyncStream.makeStream(of: Look.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.count += 1
            state.listeners[state.count] = listener
            return state.count
        }
        listener.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return looks
    }
}
