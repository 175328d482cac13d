import TandemCore
import TandemRows

/// How far streams have come, and what their changes make of the copies.
extension Metadata {
    func stream(of sync: String, by method: Method) throws -> StreamCheckpoint? {
        guard try storedVersion() != nil else { return nil }
        let rows = try session.texts(
            "SELECT id, checkpoint, time::VARCHAR FROM \(table("streams")) WHERE sync = $1 AND method = $2",
            [.text(sync), .text(method.rawValue)],
            to: "read how far \(sync) has come"
        )
        guard let row = rows.first else { return nil }
        return StreamCheckpoint(
            method: method,
            id: row[0] ?? "",
            checkpoint: Checkpoint(row[1] ?? ""),
            time: row[2].flatMap { Double($0) }
        )
    }

    /// Stores how far `sync` has come.
    func store(_ state: StreamCheckpoint, of sync: String) throws {
        let action = "note how far \(sync) has come"
        let values: [Session.Value] = [sync, state.id, state.checkpoint.description, state.method.rawValue].map {
            .text($0)
        }
        let time = state.time.map { "\($0)::DOUBLE" } ?? "NULL"
        let streams = table("streams")
        let updated = try session.run(
            "UPDATE \(streams) SET id = $2, checkpoint = $3, time = \(time) WHERE sync = $1 AND method = $4",
            values,
            to: action
        )
        guard updated == 0 else { return }
        try session.run("INSERT INTO \(streams) VALUES ($1, $2, $3, \(time), $4)", values, to: action)
    }

    /// Adds to the numbers of rows that are remembered of the targets of `sync`.
    ///
    /// - Parameter rows: What to add, by the target's folded name (``SQL/fold(_:)``).
    /// - Returns: How many of the targets are known.
    func add(_ rows: [TableName: Int], of sync: String) throws -> Int {
        guard !rows.isEmpty else { return 0 }
        let values = rows.map { "(\(SQL.literal(SQL.foldedText($0))), \($1))" }.joined(separator: ", ")
        return try session.run(
            """
            UPDATE \(table("tables")) AS known SET row_count = row_count + added.rows
            FROM (VALUES \(values)) AS added(name, rows)
            WHERE known.sync = $1 AND \(SQL.folded("known.schema_name", "known.table_name")) = added.name
            """,
            [.text(sync)],
            to: "count the rows of its tables"
        )
    }

    /// Stores `copy` in place of what was known of `target`. When it was copied stays.
    ///
    /// - Parameter isCounted: Whether its number of rows is to be stored too.
    /// - Returns: Whether `target` was known.
    func replace(_ target: TableName, by copy: SyncedTable, isCounted: Bool, of sync: String) throws -> Bool {
        let count = isCounted ? ", row_count = \(copy.rows)" : ""
        let replaced = try session.run(
            """
            UPDATE \(table("tables")) SET schema_name = $3, table_name = $4, document = $5\(count)
            WHERE sync = $1 AND \(SQL.folded("schema_name", "table_name")) = $2
            """,
            [
                .text(sync), .text(SQL.foldedText(target)), .text(copy.target.schema), .text(copy.target.table),
                .text(try copy.document),
            ],
            to: "remember \(copy.target)"
        )
        return replaced > 0
    }
}
