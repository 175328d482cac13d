import ArgumentParser
import TandemApp
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
        var selection = choice.selection
        if all { selection.withIgnored = false } else { selection.ids = ids }
        let wanted = selection
        let results = try await Interruptible.run { try await workspace.retry(wanted) }
        if report.json {
            Terminal.out(try ReportJSON.text(results.map { IssueReport($0.found, isSettled: $0.isSettled) }))
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
        var selection = choice.selection
        selection.ids = ids
        let wanted = selection
        let count = try await Interruptible.run { try await workspace.ignore(wanted) }
        Terminal.out("Ignored \(Amounts.issues(count)).")
    }
}
