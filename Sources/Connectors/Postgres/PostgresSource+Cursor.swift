package import TandemCore
package import TandemRows

extension PostgresSource: CursorSource {
    /// Over a connection of its own. On a standby nobody is waited for: the transactions there only read, and of those
    /// that write elsewhere it knows nothing.
    package func cursorPlaces(
        of tables: [CursorTable],
        patience: Duration
    ) async throws -> [TableID: CursorPlace] {
        let (config, context, pinned) = (config, context, pinned)
        return try await Blocking.run { interruption in
            let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
            defer { session.close() }
            let types = try CatalogReader(session).types()
            var places: [UInt32: CursorPlace] = [:]
            for table in tables {
                places[table.table.schema.oid] = try session.transaction {
                    try CursorReading(session: session, table: table.table, types: types).place(
                        by: table.columns.map(\.number)
                    )
                }
            }
            let writing = try OpenWriters(session: session, notify: context.notify).wait(
                for: Array(places.keys),
                limit: patience
            )
            for table in writing { places[table] = nil }
            return places.byTable
        }
    }
}
