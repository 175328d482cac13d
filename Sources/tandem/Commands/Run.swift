import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring each sync up to date and stop.",
        discussion: """
            A table that cannot be copied keeps its old copy and does not stop the others. Ctrl-C and SIGTERM stop \
            within a second and leave every old copy whole; the next run goes on from there. With --follow, SIGTERM is \
            how a service manager ends it, and the exit status is then 0.
            """
    )

    @Argument(help: ArgumentHelp("Syncs; all of them by default.", valueName: "sync"), completion: .syncs)
    var names: [String] = []
    @Flag(name: .shortAndLong, help: "No progress on standard error, only what went wrong.")
    var quiet = false
    @Flag(name: .long, help: "Go on applying changes until interrupted, instead of stopping once up to date.")
    var follow = false
    @Option(
        name: .long,
        help: """
            How often a database that fails in passing is tried again before the run gives up: \(RetryPolicy().limit) \
            times by default, \(Self.followingRetries) times with --follow.
            """
    )
    var retries: Int?
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    /// About an hour: a run that follows is to outlast maintenance and failovers.
    private static let followingRetries = 120

    func validate() throws {
        guard retries.map((0...1000).contains) ?? true else {
            throw ValidationError("--retries must be from 0 to 1000.")
        }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let (json, quiet, follow) = (report.json, quiet, follow)
        let retries = RetryPolicy(limit: retries ?? (follow ? Self.followingRetries : RetryPolicy().limit))
        let runs = try workspace.syncs(names).map { sync in
            ShownRun(
                sync: sync,
                workspace: workspace,
                options: RunOptions(follows: follow, retries: retries),
                isQuiet: quiet,
                printsSummary: !json
            )
        }
        let reports: [RunReport]
        do {
            reports = try await Interruptible.run {
                // None of them ends by itself where they follow.
                if follow { return try await Self.together(runs) }
                var reports: [RunReport] = []
                for run in runs { reports.append(try await run.report()) }
                return reports
            }
        } catch is CancellationError where follow && Interruptible.isTerminated {
            // Whoever sends it wants just this.
            if !quiet { Terminal.error("stopped cleanly; the same command goes on from here") }
            reports = runs.map { RunReport(stopped: $0.sync.name) }
        }
        if json { Terminal.out(try ReportJSON.text(reports)) }
        if reports.contains(where: \.isFailed) { throw CommandOutcome(status: .failed) }
    }

    private static func together(_ runs: [ShownRun]) async throws -> [RunReport] {
        try await withThrowingTaskGroup(of: RunReport.self) { group in
            for run in runs { group.addTask { try await run.report() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
