import ArgumentParser
import TandemApp
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

    var selection: IssueSelection { IssueSelection(sync: sync, table: table) }
}
