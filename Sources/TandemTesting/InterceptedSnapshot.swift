import TandemCore
import TandemRows

/// A snapshot whose rows go through a test's hands.
struct InterceptedSnapshot<Base: Snapshot>: Snapshot {
    let snapshot: Base
    let rows: InterceptedSource.Intercept

    var moment: Moment { snapshot.moment }
    var readers: Int { snapshot.readers }
    var notes: [String] { snapshot.notes }
    func close() async { await snapshot.close() }
    func extent(of table: CatalogTable) async throws -> TableExtent? { try await snapshot.extent(of: table) }
    func awaitDurability() async throws { try await snapshot.awaitDurability() }
    func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum? {
        try await snapshot.sum(of: table, as: schema)
    }

    var resumable: (any ResumableSnapshot)? {
        func wrap(_ snapshot: some ResumableSnapshot) -> any ResumableSnapshot {
            InterceptedSnapshot<_>(snapshot: snapshot, rows: rows)
        }
        return snapshot.resumable.map { wrap($0) }
    }

    func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
        rows(try await snapshot.rows(of: table, as: schema, unfit: unfit), table.schema.name, .table)
    }

    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        under keys: [RowKey]
    ) async throws -> any TableRows {
        rows(try await snapshot.rows(of: table, as: schema, unfit: unfit, under: keys), table.schema.name, .table)
    }
}

extension InterceptedSnapshot: ResumableSnapshot where Base: ResumableSnapshot {
    func sections(
        of table: CatalogTable,
        as schema: TableSchema,
        continuing earlier: [TableSection]
    ) async throws -> [TableSection] {
        try await snapshot.sections(of: table, as: schema, continuing: earlier)
    }

    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in section: TableSection
    ) async throws -> any TableRows {
        rows(try await snapshot.rows(of: table, as: schema, unfit: unfit, in: section), table.schema.name, .table)
    }
}

extension InterceptedSnapshot: CursorSnapshot where Base: CursorSnapshot {
    func range(
        of table: CatalogTable,
        by columns: [ColumnSchema],
        after last: [String],
        lookback: Lookback?
    ) async throws -> CursorRange {
        try await snapshot.range(of: table, by: columns, after: last, lookback: lookback)
    }

    func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in range: CursorRange
    ) async throws -> any TableRows {
        rows(try await snapshot.rows(of: table, as: schema, unfit: unfit, in: range), table.schema.name, .range)
    }

    func additions(_ columns: [ColumnSchema], to table: CatalogTable) async throws -> [ColumnID: Value]? {
        try await snapshot.additions(columns, to: table)
    }
}
