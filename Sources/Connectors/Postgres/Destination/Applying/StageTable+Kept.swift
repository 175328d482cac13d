import TandemCore
import TandemRows

/// What users have made at a table that may change rows, or leave them out, without a word.
enum Hooks {
    /// The condition that there is anything such at `table`. It is looked at once, whatever it stands in.
    static func condition(on table: TableName) -> String {
        """
        (SELECT c.relhasrules OR c.relforcerowsecurity OR EXISTS (
           SELECT FROM pg_catalog.pg_trigger t
           WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D')
         FROM pg_catalog.pg_class c WHERE c.oid = \(SQL.literal(SQL.name(table)))::pg_catalog.regclass)
        """
    }
}

/// Whether triggers and rules that users have made at the target have let everything be written as it is.
///
/// Each is a question that goes behind the statement that writes, and counts rows. Where nothing is made there that
/// could change a row, it looks at none.
extension StageTable {
    /// Whether there is anything at the target that could.
    private var hasHooks: String { Hooks.condition(on: target.target) }

    /// Counts the rows that are not as they were written. Only of a table with a key.
    ///
    /// - Parameter filter: What holds of the staged rows `s` that it is about.
    func unlike(where filter: String) -> String {
        let staged = target.types.indices.map { value(column($0), $0) }.joined(separator: ", ")
        let stored = target.types.indices.map { "t.\(targetColumn($0))" }.joined(separator: ", ")
        let same = key.map { "t.\(targetColumn($0)) = \(value(column($0), $0))" }.joined(separator: " AND ")
        return """
            SELECT count(*) FROM \(name) s
            WHERE \(hasHooks) AND s.o IN (\(Kind.written.rawValue), \(Kind.filled.rawValue)) AND \(filter)
              AND NOT EXISTS (
                SELECT FROM ONLY \(quotedTarget) t
                WHERE \(same)\(isThere) AND ROW(\(stored))::text = ROW(\(staged))::text)
            """
    }

    /// Counts the rows that should have been taken away, or marked. Only of a table with a key.
    ///
    /// - Parameters:
    ///   - isOverlapping: Whether some of them are written again.
    ///   - filter: What holds of the staged rows `s` that it is about.
    func left(isOverlapping: Bool, where filter: String) -> String {
        let kind = keepsDeleted ? Kind.deleted : .removed
        let staged =
            isOverlapping ? "(\(goneForGood))" : "(SELECT * FROM \(name) s WHERE s.o = \(kind.rawValue) AND \(filter))"
        return """
            SELECT count(*) FROM \(staged) s JOIN ONLY \(quotedTarget) t ON \(isKey(of: "t", in: "s"))\(isThere)
            WHERE \(hasHooks)
            """
    }

    /// Counts the rows that are left where none that meet `condition` should be.
    func left(where condition: String) -> String {
        "SELECT count(*) FROM ONLY \(quotedTarget) t WHERE \(hasHooks) AND \(condition)\(isThere)"
    }
}
