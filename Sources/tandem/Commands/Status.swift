import ArgumentParser
import Foundation
import TandemApp
import TandemCore
import TandemEngine
import TandemRows
import TandemState

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "State, rows, lag and last error of each sync.",
        discussion: """
            Reads the history of runs, and asks sources whose log is followed how much of it there is to read. The \
            warehouse is asked for nothing but the stream it follows. Exit status 1 where the last run of a sync or one of its tables failed, where a slot \
            is lost, and where --fail-if-older says so.
            """
    )

    @Argument(help: ArgumentHelp("Syncs; all of them by default.", valueName: "sync"), completion: .syncs)
    var names: [String] = []
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Exit status 1 also where what a sync has brought is older than this: 90s, 15m, 1h, 2d.",
            valueName: "age"
        )
    )
    var failIfOlder: Age?
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let workspace = try Workspace(options)
        let syncs = try await workspace.status(of: workspace.syncs(names, opening: .none))
        if report.json {
            Terminal.out(try ReportJSON.text(syncs.map(StatusReport.init)))
        } else {
            for sync in syncs { show(sync) }
        }
        let isWrong = syncs.contains { $0.isFailing || $0.isOlder(than: failIfOlder) }
        if isWrong { throw CommandOutcome(status: .failed) }
    }

    private func show(_ status: SyncStatus) {
        defer {
            if let failIfOlder, status.isOlder(than: failIfOlder) {
                let age =
                    status.age.map { "is " + Amounts.duration(.seconds($0)) + " old" } ?? "was never brought whole"
                Terminal.out(
                    "! \(status.sync): what it has here \(age), and is to be no older than \(failIfOlder.text)\n"
                )
            }
        }
        guard let run = status.run else {
            Terminal.out("\(status.sync): has not been run")
            for line in status.streamLines(after: nil) { Terminal.out(line) }
            return Terminal.out("")
        }
        let took = run.ended.map { " in " + Amounts.duration(.seconds($0.timeIntervalSince(run.started))) } ?? ""
        Terminal.out(
            "\(status.sync): last run \(run.outcome.rawValue), started \(Self.time(run.started)), \(Amounts.rows(run.rows))\(took)"
        )
        if run.transactions > 0 {
            let asOf = run.streamTime.map { ", as of " + Self.time($0) } ?? ""
            Terminal.out(
                "  followed: \(Amounts.changes(run.changes)) of \(Amounts.transactions(run.transactions))\(asOf)"
            )
        }
        for line in status.streamLines(after: run) { Terminal.out(line) }
        if let error = run.error { Terminal.out("  error: " + error) }
        if let remedy = run.remedy { Terminal.out("  → " + remedy) }
        if !status.tables.isEmpty {
            var table = TextTable(
                ["table", "to", "state", "rows copied", "size", "copied as of", "changes since"],
                [.left, .left, .left, .right, .right, .left, .right]
            )
            for entry in status.tables {
                table.add([
                    "\(entry.source)", "\(entry.target)", entry.phase.rawValue, Amounts.count(entry.rows),
                    Amounts.bytes(entry.bytes),
                    entry.moment.map { Self.time(Date(timeIntervalSince1970: $0.time)) } ?? "never",
                    entry.changes > 0 || entry.isFollowed ? Amounts.count(entry.changes) : "",
                ])
            }
            if !status.tables.contains(where: { $0.isFollowed || $0.changes > 0 }) { table.hide("changes since") }
            if status.tables.allSatisfy({ $0.source == $0.target }) { table.hide("to") }
            table.show()
        }
        for entry in status.tables {
            guard let error = entry.error else { continue }
            Terminal.out("  error: \(entry.source): \(error)")
            if let remedy = entry.remedy { Terminal.out("    → " + remedy) }
        }
        if !status.issues.isEmpty {
            Terminal.out("  \(Amounts.issues(status.issues.count)); `tandem issues` lists them")
        }
        for issue in status.issues.prefix(5) {
            let cause = [issue.column, issue.cause].filter { !$0.isEmpty }.joined(separator: " ")
            Terminal.out("    left out: \(issue.table): \(issue.key): \(cause)")
        }
        Terminal.out("")
    }

    private static func time(_ date: Date) -> String { date.formatted(.iso8601) }
}

extension TableState {
    fileprivate var isFollowed: Bool { phase == .streaming || phase == .catchingUp }
}

extension SyncStatus {
    fileprivate func streamLines(after run: RunRecord?) -> [String] {
        Method.allCases.compactMap { streams[$0] }.flatMap { $0.lines(after: run, at: now) }
    }

    fileprivate func isOlder(than limit: Age?) -> Bool {
        guard let limit else { return false }
        return age.map { $0 > Double(limit.seconds) } ?? true
    }
}
