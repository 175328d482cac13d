import Synchronization
import TandemCore
import TandemRows

/// Values are value types here, so keeping them is a snapshot.
struct MemorySnapshot: Snapshot {
    let tables: [TableName: MemoryDatabase.Table]
    let moment: Moment
    let readers: Int
    let notes: [String] = []
    let resumable: (any ResumableSnapshot)? = nil

    init(of database: MemoryDatabase, readers: Int) {
        let now = database.state.withLock { $0 }
        tables = now.content.tables
        self.readers = readers
        moment = Moment(
            checkpoint: Checkpoint("\(now.version)"),
            origin: database.name,
            time: database.clock.time,
            position: now.log.map { Checkpoint("\($0.end)") }
        )
    }

    func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
        guard let stored = tables[table.schema.name], stored.schema.id == table.schema.id else {
            throw MemoryError.noTable(table.schema.name)
        }
        return try BatchRows(
            stored.batches.map { try $0.columns(of: stored.schema, as: schema) },
            schema: schema,
            readers: readers
        )
    }

    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        under keys: [RowKey]
    ) async throws -> any TableRows {
        try await rows(of: table, as: schema, unfit: unfit)
    }

    func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum? { nil }
    func extent(of table: CatalogTable) async throws -> TableExtent? {
        tables[table.schema.name].map { TableExtent(columns: Set($0.schema.columns.map(\.id))) }
    }
    func awaitDurability() async throws {}
    func close() async {}
}
