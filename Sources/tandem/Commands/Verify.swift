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
            whole (streamed) and the first keys that differ are named. Exit status 1 if anything differs. Tables that are \
            followed by the log are brought to one place in it first and compared with the source as it was there. Of \
            others the source is read as it is now: a difference may be a change that the next run brings, or under \
            INCREMENTAL a row that was deleted.
            """
    )

    @Argument(help: "A sync of the configuration.", completion: .syncs)
    var sync: String
    @Flag(name: .long, help: "Copy again the tables that differ.")
    var repair = false
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let workspace = try Workspace(options)
        guard let configuration = try workspace.syncs([sync]).first else { return }
        let source = try workspace.source(configuration.from)
        let destination = try workspace.destination(configuration.to)
        let results: [Verification.TableResult]
        do {
            // What is followed moves.
            let lock = try workspace.lock(configuration.name)
            defer { withExtendedLifetime(lock) {} }
            let run = SyncRun(
                configuration,
                from: source,
                to: destination,
                readers: Processors.count,
                state: nil
            )
            results = try await Interruptible.run { try await run.verify { if !report.json { Self.show($0) } } }
        }
        await source.close()
        await destination.close()
        if report.json { Terminal.out(try JSON.text(results.map(VerifiedTableJSON.init))) }
        guard !results.isEmpty else {
            throw UsageError(
                description: "Nothing has been copied by \(sync) yet, so there is nothing to compare.",
                remedy: Remedy("Run `tandem run \(sync)` first.")
            )
        }
        let wrong = results.filter { if case .equal = $0.verdict { false } else { true } }
        guard !wrong.isEmpty else {
            if !report.json {
                Terminal.out(
                    results.count == 1 ? "\nThe table is equal." : "\nAll \(Amounts.tables(results.count)) equal."
                )
            }
            return
        }
        guard repair else {
            if !report.json { Self.showAdvice(wrong, of: results.count, sync: sync) }
            throw CommandOutcome(status: .failed)
        }
        let tables = wrong.map(\.copy.target)
        try await ShownRun(
            configuration,
            in: workspace,
            repairing: { tables.contains($0.target) },
            isQuiet: report.json,
            printsSummary: !report.json
        )
        .run()
    }

    private static func show(_ result: Verification.TableResult) {
        let name = "\(result.copy.target)"
        let how = result.computation.map { " (\($0.rawValue))" } ?? ""
        switch result.verdict {
        case .equal: Terminal.out("✓ \(name): \(Amounts.rows(result.sourceRows ?? 0)), equal\(how)")
        case .incomparable(let reason): Terminal.out("✗ \(name): cannot be compared: \(reason)")
        case .different(let differences):
            let rows =
                "\(Amounts.rows(result.sourceRows ?? 0)) at the source, \(Amounts.rows(result.destinationRows ?? 0)) here"
            Terminal.out("✗ \(name): different: \(rows)\(how)")
            for (what, keys) in [
                ("missing here", differences.missing),
                (result.missesDeletes ? "only here, perhaps deleted at the source" : "only here", differences.extra),
                ("other content", differences.different),
            ] where !keys.isEmpty {
                Terminal.out("    \(what): " + keys.joined(separator: "; "))
            }
            if !differences.isComplete { Terminal.out("    and more") }
        }
        for column in result.leftOut { Terminal.out("    not compared: column \(column.name) \(column.reason)") }
    }

    private static func showAdvice(_ wrong: [Verification.TableResult], of total: Int, sync: String) {
        Terminal.out(
            "\n\(Amounts.count(wrong.count)) of \(Amounts.tables(total)) \(wrong.count == 1 ? "differs" : "differ")."
        )
        if wrong.contains(where: \.sourceHasMoved) {
            Terminal.out(
                "The source has been written to since the copy, so a difference may be a change that the next run brings."
            )
        }
        if wrong.contains(where: \.missesDeletes) {
            Terminal.out("INCREMENTAL does not see deletes; `deletes: compare` finds them where there is a key.")
        }
        Terminal.out("`tandem verify \(sync) --repair` copies the tables that differ again.")
    }
}

private struct VerifiedTableJSON: Encodable {
    struct Column: Encodable {
        var name: String
        var reason: String
    }

    var schema: String
    var table: String
    var verdict: String
    var reason: String?
    var computation: String?
    var sourceRows: Int?
    var destinationRows: Int?
    var sourceChecksum: String?
    var destinationChecksum: String?
    var sourceHasMoved: Bool
    var missesDeletes: Bool
    var notCompared: [Column]
    var missing: [String]?
    var extra: [String]?
    var different: [String]?
    var complete: Bool?

    init(_ result: Verification.TableResult) {
        schema = result.copy.target.schema
        table = result.copy.target.table
        computation = result.computation?.rawValue
        sourceRows = result.sourceRows
        destinationRows = result.destinationRows
        // As text: a number of 64 bits does not survive readers that take every number for a double.
        sourceChecksum = result.sourceChecksum.map { String($0, radix: 16) }
        destinationChecksum = result.destinationChecksum.map { String($0, radix: 16) }
        sourceHasMoved = result.sourceHasMoved
        missesDeletes = result.missesDeletes
        notCompared = result.leftOut.map { Column(name: $0.name, reason: $0.reason) }
        switch result.verdict {
        case .equal: verdict = "equal"
        case .incomparable(let why): (verdict, reason) = ("incomparable", why)
        case .different(let differences):
            verdict = "different"
            missing = differences.missing
            extra = differences.extra
            different = differences.different
            complete = differences.isComplete
        }
    }
}
