import TandemCore
import TandemRows

/// Reads tables in memory by columns of whole numbers, as a cursor.
struct MemoryCursorReader: CursorReader {
    let database: MemoryDatabase

    static func isCursor(_ column: ColumnSchema) -> Bool {
        switch column.type {
        case .int16, .int32, .int64: true
        default: false
        }
    }

    /// Nobody has to be waited for: a transaction is over at once.
    func places(of tables: [CursorTable], patience: Duration) async throws -> [TableID: CursorPlace] {
        let stored = database.tables
        var places: [TableID: CursorPlace] = [:]
        for wanted in tables {
            let schema = wanted.table.schema
            guard let table = stored[schema.name] else { throw MemoryError.noTable(schema.name) }
            let columns = try table.schema.indexes(of: wanted.columns)
            let last = table.batches.flatMap { batch in
                (0..<batch.rowCount).compactMap { batch.numbers($0, in: columns) }
            }.max { $0.lexicographicallyPrecedes($1) }
            places[schema.id] = last.map { .at($0.map(String.init)) } ?? .start
        }
        return places
    }

    func snapshot(readers: Int) async throws -> any CursorSnapshot { MemorySnapshot(of: database, readers: readers) }
}

extension MemorySnapshot: CursorSnapshot {
    func range(
        of table: CatalogTable,
        by columns: [ColumnSchema],
        after last: [String],
        lookback: Lookback?
    ) async throws -> CursorRange {
        var lower = last.compactMap { Int128($0) }
        if case .number(let number)? = lookback, !lower.isEmpty, number != 0 {
            // Further back than that nothing can be said of the other columns.
            lower = [lower[0] - Int128(number)]
        }
        let texts = lower.map(String.init)
        let values = zip(lower, columns).map { $1.type == .text ? Value.text("\($0)") : .number($0) }
        return CursorRange(columns: columns.map(\.id), lower: texts, values: values)
    }

    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in range: CursorRange
    ) async throws -> any TableRows {
        guard let stored = tables[table.schema.name] else { throw MemoryError.noTable(table.schema.name) }
        let columns = try stored.schema.indexes(of: range.columns)
        let lower = range.lower.compactMap { Int128($0) }
        let chosen = try stored.batches.compactMap { batch -> RowBatch? in
            let rows = (0..<batch.rowCount).filter { row in
                guard let place = batch.numbers(row, in: columns) else { return true }
                return !place.prefix(lower.count).lexicographicallyPrecedes(lower)
            }
            return rows.isEmpty ? nil : try batch.picking(rows).columns(of: stored.schema, as: schema)
        }
        return BatchRows(chosen, schema: schema, readers: 1)
    }

    /// Rows that were there before may have been written to since.
    func additions(_ columns: [ColumnSchema], to table: CatalogTable) async throws -> [ColumnID: Value]? { nil }
}

extension TableSchema {
    fileprivate func indexes(of wanted: [ColumnID]) throws(MemoryError) -> [Int] {
        var indexes: [Int] = []
        for id in wanted {
            guard let index = columns.firstIndex(where: { $0.id == id }) else { throw .noColumn("\(id)", name) }
            indexes.append(index)
        }
        return indexes
    }
}

extension RowBatch {
    /// The numbers of a row; `nil` where one of them is null.
    fileprivate func numbers(_ row: Int, in columns: [Int]) -> [Int128]? {
        var numbers: [Int128] = []
        for index in columns {
            guard case .number(let number) = Value(row, of: self.columns[index]) else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
