import Foundation
package import TandemCore
import TandemRows

package struct MemorySource: Source {
    private let database: MemoryDatabase
    package init(_ database: MemoryDatabase) { self.database = database }

    package func catalog() async throws -> Catalog {
        Catalog(
            tables: database.tables.values.sorted { $0.schema.name < $1.schema.name }.map { table in
                CatalogTable(
                    schema: table.schema,
                    kind: .table,
                    estimatedRows: table.batches.reduce(0) { $0 + $1.rowCount },
                    methods: [.fullTable: .usable(note: nil)]
                )
            }
        )
    }

    package func check(_ uses: TableUses) async -> [Finding] {
        let known = database.tables
        return uses.read.filter { known[$0] == nil }.map { Finding(.error, "\($0)", "there is no such table") }
    }

    package func setup(_ request: SetupRequest) async throws -> SetupScript { SetupScript(steps: []) }

    package func snapshot(readers: Int) async throws -> any Snapshot {
        let moment = Moment(checkpoint: database.checkpoint, origin: database.name, time: Date().timeIntervalSince1970)
        return MemorySnapshot(tables: database.tables, moment: moment, readers: readers)
    }

    package func changeLog(_ method: Method) -> (any ChangeLog)? { nil }

    package func cursorReader() -> (any CursorReader)? { nil }

    package func origin() async throws -> String? { nil }

    package func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown { SourceTeardown() }

    package func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        throw MemoryError.noSQL
    }

    package func close() async {}
}

extension Column {
    fileprivate func asText(from type: ColumnType, rows: Int) -> Column {
        let storage = ByteStorage()
        let views = (0..<rows).map { row in
            var text = text(row, as: type) ?? ""
            let start = text.withUTF8 { storage.append(UnsafeRawBufferPointer($0)) }
            return ByteViews.View(start: UInt32(start), length: UInt32(text.utf8.count))
        }
        return Column(storage: .bytes(ByteViews(views: views, storage: storage)), validity: validity)
    }
}

/// Values are value types here, so keeping them is a snapshot.
private struct MemorySnapshot: Snapshot {
    let tables: [TableName: MemoryDatabase.Table]
    let moment: Moment
    let readers: Int
    let notes: [String] = []
    let resumable: (any ResumableSnapshot)? = nil

    func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
        guard let stored = tables[table.schema.name] else { throw MemoryError.noTable(table.schema.name) }
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
    func extent(of table: CatalogTable) async throws -> TableExtent? { nil }
    func awaitDurability() async throws {}
    func close() async {}
}

extension RowBatch {
    /// The columns of `schema`, found by name among those of `stored`; any of them as text where that is asked for.
    func columns(of stored: TableSchema, as schema: TableSchema) throws(MemoryError) -> RowBatch {
        var picked: [Column] = []
        for column in schema.columns {
            let index = stored.columns.firstIndex { $0.name == column.name }
            guard let index else { throw .noColumn(column.name, stored.name) }
            let type = stored.columns[index].type
            switch column.type {
            case type: picked.append(columns[index])
            case .text: picked.append(columns[index].asText(from: type, rows: rowCount))
            default: throw .noColumn(column.name, stored.name)
            }
        }
        return RowBatch(rowCount: rowCount, columns: picked, byteCount: byteCount)
    }
}
