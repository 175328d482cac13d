import Foundation
import TandemCore
import TandemRows

/// Rows that triggers and rules of users have left out of a table that was refilled, or changed.
extension Refills {
    func altered(_ load: StagingTable, _ oid: UInt32, in session: Session) throws -> [RowIssue] {
        let table = load.table
        let key = table.schema.identity.map { SQL.identifier(table.schema.columns[$0].name) }
        let question = key.isEmpty ? Self.countDiffers(load) : Self.differing(load, key)
        let cause = ServerErrorFields(code: ServerErrorFields.alteration).cause
        let rows = try session.query(question).rows
        guard rows.count <= RowIssue.limit else {
            let reason = "of more than \(RowIssue.limit) rows \(cause)"
            let problem = DestinationProblem.held(table.target, by: attachments.of(oid), reason: reason)
            throw TargetError(table.target, PostgresError.destination(session.endpoint, problem))
        }
        return rows.map { cells in
            let names = table.schema.identity.map { table.schema.columns[$0].name }
            let text = zip(names, cells.dropFirst()).map { "\($0) = \($1 ?? "NULL")" }.joined(separator: ", ")
            return RowIssue(
                of: table.target,
                key: nil,
                keyText: key.isEmpty ? "(rows without a key)" : text,
                cause: cause,
                code: ServerErrorFields.alteration,
                isDeletion: cells.first == "t",
                since: Date().timeIntervalSince1970
            )
        }
    }

    /// Whether a row should be gone, and its key, of the first that are not as they were loaded.
    private static func differing(_ load: StagingTable, _ key: [String]) -> String {
        let target = SQL.name(load.table.target)
        let columns = load.table.schema.columns.map { SQL.identifier($0.name) }
        func row(_ table: String, _ names: [String]) -> String {
            names.map { "\(table).\($0)" }.joined(separator: ", ")
        }
        let same = key.map { "t.\($0) = s.\($0)" }.joined(separator: " AND ")
        let hooks = Hooks.condition(on: load.table.target)
        return """
            (SELECT false, \(row("s", key)) FROM \(load.quoted) s WHERE \(hooks) AND NOT EXISTS (
               SELECT FROM ONLY \(target) t WHERE \(same) AND ROW(\(row("t", columns)))::text = ROW(\(row("s", columns)))::text)
             LIMIT \(RowIssue.limit + 1))
            UNION ALL
            (SELECT true, \(row("t", key)) FROM ONLY \(target) t WHERE \(hooks)
               AND NOT EXISTS (SELECT FROM \(load.quoted) s WHERE \(same))
             LIMIT \(RowIssue.limit + 1))
            LIMIT \(RowIssue.limit + 1)
            """
    }

    /// One row where the table has not as many of them as were loaded.
    private static func countDiffers(_ load: StagingTable) -> String {
        """
        SELECT false WHERE \(Hooks.condition(on: load.table.target)) AND
          (SELECT count(*) FROM \(load.quoted)) <> (SELECT count(*) FROM ONLY \(SQL.name(load.table.target)))
        """
    }
}
