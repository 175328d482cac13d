import Foundation
import Synchronization
import TandemCore
import TandemTesting

/// Runs tasks on one thread, one job at a time, and picks the next job by a seed.
///
/// Nothing of a task that runs here, and of its children, runs anywhere else. Time is ``clock``'s, and passes only when
/// no job is left: whoever is to wake first goes on then. So the same seed gives the same order.
final class SeededExecutor: TaskExecutor {
    /// Nobody can go on: each waits for another, or for something outside.
    struct Stuck: Error {}
    /// A job came from another thread, so that its place in the order is by chance.
    struct Strayed: Error {}

    private struct State {
        var generator: SeededGenerator
        var jobs: [UnownedJob] = []
        var sleepers: [Sleeper] = []
        var slept = 0
        var time = Duration.zero
        var thread: pthread_t?
        var hasStrayed = false
        /// Of each pick, of how many it was and which.
        var picks: [UInt32] = []
    }

    private struct Sleeper {
        var number: Int
        var until: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }

    private let state: Mutex<State>

    init(seed: UInt64) { state = Mutex(State(generator: SeededGenerator(seed: seed))) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { state in
            state.jobs.append(job)
            if let thread = state.thread, pthread_equal(thread, pthread_self()) == 0 { state.hasStrayed = true }
        }
    }

    /// Which jobs were picked, each out of how many.
    var picks: [UInt32] { state.withLock { $0.picks } }

    /// Runs `body` to its end on this thread.
    ///
    /// - Throws: What `body` throws, ``Stuck``, and ``Strayed``.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        state.withLock { $0.thread = pthread_self() }
        let end = End<Value>()
        let task = Task(executorPreference: self) {
            do { end.note(.success(try await body())) } catch { end.note(.failure(error)) }
        }
        work()
        let isStuck = end.result == nil
        if isStuck {
            task.cancel()
            work()
        }
        if state.withLock({ $0.hasStrayed }) { throw Strayed() }
        guard !isStuck, let result = end.result else { throw Stuck() }
        return try result.get()
    }

    private func work() {
        while true {
            while let job = nextJob() { job.runSynchronously(on: asUnownedTaskExecutor()) }
            guard let sleeper = nextSleeper() else { return }
            sleeper.continuation.resume()
        }
    }

    private func nextJob() -> UnownedJob? {
        state.withLock { state in
            guard !state.jobs.isEmpty else { return nil }
            let index = Int.random(in: 0..<state.jobs.count, using: &state.generator)
            state.picks.append(UInt32(state.jobs.count) << 16 | UInt32(index))
            return state.jobs.remove(at: index)
        }
    }

    /// Lets time pass until somebody is to go on.
    private func nextSleeper() -> Sleeper? {
        state.withLock { state in
            guard let next = state.sleepers.indices.min(by: { state.sleepers[$0].until < state.sleepers[$1].until })
            else { return nil }
            let sleeper = state.sleepers.remove(at: next)
            state.time = max(state.time, sleeper.until)
            return sleeper
        }
    }

    // MARK: Time

    var clock: RunClock {
        RunClock(
            elapsed: { [self] in state.withLock { $0.time } },
            wall: { [self] in 1_000_000_000 + state.withLock { $0.time } / .seconds(1) },
            pause: { [self] in try await sleep(for: $0) }
        )
    }

    private func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.slept += 1
            return state.slept
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { state in
                    let until = state.time + duration
                    state.sleepers.append(Sleeper(number: number, until: until, continuation: continuation))
                }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.number == number }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    private final class End<Value: Sendable>: Sendable {
        private let state = Mutex<Result<Value, any Error>?>(nil)
        var result: Result<Value, any Error>? { state.withLock { $0 } }
        func note(_ result: Result<Value, any Error>) { state.withLock { $0 = result } }
    }
}
