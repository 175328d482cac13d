import TandemApp
import TandemEngine

/// A run of one sync, shown while it goes and summed up when it has ended.
struct ShownRun {
    let sync: SyncConfiguration
    let workspace: Workspace
    var options = RunOptions()
    /// Whether only what went wrong is told.
    let isQuiet: Bool
    var printsSummary = true

    /// - Throws: ``CommandOutcome`` where a table failed, and what stopped the run as a whole.
    func run() async throws {
        if try await report().isFailed { throw CommandOutcome(status: .failed) }
    }

    /// Runs, and tells what came of it. Only what keeps a run from starting, and an interruption, are thrown.
    func report() async throws -> RunReport {
        let display = ProgressDisplay(isQuiet: isQuiet)
        var workspace = workspace
        workspace.notify = { [isQuiet] notice in
            if case .connection = notice, isQuiet { return }
            display.trouble(notice.text)
        }
        let ending = try await display.show { [workspace] in
            try await workspace.run(sync, as: options) { display.handle($0) }
        }
        switch ending {
        case .ended(let result) where isQuiet: RunSummary(result).showWarnings()
        case .ended(let result): if printsSummary { RunSummary(result).show() }
        case .failed(_, let error): Terminal.error(RemedyText.error(error))
        }
        return ending.report
    }
}
