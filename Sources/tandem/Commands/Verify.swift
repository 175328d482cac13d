import ArgumentParser
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
        let verified = try await compare(configuration, in: workspace)
        guard !verified.results.isEmpty || !table.isEmpty else {
            throw UsageError(
                description: "Nothing has been copied by \(configuration.name) yet, so there is nothing to compare.",
                remedy: Remedy("Run \(ProgramCommand("run", configuration.name)) first.")
            )
        }
        let summary = VerifiedSync(verified)
        if report.json {
            let tables = verified.results.map(VerifiedTableJSON.init) + verified.absent.map(VerifiedTableJSON.init)
            Terminal.out(try JSON.text(tables))
        } else {
            summary.show(of: configuration.name, isRepaired: repair)
        }
        guard !summary.isEqual else { return }
        let tables = summary.repairable
        guard repair, !tables.isEmpty else { throw CommandOutcome(status: .failed) }
        try await ShownRun(
            configuration,
            in: workspace,
            repairing: { tables.contains($0.target) },
            isQuiet: report.json,
            printsSummary: !report.json
        )
        .run()
        if !summary.isRepairable { throw CommandOutcome(status: .failed) }
    }

    private func compare(
        _ configuration: SyncConfiguration,
        in workspace: Workspace
    ) async throws -> VerifiedTables {
        let run = SyncRun(
            configuration,
            from: try workspace.source(configuration.from),
            to: try workspace.destination(configuration.to),
            readers: Processors.count,
            state: try? workspace.openStateIfPresent()
        )
        return try await run.closing { run in
            let known = table.isEmpty ? [] : try await run.destination.tables(of: configuration.name)
            let chosen = try table.map { try known.table(named: $0) }
            let (targets, others) = (Set(chosen.map(\.target)), Set(known.map(\.target)))
            // What is followed moves.
            let lock = try await workspace.turn(of: configuration.name)
            defer { withExtendedLifetime(lock) {} }
            let (isAll, isJSON) = (table.isEmpty, report.json)
            return try await Interruptible.run {
                var verified = try await run.verify { copy in
                    // Renamed on the way, it is still the same table.
                    isAll || targets.contains(copy.target)
                        || !others.contains(copy.target) && chosen.contains { $0.isSameTable(as: copy) }
                } report: {
                    if !isJSON { VerifiedSync.show($0) }
                }
                if !isAll { verified.absent = [] }
                return verified
            }
        }
    }
}

extension CopiedTable {
    fileprivate func isSameTable(as other: CopiedTable) -> Bool { schema.id == other.schema.id }
}
