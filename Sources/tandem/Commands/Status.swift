import ArgumentParser
import Foundation
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
        let state = try workspace.readState()
        let chosen = try workspace.syncs(names, opening: .none)
        let streams = await StreamReport.all(of: chosen, in: workspace)
        var syncs: [SyncStatus] = []
        for sync in chosen {
            syncs.append(
                SyncStatus(
                    sync: sync.name,
                    run: try await state?.lastRun(of: sync.name),
                    streams: streams[sync.name] ?? [:],
                    tables: try await state?.tables(of: sync.name) ?? [],
                    issues: try await state?.issues(of: sync.name) ?? []
                )
            )
        }
        if report.json {
            Terminal.out(try JSON.text(syncs.map(SyncStatusJSON.init)))
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

private struct SyncStatusJSON: Encodable {
    struct RunJSON: Encodable {
        var outcome: RunRecord.Outcome
        var started: String
        var ended: String?
        var rows: Int
        var bytes: Int
        var changes: Int
        var transactions: Int
        var streamedAsOf: String?
        var error: String?
        var remedy: String?
    }

    struct TableJSON: Encodable {
        var source: TableName
        var target: TableName
        var state: TableState.Phase
        /// Those of the copy, as of ``asOf``.
        var rows: Int
        var bytes: Int
        /// Applied to it since.
        var changes: Int
        var asOf: String?
        var checkpoint: String?
        var attempts: Int
        var error: String?
        var remedy: String?
    }

    struct IssueJSON: Encodable {
        var table: TableName
        var key: String
        var column: String
        var cause: String
        var runs: Int
    }

    var sync: String
    /// Of what the sync has brought, of its oldest table; nothing before all of them are there.
    var ageSeconds: Double?
    var lastRun: RunJSON?
    var stream: StreamJSON?
    var triggers: StreamJSON?
    var tables: [TableJSON]
    var issues: [IssueJSON]

    init(_ status: SyncStatus) {
        sync = status.sync
        ageSeconds = status.age
        lastRun = status.run.map {
            RunJSON(
                outcome: $0.outcome,
                started: $0.started.formatted(.iso8601),
                ended: $0.ended?.formatted(.iso8601),
                rows: $0.rows,
                bytes: $0.bytes,
                changes: $0.changes,
                transactions: $0.transactions,
                streamedAsOf: $0.streamTime?.formatted(.iso8601),
                error: $0.error,
                remedy: $0.remedy
            )
        }
        stream = status.streams[.logBased].map { StreamJSON($0, after: status.run) }
        triggers = status.streams[.triggerBased].map { StreamJSON($0, after: status.run) }
        tables = status.tables.map {
            TableJSON(
                source: $0.source,
                target: $0.target,
                state: $0.phase,
                rows: $0.rows,
                bytes: $0.bytes,
                changes: $0.changes,
                asOf: $0.moment.map { Date(timeIntervalSince1970: $0.time).formatted(.iso8601) },
                checkpoint: $0.moment?.checkpoint.description,
                attempts: $0.attempts,
                error: $0.error,
                remedy: $0.remedy
            )
        }
        issues = status.issues.map {
            IssueJSON(table: $0.table, key: $0.key, column: $0.column, cause: $0.cause, runs: $0.count)
        }
    }
}
