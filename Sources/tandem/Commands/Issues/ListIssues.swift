import ArgumentParser
import TandemApp
import TandemCore
import TandemRows

struct ListIssues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Every row that could not be synced, by its key, with the cause.",
        discussion: "Asks the destinations, which know it best."
    )

    @OptionGroup var choice: IssueChoice
    @Flag(name: .long, help: "Also those that are ignored.")
    var all = false
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        var selection = choice.selection
        selection.withIgnored = all
        let found = try await Workspace(options).issues(selection)
        if report.json { return Terminal.out(try ReportJSON.text(found.map { IssueReport($0) })) }
        guard !found.isEmpty else { return Terminal.out("No issues.") }
        var table = TextTable(["id", "sync", "table", "key", "cause", "since"], [.left, .left, .left, .left, .left])
        for entry in found {
            let ignored = entry.issue.isIgnored ? " (ignored)" : ""
            table.add([
                entry.issue.id, entry.sync, "\(entry.copy.schema.name)", entry.issue.keyText, entry.cause + ignored,
                Amounts.time(entry.issue.since),
            ])
        }
        table.show()
    }
}

struct ShowIssue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "One of them, and what can be done."
    )

    @Argument(help: "What `tandem issues` calls it.")
    var id: String
    @OptionGroup var choice: IssueChoice
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        var selection = choice.selection
        selection.ids = [id]
        let found = try await Workspace(options).issues(selection)
        if report.json { return Terminal.out(try ReportJSON.text(found.map { IssueReport($0) })) }
        for entry in found {
            Terminal.out(
                """
                issue \(entry.issue.id) of sync \(entry.sync)\(entry.issue.isIgnored ? ", ignored" : "")
                  table:  \(entry.copy.schema.name), copied to \(entry.copy.target)
                  row:    \(entry.issue.keyText.isEmpty ? "(the table has no key)" : entry.issue.keyText)
                  cause:  \(entry.cause)
                  since:  \(Amounts.time(entry.issue.since))
                  effect: \(entry.effect)
                  → \(advice(entry))
                """
            )
        }
    }

    private func advice(_ entry: FoundIssue) -> String {
        guard entry.copy.stream != nil else {
            return "The table is copied as a whole: the next run tries the row again."
        }
        guard entry.issue.key != nil else {
            let command = ProgramCommand("reset", entry.sync, options: ["--table": "\(entry.copy.target)"])
            return "Nothing tells the row from others; \(command) has the table copied again."
        }
        let id = "\(entry.issue.id)"
        let cause =
            entry.issue.code == nil
            ? "Change the value at the source, which settles it, or set `unfit_values` to text or clamp"
            : "Change the row at the source, which settles it, or what refuses it at the destination"
        let (retry, ignore) = (ProgramCommand("issues", "retry", id), ProgramCommand("issues", "ignore", id))
        return "\(cause); then \(retry). To leave it so: \(ignore)."
    }
}
