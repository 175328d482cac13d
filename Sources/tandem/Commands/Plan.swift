import ArgumentParser
import TandemApp
import TandemCore
import TandemEngine
import TandemRows

struct Plan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What a run would do, and why. Changes nothing."
    )

    @Argument(help: ArgumentHelp("Syncs; all of them by default.", valueName: "sync"), completion: .syncs)
    var names: [String] = []
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let workspace = try Workspace(options)
        let plans = try await workspace.plan(workspace.syncs(names))
        if report.json {
            Terminal.out(try ReportJSON.text(plans))
        } else {
            for plan in plans { Self.show(plan) }
        }
        if plans.contains(where: { !$0.problems.isEmpty }) { throw CommandOutcome(status: .usage) }
        if plans.contains(where: { !$0.failures.isEmpty || !$0.obstacles.isEmpty }) {
            throw CommandOutcome(status: .failed)
        }
    }

    private static func show(_ plan: SyncPlan) {
        Terminal.out(plan.sync)
        if !plan.tables.isEmpty {
            var table = TextTable(
                ["table", "to", "method", "rows", "size", "columns"],
                [.left, .left, .left, .right, .right, .right]
            )
            for entry in plan.tables {
                table.add([
                    "\(entry.schema.name)", "\(entry.target)", entry.method.rawValue,
                    entry.source.estimatedRows.map { "~" + Amounts.count($0) } ?? "?",
                    entry.source.bytes.map(Amounts.bytes) ?? "", "\(entry.schema.columns.count)",
                ])
            }
            if plan.tables.allSatisfy({ $0.schema.name == $0.target }) { table.hide("to") }
            table.show()
        }
        for reason in orderedReasons(plan.tables) { Terminal.out("  " + reason) }
        for entry in plan.tables { if let cursor = entry.cursor { Terminal.out("  " + sentence(cursor, of: entry)) } }
        for entry in plan.tables { for note in entry.notes { Terminal.out("  note: \(entry.schema.name): \(note)") } }
        for note in plan.notes { Terminal.out("  note: \(note)") }
        for orphan in plan.orphans { Terminal.out("  note: \(orphan.copy.target): \(orphan.reason)") }
        for skipped in plan.skipped { Terminal.out("  left out: \(skipped.name): \(skipped.reason)") }
        for failed in plan.failures {
            Terminal.out("  error: \(failed.table.schema.name): \(failed.failure.message)")
            for line in RemedyText.lines(failed.failure.remedy, indent: "    ") { Terminal.out(line) }
        }
        for obstacle in plan.obstacles {
            Terminal.out("  error: \(obstacle.subject): \(obstacle.message)")
            for line in RemedyText.lines(obstacle.remedy, indent: "    ") { Terminal.out(line) }
        }
        for problem in plan.problems {
            Terminal.out("  error: \(problem.message)")
            for line in RemedyText.lines(problem.remedy, indent: "    ") { Terminal.out(line) }
        }
        Terminal.out("")
    }

    private static func sentence(_ cursor: CursorPlan, of table: TablePlan) -> String {
        let columns = cursor.columns.map(\.name).joined(separator: ", ")
        guard cursor.copy != nil else {
            return "\(table.schema.name): copied whole, and read by \(columns) from then on"
        }
        let start = cursor.lookback.map { "from \($0) before its last value on" } ?? "from its last value on"
        let merge = table.schema.identity.isEmpty ? "replaced" : "merged by key"
        return "\(table.schema.name): read by \(columns) \(start), rows \(merge)"
    }

    /// Each reason once, with the tables it holds for where it does not hold for all.
    private static func orderedReasons(_ tables: [TablePlan]) -> [String] {
        var order: [String] = []
        var names: [String: [String]] = [:]
        for table in tables {
            let reason = "\(table.method.rawValue): \(table.reason)"
            if names[reason] == nil { order.append(reason) }
            names[reason, default: []].append("\(table.schema.name)")
        }
        return order.map { reason in
            let known = names[reason] ?? []
            return known.count == tables.count ? reason : "\(reason) (\(known.joined(separator: ", ")))"
        }
    }
}
