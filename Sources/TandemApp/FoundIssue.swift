package import TandemCore
package import TandemRows

/// An issue, and where it is one.
package struct FoundIssue: Sendable {
    package var sync: String
    package var copy: SyncedTable
    package var issue: RowIssue

    /// What its cause is, for people: `price: check constraint "cheap" refuses it (23514)`.
    package var cause: String {
        let column = issue.column.isEmpty ? "" : issue.column + ": "
        return column + issue.cause + (issue.code.map { " (\($0))" } ?? "")
    }

    /// What of it is not as at the source.
    package var effect: String {
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

/// A row that could not be synced, and what came of it where it was tried again.
package struct IssueReport: Codable, Sendable {
    package var id: String
    package var sync: String
    package var table: TableName
    package var target: TableName
    package var key: String
    package var column: String?
    package var cause: String
    package var code: String?
    package var constraint: String?
    package var deletion: Bool
    package var ignored: Bool
    package var since: String
    package var settled: Bool?

    package init(_ found: FoundIssue, isSettled: Bool? = nil) {
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
