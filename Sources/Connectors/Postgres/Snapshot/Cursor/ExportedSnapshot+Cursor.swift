import TandemCore
import TandemRows

extension ExportedSnapshot: CursorSnapshot {
    func range(
        of table: CatalogTable,
        by columns: [ColumnSchema],
        after last: [String],
        lookback: Lookback?
    ) async throws -> CursorRange {
        let types = types
        return try await ask { session in
            try CursorReading(session: session, table: table, types: types).range(
                by: columns,
                after: last,
                lookback: lookback
            )
        }
    }

    /// One reader reads them in order of where they lie, or through an index: not by ranges of pages.
    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in range: CursorRange
    ) async throws -> any TableRows {
        SnapshotTableReader(table, as: schema, policy: unfit, pool: pool, types: types, readers: 1, range: range)
    }

    func additions(_ columns: [ColumnSchema], to table: CatalogTable) async throws -> [ColumnID: Value]? {
        let types = types
        return try await ask { session in
            try CursorReading(session: session, table: table, types: types).additions(columns)
        }
    }
}
