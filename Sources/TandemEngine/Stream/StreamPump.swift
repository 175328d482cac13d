import AsyncAlgorithms
import Synchronization
import TandemCore

/// Reads a stream while what was read before is applied, and answers the source however long that takes.
struct StreamPump {
    let stream: any ChangeStream
    let clock: RunClock
    /// Applies one batch, and returns once it is durable.
    let apply: (ChangeBatch) async throws -> Void
    /// Each returns once something else is to be done first.
    let watches: [@Sendable () async throws -> Void]

    /// Something else is to be done first.
    struct Stopped: Error {}

    init(
        stream: any ChangeStream,
        clock: RunClock,
        watches: [@Sendable () async throws -> Void] = [],
        apply: @escaping (ChangeBatch) async throws -> Void
    ) {
        self.stream = stream
        self.clock = clock
        self.watches = watches
        self.apply = apply
    }

    /// Runs until the stream ends.
    ///
    /// - Throws: ``Stopped`` where a watch has returned, between two transactions.
    func run() async throws {
        // The last is `nil`: the end of the stream, and not of somebody else who fails.
        let batches = AsyncChannel<ChangeBatch?>()
        let isWanted = Flag()
        let boundary = Boundary()
        let (stream, clock) = (stream, clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { batches.finish() }
                while let batch = try await stream.next(isWanted: { isWanted.value }) {
                    isWanted.value = false
                    await batches.send(batch)
                    try Task.checkCancellation()
                }
                await batches.send(nil)
            }
            group.addTask {
                // Ends by being cancelled. Whichever fails, the batches end with it, and so does the loop below.
                defer { batches.finish() }
                while true {
                    try await clock.pause(.betweenAnswers)
                    try await stream.keepAlive()
                }
            }
            for watch in watches {
                group.addTask {
                    do {
                        try await watch()
                        // Else it is seen at the next boundary.
                        guard boundary.stop() else { return }
                        throw Stopped()
                    } catch {
                        batches.finish()
                        throw error
                    }
                }
            }
            defer { group.cancelAll() }
            isWanted.value = true
            for await batch in batches {
                guard let batch else { return }
                guard boundary.leave() else { throw Stopped() }
                try await apply(batch)
                isWanted.value = true
                if boundary.arrive(isWhole: batch.state != nil) { throw Stopped() }
            }
            // Whoever ended the channel before the stream did fails with it, and what was on its way is not applied.
            group.cancelAll()
            var cancellation: (any Error)?
            while let result = await group.nextResult() {
                guard case .failure(let error) = result else { continue }
                if !(error is CancellationError) { throw error }
                cancellation = error
            }
            throw cancellation ?? CancellationError()
        }
    }

    /// Whether the destination waits for more.
    private final class Flag: Sendable {
        private let flag = Atomic(false)

        var value: Bool {
            get { flag.load(ordering: .relaxed) }
            set { flag.store(newValue, ordering: .relaxed) }
        }
    }

    /// Whether the destination is between two transactions.
    private final class Boundary: Sendable {
        private let state = Mutex((isBetween: true, isStopWanted: false))

        /// - Returns: Whether to go on.
        func leave() -> Bool {
            state.withLock { state in
                if state.isBetween, state.isStopWanted { return false }
                state.isBetween = false
                return true
            }
        }

        /// - Returns: Whether to stop here.
        func arrive(isWhole: Bool) -> Bool {
            state.withLock { state in
                state.isBetween = isWhole
                return isWhole && state.isStopWanted
            }
        }

        /// Stops at the next boundary.
        ///
        /// - Returns: Whether that is now.
        func stop() -> Bool {
            state.withLock { state in
                state.isStopWanted = true
                return state.isBetween
            }
        }
    }
}
