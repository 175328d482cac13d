import Foundation
public import Testing

/// Runs tests on threads that may wait.
///
/// Tests wait for programs and servers, and these may wait for what another test does: a slot is made once all
/// transactions have ended. Were they to wait on the few threads that all tasks share, nothing could end.
public struct BlockingTests: TestTrait, SuiteTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Threads.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTests {
    /// Each test and what it calls may block.
    public static var blocking: Self { Self() }
}

/// A thread for each job that is not done, used again when it is.
private final class Threads: TaskExecutor, @unchecked Sendable {
    static let shared = Threads()
    /// Guards what follows.
    private let condition = NSCondition()
    private var jobs = [UnownedJob]()
    private var waitingCount = 0

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            if jobs.count > waitingCount { Thread.detachNewThread { self.work() } } else { condition.signal() }
        }
    }

    private func work() {
        while true {
            let job = condition.withLock {
                waitingCount += 1
                while jobs.isEmpty { condition.wait() }
                waitingCount -= 1
                return jobs.removeFirst()
            }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
