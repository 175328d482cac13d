import Synchronization
package import TandemCore
import TandemRows

package struct MemorySource: Source {
    private let database: MemoryDatabase
    private let holdLimit: Int

    /// - Parameter holdLimit: How many rows a stream holds back of a table that is being copied.
    package init(_ database: MemoryDatabase, holdLimit: Int = 100_000) {
        self.database = database
        self.holdLimit = holdLimit
    }

    package func catalog() async throws -> Catalog {
        var methods: [Method: Eligibility] = [.fullTable: .usable(note: nil), .incremental: .usable(note: nil)]
        if changeLog(.logBased) != nil { methods[.logBased] = .usable(note: nil) }
        return Catalog(
            tables: database.tables.values.sorted { $0.schema.name < $1.schema.name }.map { table in
                CatalogTable(
                    schema: table.schema,
                    kind: .table,
                    estimatedRows: table.batches.reduce(0) { $0 + $1.rowCount },
                    cursorColumns: table.schema.columns.filter(MemoryCursorReader.isCursor).map(\.name),
                    methods: methods
                )
            }
        )
    }

    package func check(_ uses: TableUses) async -> [Finding] {
        let known = database.tables
        return uses.read.filter { known[$0] == nil }.map { Finding(.error, "\($0)", "there is no such table") }
    }

    package func setup(_ request: SetupRequest) async throws -> SetupScript { SetupScript(steps: []) }

    package func snapshot(readers: Int) async throws -> any Snapshot { MemorySnapshot(of: database, readers: readers) }

    package func changeLog(_ method: Method) -> (any ChangeLog)? {
        guard method == .logBased, database.state.withLock({ $0.log != nil }) else { return nil }
        return MemoryLog(database: database, holdLimit: holdLimit)
    }

    package func cursorReader() -> (any CursorReader)? { MemoryCursorReader(database: database) }

    /// Nobody finds one that is gone with the program.
    package func origin() async throws -> String? { nil }

    package func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown {
        var teardown = SourceTeardown()
        for record in records {
            let isRemoved = database.state.withLock { $0.log?.remove(record.sync) } == true
            if isRemoved { teardown.removed.append("what \(record.sync) keeps of the log") }
            teardown.gone += record.made.filter { $0.place == database.name }
        }
        return teardown
    }

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
