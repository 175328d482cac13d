import ArgumentParser
import TandemCore
import TandemEngine

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring each sync up to date and stop.",
        discussion: """
            A table that cannot be copied keeps its old copy and does not stop the others. Ctrl-C stops within a second \
            and leaves every old copy whole.
            """
    )

    @Argument(help: ArgumentHelp("Syncs; all of them by default.", valueName: "sync"))
    var names: [String] = []
    @Flag(name: .shortAndLong, help: "No progress on standard error, only what went wrong.")
    var quiet = false
    @Option(name: .long, help: "How often a source that fails in passing is tried again before the run gives up.")
    var retries = RetryPolicy().limit
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        guard (0...1000).contains(retries) else { throw ValidationError("--retries must be from 0 to 1000.") }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let (json, quiet, retries) = (report.json, quiet, RetryPolicy(limit: retries))
        let syncs = try workspace.syncs(names)
        let reports = try await Interruptible.run {
            var reports: [RunJSON] = []
            for sync in syncs {
                let run = ShownRun(sync, in: workspace, retries: retries, isQuiet: quiet, printsSummary: !json)
                reports.append(try await run.report())
            }
            return reports
        }
        if json { Terminal.out(try JSON.text(reports)) }
        if let status = reports.compactMap(\.status).max(by: { $0.rawValue < $1.rawValue }) {
            throw CommandOutcome(status: status)
        }
    }
}
