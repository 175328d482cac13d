import TandemApp
import TandemCore
import TandemEngine
import TandemRows

/// What a run has done, for people: every row that was read is accounted for.
struct RunSummary {
    private let result: SyncRun.Result

    init(_ result: SyncRun.Result) { self.result = result }

    func show() {
        let report = result.report
        var table = TextTable(
            ["table", "to", "read", "written", "refused", "bytes", "time"],
            [.left, .left, .right, .right, .right, .right, .right]
        )
        for outcome in report.outcomes {
            table.add([
                "\(outcome.copy.schema.name)", "\(outcome.copy.target)", Amounts.count(outcome.tally.rows),
                Amounts.count(outcome.written), Amounts.count(outcome.tally.refused),
                Amounts.bytes(outcome.tally.bytes),
                Amounts.duration(outcome.duration),
            ])
        }
        for failure in report.failures {
            table.add(["\(failure.table.schema.name)", "\(failure.table.target)", "", "failed", "", "", ""])
        }
        let targets =
            report.outcomes.map { ($0.copy.schema.name, $0.copy.target) }
            + report.failures.map { ($0.table.schema.name, $0.table.target) }
        if targets.allSatisfy({ $0 == $1 }) { table.hide("to") }
        if !targets.isEmpty { table.show(within: Terminal.outputWidth ?? 80) }
        showChanges()
        for line in notes { Terminal.out(line) }
        Terminal.out(total)
    }

    /// What there is to know where only what went wrong is wanted; tables that failed have been told of already.
    func showWarnings() {
        for line in notes where line.hasPrefix("warning: ") { Terminal.error(line) }
    }

    private func showChanges() {
        guard let counts = result.stream else { return }
        var table = TextTable(["table", "changes"], [.left, .right])
        for (name, count) in counts.tables.sorted(by: { $0.key < $1.key }) {
            table.add(["\(name)", Amounts.count(count)])
        }
        if !counts.tables.isEmpty { table.show() }
    }

    private var notes: [String] {
        let report = result.report
        var lines: [String] = []
        for outcome in report.outcomes {
            let name = outcome.copy.schema.name
            if let deleted = outcome.merge?.deleted, deleted > 0 {
                lines.append("note: \(name): \(Amounts.rows(deleted)) deleted at the source and taken away")
            }
            if outcome.merge?.isHeldBack == true {
                lines.append("note: \(name): \(Self.heldBack)")
            }
            for (column, count) in outcome.tally.clamped.sorted(by: { $0.key < $1.key }) {
                let name = outcome.copy.schema.columns[column].name
                lines.append(
                    "note: \(outcome.copy.target).\(name): \(Amounts.counted(count, "value")) did not fit and \(count == 1 ? "was" : "were") clamped"
                )
            }
            if outcome.tally.refused > 0 {
                lines.append(
                    "warning: \(outcome.copy.target): \(Amounts.rows(outcome.tally.refused)) left out; `tandem issues` lists them"
                )
            }
        }
        let told = Set(report.outcomes.filter { $0.tally.refused > 0 }.map(\.copy.target))
        for (target, issues) in result.issues.sorted(by: { $0.key < $1.key }) where !told.contains(target) {
            lines.append("warning: \(target): \(Amounts.issues(issues.count)) open; `tandem issues` lists them")
        }
        // Tables that are read by a cursor are read one by one.
        let whole = report.outcomes.filter { $0.copy.stream == nil && $0.merge == nil }
        let moments = Set(whole.map(\.copy.moment))
        if moments.count > 1 {
            lines.append(
                "note: the source failed in passing, so not all tables are as of the same moment; `tandem status` tells which"
            )
        }
        for table in result.plan.tables { lines += table.notes.map { "note: \(table.schema.name): \($0)" } }
        lines += (result.plan.notes + result.plan.leftOutNotes).map { "note: " + $0 }
        lines += result.plan.orphans.map { "note: \($0.copy.target): \($0.reason)" }
        for failure in report.failures {
            let message = failure.failure.message
            let rest = result.targets.contains(failure.table.target) ? "Its old copy stays." : "There is no copy of it."
            lines.append("error: \(failure.table.schema.name): \(message)\(message.hasSuffix(".") ? "" : ".") \(rest)")
            lines += RemedyText.lines(failure.failure.remedy)
        }
        return lines
    }

    private static let heldBack =
        "a transaction that has written to it was still open, so the next run reads again from where this one began"

    private var total: String {
        let rows = result.report.outcomes.reduce(0) { $0 + $1.written }
        let bytes = result.report.outcomes.reduce(0) { $0 + $1.tally.bytes }
        let seconds = max(Amounts.seconds(result.duration), 0.001)
        let count = result.report.outcomes.count
        var changes = ""
        if let counts = result.stream {
            changes = ", \(Amounts.changes(counts.changes)) of \(Amounts.transactions(counts.transactions))"
        }
        let tables = Amounts.tables(count)
        let failed = result.report.failures.isEmpty ? "" : ", \(result.report.failures.count) failed"
        let speed = "\(Amounts.count(Int(Double(rows) / seconds))) rows/s"
        return
            "\(result.plan.sync): \(tables)\(failed), \(Amounts.rows(rows)), \(Amounts.bytes(bytes))\(changes) in \(Amounts.duration(result.duration)) (\(speed))"
    }
}
