package import TandemCore
package import TandemEngine
import TandemState

/// How a sync is run.
package struct RunOptions: Sendable {
    /// Whether to go on applying changes until the task is cancelled.
    package var follows = false
    /// How often an end that fails in passing is tried again.
    package var retries = RetryPolicy()
    /// Which of the planned tables to copy whatever the state they are in, and no others; `nil` for a common run.
    package var isRepaired: (@Sendable (TablePlan) -> Bool)?

    package init(
        follows: Bool = false,
        retries: RetryPolicy = RetryPolicy(),
        repairing isRepaired: (@Sendable (TablePlan) -> Bool)? = nil
    ) {
        self.follows = follows
        self.retries = retries
        self.isRepaired = isRepaired
    }
}

/// How a run came to its end.
package enum RunEnding: Sendable {
    /// Tables may have failed, each by itself.
    case ended(SyncRun.Result)
    /// What stopped the run as a whole; the destination is as it was before.
    case failed(sync: String, any ExplainedError)

    package var report: RunReport {
        switch self {
        case .ended(let result): RunReport(result)
        case .failed(let sync, let error): RunReport(sync: sync, failure: error)
        }
    }
}

extension Workspace {
    /// Brings a sync up to date; or keeps it so until the task is cancelled.
    ///
    /// No other run of the sync begins meanwhile, in this process or another; what repairs waits for one that follows
    /// to give way. What comes of it is written to the history as it goes.
    ///
    /// - Parameter observe: Called with what happens, in order.
    /// - Throws: What keeps the run from starting, with nothing touched (`PlanProblems`, ``UsageError``, a
    ///   `StateError` where it runs already), and `CancellationError`.
    package func run(
        _ sync: SyncConfiguration,
        as options: RunOptions = RunOptions(),
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws -> RunEnding {
        let lock =
            options.isRepaired == nil
            ? try lock(sync.name, follows: options.follows) : try await turn(of: sync.name)
        defer { withExtendedLifetime(lock) {} }
        let run = SyncRun(
            RunContext(
                sync,
                from: try source(sync.from),
                to: try destination(sync.to),
                readers: Processors.count,
                retries: options.retries,
                follows: options.follows,
                clock: clock,
                observe: observe
            ),
            lock: lock,
            state: openState(),
            notify: { [notify] in notify(.historyEnds($0)) }
        )
        do {
            return .ended(try await run.closing { try await $0.run(repairing: options.isRepaired) })
        } catch {
            guard !(error is CancellationError), !(error is PlanProblems), let explained = error as? any ExplainedError
            else { throw error }
            return .failed(sync: sync.name, explained)
        }
    }
}
