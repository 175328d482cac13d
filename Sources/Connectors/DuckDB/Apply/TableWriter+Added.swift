import TandemCore
import TandemRows

/// Columns that users have added: a row that takes the place of another with its key keeps what they have written
/// there.
extension TableWriter {
    private static let addedTable = "\"temp\".\"main\".\"tandem_added\""

    /// Calls `body`, which replaces the rows of `changes`.
    func keepingAdded(_ changes: NetChanges, _ body: () throws -> Int) throws -> Int {
        let rows = FedRows(changes.removed + changes.patched.map(\.keys), of: table, columns: table.identity)
        guard !table.added.isEmpty, !table.identity.isEmpty, !changes.isEmptied, rows.count > 0 else {
            return try body()
        }
        func isSame(_ prefix: String) -> String {
            table.identity.enumerated().map { isKey($1, "kept", equal: "=", to: "gone.\(prefix)\($0)") }
                .joined(separator: " AND ")
        }
        let names = table.added.map(SQL.identifier)
        let keys = table.identity.indices.map { "gone.c\($0) AS k\($0)" }
        let values = names.enumerated().map { "kept.\($1) AS a\($0)" }
        let action = "keep columns that were added to \(table.name)"
        _ = try run(
            """
            CREATE TEMP TABLE \(Self.addedTable) AS SELECT \((keys + values).joined(separator: ", "))
            FROM \(feed.name)() AS gone JOIN \(target) AS kept ON \(isSame("c"))
            """,
            with: rows,
            to: action
        )
        let growth = try body()
        let assignments = names.enumerated().map { "\($1) = gone.a\($0)" }.joined(separator: ", ")
        try session.run(
            """
            UPDATE \(target) AS kept SET \(assignments) FROM \(Self.addedTable) AS gone WHERE \(isSame("k"));
            DROP TABLE \(Self.addedTable);
            """,
            to: action
        )
        return growth
    }
}
