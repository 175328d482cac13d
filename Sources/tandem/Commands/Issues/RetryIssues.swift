import ArgumentParser
import TandemCore
import TandemEngine
import TandemRows

struct RetryIssues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Read these rows anew and apply them again, in order with the other changes.",
        discussion: """
            Brings the sync's followed tables up to date first, up to a place in the source's log, and then the rows as \
            they are at that place. A change that comes later is applied later, and a row that has been deleted meanwhile \
            is removed. Exit status 1 where a row is refused again. Tables that are copied as a whole are left to the \
            next run.
            """
    )

    @Argument(help: ArgumentHelp("What `tandem issues` calls them.", valueName: "id"))
    var ids: [String] = []
    @Flag(name: .long, help: "All that are not ignored.")
    var all = false
    @OptionGroup var choice: IssueChoice
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        guard all != !ids.isEmpty else { throw ValidationError("Name the issues to try again, or say --all.") }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let found = try await FoundIssue.all(choice, in: workspace).filter {
            all ? !$0.issue.isIgnored : ids.contains($0.issue.id)
        }
        let missing = ids.filter { id in !found.contains { $0.issue.id == id } }
        guard missing.isEmpty else { throw FoundIssue.unknown(missing) }
        var results: [(found: FoundIssue, isSettled: Bool)] = []
        for sync in try workspace.syncs(choice.sync.map { [$0] } ?? []) {
            let chosen = found.filter { $0.sync == sync.name }
            guard !chosen.isEmpty else { continue }
            let names = Set(chosen.map(\.issue.id))
            let (isAll, part) = (all, choice)
            let tried = try await IssueWork.run(sync, in: workspace) { run in
                try await run.retryIssues { copy, issue in
                    part.includes(copy) && (isAll ? !issue.isIgnored : names.contains(issue.id))
                }
            }
            for retried in tried {
                guard var entry = chosen.first(where: { $0.issue.id == retried.issue.id }) else { continue }
                entry.issue = retried.issue
                results.append((entry, retried.isSettled))
            }
        }
        if report.json {
            Terminal.out(try JSON.text(results.map { IssueJSON($0.found, isSettled: $0.isSettled) }))
        } else {
            show(results)
        }
        if results.contains(where: { !$0.isSettled }) { throw CommandOutcome(status: .failed) }
    }

    private func show(_ results: [(found: FoundIssue, isSettled: Bool)]) {
        for (entry, isSettled) in results {
            let row = "\(entry.issue.id) \(entry.copy.schema.name): \(entry.issue.keyText)"
            if isSettled {
                Terminal.out("✓ \(row)")
            } else if entry.copy.stream == nil {
                Terminal.out("✗ \(row): the table is copied as a whole, by the next run")
            } else {
                Terminal.out("✗ \(row): \(entry.cause)")
            }
        }
        let settled = results.count(where: \.isSettled)
        Terminal.out(results.isEmpty ? "No issues." : "\(settled) of \(Amounts.issues(results.count)) settled.")
    }
}

struct IgnoreIssues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ignore",
        abstract: "Leave these rows as they are, and tell of them no more.",
        discussion: """
            A later change of such a row that can be written settles it as ever; one that is refused for another cause \
            makes it an open issue again.
            """
    )

    @Argument(help: ArgumentHelp("What `tandem issues` calls them.", valueName: "id"))
    var ids: [String]
    @OptionGroup var choice: IssueChoice
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let workspace = try Workspace(options)
        let found = try await FoundIssue.all(choice, in: workspace).filter { ids.contains($0.issue.id) }
        let missing = ids.filter { id in !found.contains { $0.issue.id == id } }
        guard missing.isEmpty else { throw FoundIssue.unknown(missing) }
        let (chosen, part) = (Set(ids), choice)
        for sync in try workspace.syncs(choice.sync.map { [$0] } ?? [])
        where found.contains(where: { $0.sync == sync.name }) {
            _ = try await IssueWork.run(sync, in: workspace) { run in
                try await run.ignoreIssues { copy, issue in part.includes(copy) && chosen.contains(issue.id) }
            }
        }
        Terminal.out("Ignored \(Amounts.issues(found.count)).")
    }
}

/// Work on a sync's issues, while nobody else runs it.
private enum IssueWork {
    static func run(
        _ sync: SyncConfiguration,
        in workspace: Workspace,
        _ body: @escaping @Sendable (SyncRun) async throws -> [RetriedIssue]
    ) async throws -> [RetriedIssue] {
        let lock = try await workspace.turn(of: sync.name)
        defer { withExtendedLifetime(lock) {} }
        let run = SyncRun(
            sync,
            from: try workspace.source(sync.from),
            to: try workspace.destination(sync.to),
            readers: Processors.count,
            state: try? workspace.openStateIfPresent()
        )
        return try await run.closing { run in try await Interruptible.run { try await body(run) } }
    }
}
