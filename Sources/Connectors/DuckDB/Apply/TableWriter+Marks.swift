import TandemCore
import TandemRows

/// Rows that are marked as deleted, and stay.
extension TableWriter {
    private var keepsDeleted: Bool { table.metadataColumns.contains(.deletedAt) }
    private static let deletedAt = SQL.identifier(MetadataColumns.deletedAtName)

    /// Goes behind a condition, so that it holds for rows only which are not marked.
    func isThere(_ row: String) -> String { keepsDeleted ? " AND \(row).\(Self.deletedAt) IS NULL" : "" }

    private func marking(_ time: String) -> String {
        let synced =
            table.metadataColumns.contains(.syncedAt) ? ", \(SQL.identifier(MetadataColumns.syncedAtName)) = now()" : ""
        return "\(Self.deletedAt) = \(time)\(synced)"
    }

    /// - Returns: How many rows were taken away.
    func empty(at time: Double?) throws -> Int {
        let action = "empty \(table.name)"
        guard keepsDeleted else { return try session.run("DELETE FROM \(target)", [], to: action) }
        let marking = marking(time.map { "to_timestamp(\($0))" } ?? "now()")
        try session.run("UPDATE \(target) SET \(marking) WHERE \(Self.deletedAt) IS NULL", to: action)
        return 0
    }

    func mark(_ deleted: [DeletedRows]) throws {
        let rows = FedRows(deleted, of: table)
        guard rows.count > 0 else { return }
        let action = "mark rows of \(table.name)"
        guard !table.identity.isEmpty else {
            let time = "c\(table.columns.count)"
            return try withRowNumbers { numbering in
                let equal = equalRows("list(\(time) ORDER BY \(time))", numbering)
                _ = try run(
                    """
                    UPDATE \(target) AS kept SET \(marking("coalesce(gone.time, now())")) FROM (
                        SELECT place, count[ordinal] AS time FROM (\(equal)) WHERE ordinal <= len(count)
                    ) AS gone WHERE kept.rowid = gone.place
                    """,
                    with: rows,
                    to: action
                )
            }
        }
        let conditions = table.identity.enumerated().map { position, index in
            isKey(index, "kept", equal: "=", to: "gone.c\(position)")
        }
        _ = try run(
            """
            UPDATE \(target) AS kept SET \(marking("coalesce(gone.c\(table.identity.count), now())"))
            FROM \(feed.name)() AS gone WHERE \(conditions.joined(separator: " AND "))\(isThere("kept"))
            """,
            with: rows,
            to: action
        )
    }
}
