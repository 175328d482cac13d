import ArgumentParser
import TandemCore
import TandemEngine
import TandemRows

/// Rows that a destination does not hold as their source has them.
struct Issues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rows that could not be synced: list them, try them again, or leave them so.",
        discussion: """
            A row whose value a type of the destination cannot hold (under `unfit_values: issue`), or that a constraint or \
            a trigger at a Postgres destination refuses, is left out, and everything else goes on. What is known of it is \
            its key and the cause, never what it holds. A later change of the row that can be written settles the issue, \
            and so does its deletion.

            Mend the cause, then `tandem issues retry --all`.
            """,
        subcommands: [ListIssues.self, ShowIssue.self, RetryIssues.self, IgnoreIssues.self],
        defaultSubcommand: ListIssues.self
    )
}

/// Which issues a command is about.
struct IssueChoice: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Only those of this sync.", valueName: "sync"), completion: .syncs)
    var sync: String?
    @Option(
        name: .long,
        help: ArgumentHelp("Only those of this table: schema.table, here or at the source.", valueName: "table"),
        completion: .copiedTables
    )
    var table: String?

    func includes(_ copy: CopiedTable) -> Bool {
        table.map { "\(copy.target)" == $0 || "\(copy.schema.name)" == $0 } ?? true
    }
}

/// An issue, and where it is one.
struct FoundIssue {
    var sync: String
    var copy: CopiedTable
    var issue: RowIssue

    /// All that are chosen, as the destinations know them.
    static func all(_ choice: IssueChoice, in workspace: Workspace) async throws -> [FoundIssue] {
        var found: [FoundIssue] = []
        for sync in try workspace.syncs(choice.sync.map { [$0] } ?? [], opening: .destination) {
            let destination = try workspace.destination(sync.to)
            let copies: [CopiedTable]
            do { copies = try await destination.tables(of: sync.name) } catch {
                await destination.close()
                throw error
            }
            await destination.close()
            for copy in copies where choice.includes(copy) {
                found += copy.issues.map { FoundIssue(sync: sync.name, copy: copy, issue: $0) }
            }
        }
        return found
    }

    /// What its cause is, for people: `price: check constraint "cheap" refuses it (23514)`.
    var cause: String {
        let column = issue.column.isEmpty ? "" : issue.column + ": "
        return column + issue.cause + (issue.code.map { " (\($0))" } ?? "")
    }

    /// What of it is not as at the source.
    var effect: String {
        if issue.isDeletion { return "It is gone at the source, and stays here until it can be removed." }
        return issue.code == nil
            ? "The row is not at the destination."
            : "The destination has the row as it was before, or not at all."
    }

    static func unknown(_ ids: [String]) -> UsageError {
        UsageError(
            description: "There is no issue \(ids.joined(separator: ", ")).",
            remedy: Remedy("`tandem issues --all` lists those that there are.")
        )
    }
}

/// An issue in `--json`.
struct IssueJSON: Encodable {
    var id: String
    var sync: String
    var table: TableName
    var target: TableName
    var key: String
    var column: String?
    var cause: String
    var code: String?
    var constraint: String?
    var deletion: Bool
    var ignored: Bool
    var since: String
    var settled: Bool?

    init(_ found: FoundIssue, isSettled: Bool? = nil) {
        let issue = found.issue
        id = issue.id
        sync = found.sync
        table = found.copy.schema.name
        target = found.copy.target
        key = issue.keyText
        column = issue.column.isEmpty ? nil : issue.column
        cause = issue.cause
        code = issue.code
        constraint = issue.constraint
        deletion = issue.isDeletion
        ignored = issue.isIgnored
        since = Amounts.time(issue.since)
        settled = isSettled
    }
}
