import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine
import TandemRows

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare source and destination, table by table.",
        discussion: """
            Compares row counts and an order-independent checksum of each table. Where all its types allow it, each \
            database computes them over its own rows (pushed down); else, and where they differ, both sides are read \
            whole (streamed) and the first keys that differ are named. Exit status 1 if anything differs, or is selected \
            and has no copy that is kept up to date. Tables that are followed by the log are brought to one place in it \
            first and compared with the source as it was there; a run that follows gives way meanwhile. Of others the \
            source is read as it is now: a difference may be a change that the next run brings, or under INCREMENTAL a \
            row that was deleted.
            """
    )

    @Argument(help: "A sync of the configuration; where there is one only, that.", completion: .syncs)
    var sync: String?
    @Flag(name: .long, help: "Copy again the tables that differ.")
    var repair = false
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Only this table, as schema.table, by its name here or at the source; may be given several times.",
            valueName: "table"
        )
    )
    var table: [String] = []
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let workspace = try Workspace(options)
        let configuration = try workspace.onlySync(sync)
        let (tables, isJSON) = (table, report.json)
        let verified = try await Interruptible.run {
            try await workspace.verify(configuration, tables: tables) { if !isJSON { VerifiedSync.show($0) } }
        }
        guard !verified.results.isEmpty || !table.isEmpty else {
            throw UsageError(
                description: "Nothing has been copied by \(configuration.name) yet, so there is nothing to compare.",
                remedy: Remedy("Run \(ProgramCommand("run", configuration.name)) first.")
            )
        }
        if report.json {
            let tables = verified.results.map(VerifiedTableReport.init) + verified.absent.map(VerifiedTableReport.init)
            Terminal.out(try ReportJSON.text(tables))
        } else {
            VerifiedSync(verified).show(of: configuration.name, isRepaired: repair)
        }
        guard !verified.isEqual else { return }
        let repairable = verified.repairable
        guard repair, !repairable.isEmpty else { throw CommandOutcome(status: .failed) }
        try await ShownRun(
            sync: configuration,
            workspace: workspace,
            options: RunOptions(repairing: { repairable.contains($0.target) }),
            isQuiet: report.json,
            printsSummary: !report.json
        )
        .run()
        if !verified.isRepairable { throw CommandOutcome(status: .failed) }
    }
}
