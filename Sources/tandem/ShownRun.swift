import TandemCore
import TandemEngine
import TandemRows

/// A run of one sync, shown while it goes and summed up when it has ended.
struct ShownRun {
    var name: String { sync.name }
    private let sync: SyncConfiguration
    private let workspace: Workspace
    private let isRepaired: (@Sendable (TablePlan) -> Bool)?
    private let follows: Bool
    private let retries: RetryPolicy
    private let isQuiet: Bool
    private let printsSummary: Bool

    /// - Parameters:
    ///   - isRepaired: Which of the planned tables to copy whatever the state they are in; `nil` for a common run.
    ///   - follows: Whether to go on applying changes until interrupted.
    init(
        _ sync: SyncConfiguration,
        in workspace: Workspace,
        repairing isRepaired: (@Sendable (TablePlan) -> Bool)? = nil,
        follows: Bool = false,
        retries: RetryPolicy = RetryPolicy(),
        isQuiet: Bool,
        printsSummary: Bool = true
    ) {
        self.sync = sync
        self.workspace = workspace.quiet(isQuiet)
        self.isRepaired = isRepaired
        self.follows = follows
        self.retries = retries
        self.isQuiet = isQuiet
        self.printsSummary = printsSummary
    }

    /// - Throws: ``CommandOutcome`` where a table failed, and what stopped the run as a whole.
    func run() async throws {
        if let status = try await report().status { throw CommandOutcome(status: status) }
    }

    /// Runs, and tells what came of it. Only what keeps a run from starting, and an interruption, are thrown.
    func report() async throws -> RunJSON {
        let lock =
            isRepaired == nil
            ? try workspace.lock(sync.name, follows: follows) : try await workspace.turn(of: sync.name)
        defer { withExtendedLifetime(lock) {} }
        let display = ProgressDisplay(isQuiet: isQuiet)
        let run = SyncRun(
            sync,
            from: try workspace.source(sync.from),
            to: try workspace.destination(sync.to),
            readers: Processors.count,
            retries: retries,
            follows: follows,
            lock: lock,
            state: workspace.openState(),
            notify: { display.trouble("warning: " + $0) },
            observe: { display.handle($0) }
        )
        do {
            let result = try await run.closing { run in
                try await display.show { try await run.run(repairing: isRepaired) }
            }
            if isQuiet { RunSummary(result).showWarnings() } else if printsSummary { RunSummary(result).show() }
            return RunJSON(result)
        } catch {
            guard !(error is CancellationError), !(error is PlanProblems), let explained = error as? any ExplainedError
            else { throw error }
            Terminal.error(RemedyText.error(explained))
            return RunJSON(sync: sync.name, failure: explained)
        }
    }
}
