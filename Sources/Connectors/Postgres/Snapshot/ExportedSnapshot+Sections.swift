import TandemCore
import TandemRows

/// Tables that are read in sections: only as plain heaps, page by page, by whom sees every row.
extension ExportedSnapshot: ResumableSnapshot {
    var resumable: (any ResumableSnapshot)? { self }

    func sections(
        of table: CatalogTable,
        as schema: TableSchema,
        continuing earlier: [TableSection]
    ) async throws -> [TableSection] {
        guard table.kind == .table || table.kind == .partitionedTable else { return [] }
        // One that has grown past that since is copied as a whole.
        if earlier.isEmpty, let known = table.bytes, known < sectionBytes { return [] }
        let (types, bytes) = (types, sectionBytes)
        return try await ask { session in
            try CopyPlanner(session: session, table: table, schema: schema, types: types).sections(
                continuing: earlier,
                bytes: bytes
            )
        }
    }

    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in section: TableSection
    ) async throws -> any TableRows {
        SnapshotTableReader(
            table,
            as: schema,
            policy: unfit,
            pool: pool,
            types: types,
            readers: readers,
            section: section
        )
    }
}
