import TandemCore
import TandemRows

/// What is to be said of the tables that are to be read. Pure.
struct TableReview: Sendable {
    let tables: [PostgresTable]
    let user: String
    let isSuperuser: Bool

    /// Findings for each of `wanted`, in that order.
    func findings(for wanted: [TableName]) -> [Finding] {
        let known = Dictionary(tables.map { ($0.name, $0) }) { first, _ in first }
        var findings = wanted.flatMap { name in
            known[name].map(findings(of:)) ?? [
                Finding(
                    .error,
                    name.description,
                    "There is no such table.",
                    remedy: Remedy("Correct its name, or remove it from the sync.")
                )
            ]
        }
        let writable = wanted.count { known[$0]?.isWritable ?? false }
        if writable > 0, !isSuperuser {
            findings.append(
                Finding(
                    .note,
                    "privileges",
                    "\"\(user)\" may also write to \(writable) of these tables; reading does not need that.",
                    remedy: Remedy("Use a read-only user: \"tandem setup\" prints the SQL that makes one.")
                )
            )
        }
        return findings
    }

    private func findings(of table: PostgresTable) -> [Finding] {
        let subject = table.name.description
        var findings: [Finding] = []
        switch table.methods[.fullTable] {
        case .unusable(let reason, let remedy), .needsSetup(let reason, let remedy):
            return [Finding(.error, subject, reason, remedy: remedy)]
        case .usable(let note?): findings.append(Finding(.note, subject, note))
        case .usable(nil) where !table.omitted.isEmpty: break
        case .usable(nil), nil: findings.append(Finding(.ok, subject, "It can be read, with all its columns."))
        }
        if !table.omitted.isEmpty {
            let names = table.omitted.map { SQL.identifier($0.name) }.joined(separator: ", ")
            findings.append(
                Finding(
                    .warning,
                    subject,
                    "Left out, because \"\(user)\" may not SELECT them: \(names).",
                    remedy: Remedy(
                        "As the table's owner or an administrator, grant them, if they are to be copied.",
                        sql: ["GRANT SELECT (\(names)) ON \(SQL.name(table.name)) TO \(SQL.identifier(user))"]
                    )
                )
            )
        }
        return findings
    }
}
