package import TandemCore
package import TandemRows

/// Reads a database's tables by a cursor.
package struct PostgresCursorReader: CursorReader {
    let source: PostgresSource

    /// Over a connection of its own. On a standby nobody is waited for: the transactions there only read, and of those
    /// that write elsewhere it knows nothing.
    package func places(of tables: [CursorTable], patience: Duration) async throws -> [TableID: CursorPlace] {
        try await source.withOwnSession { [notify = source.context.notify] session in
            let types = try CatalogReader(session).types()
            var places: [UInt32: CursorPlace] = [:]
            for table in tables {
                places[table.table.schema.oid] = try session.transaction {
                    try CursorReading(session: session, table: table.table, types: types).place(
                        by: table.columns.map(\.number)
                    )
                }
            }
            let writing = try OpenWriters(session: session, notify: notify).wait(
                for: Array(places.keys),
                limit: patience
            )
            for table in writing { places[table] = nil }
            return places.byTable
        }
    }

    package func snapshot(readers: Int) async throws -> any CursorSnapshot {
        try await source.exported(readers: readers)
    }
}
