import Dispatch
import TandemTesting
import Testing

/// What ``TandemTesting/BlockingTests`` promises.
@Suite(.blocking) struct BlockingTraitTests {
    @Test func tasksGoOnWhileTestsWait() async {
        await withTaskGroup { group in
            for _ in 0..<20 { group.addTask { waitForATask() } }
            for await hasCome in group { #expect(hasCome) }
        }
    }
}

/// Waits for what only a task of the shared threads does.
private func waitForATask() -> Bool {
    let semaphore = DispatchSemaphore(value: 0)
    Task { semaphore.signal() }
    return semaphore.wait(timeout: .now() + 60) == .success
}
