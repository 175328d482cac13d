import Foundation
public import Testing

/// Runs tests on threads that may wait.
///
/// Tests wait for programs and servers, and these may wait for what another test does: a slot is made once all
/// transactions have ended. Were they to wait on the few threads that all tasks share, nothing could end. Which of them
/// run is noted in the file that `TANDEM_RUNNING` names, for `scripts/test` to tell where a run hangs.
public struct BlockingTests: TestTrait, SuiteTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        RunningTests.note("begun", test)
        let start = ContinuousClock.now
        defer { RunningTests.note("ended", test, after: start.duration(to: .now)) }
        try await withTaskExecutorPreference(Threads.shared) { try await function() }
    }
}

extension Trait where Self == BlockingTests {
    /// Each test and what it calls may block.
    public static var blocking: Self { Self() }
}

/// The file that `TANDEM_RUNNING` names: a line for each test, or case of one, that begins or ends, with how many
/// milliseconds it took.
private enum RunningTests {
    private static let file = ProcessInfo.processInfo.environment["TANDEM_RUNNING"]
        .map { open($0, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600) }

    static func note(_ what: String, _ test: Test, after duration: Duration = .zero) {
        guard let file else { return }
        let name = test.name.prefix { $0 != "(" }
        let line = Array("\(what) \(test.sourceLocation.fileName) \(name) \(duration / .milliseconds(1))\n".utf8)
        _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }
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
