public import TandemCore
public import TandemRows

/// A source whose reading by a cursor fails where a test says, and that is the source it wraps otherwise.
public struct FaultyCursorSource: CursorSource {
    private let source: any CursorSource
    private let faults: FaultySource.FaultList

    /// - Parameter faults: For each table, the faults of its first, second, … reading by a cursor.
    public init(_ source: any CursorSource, faults: [TableName: [FaultySource.Fault]]) {
        self.source = source
        self.faults = FaultySource.FaultList(faults)
    }

    public func catalog() async throws -> Catalog { try await source.catalog() }
    public func check(_ tables: [TableName]) async -> [Finding] { await source.check(tables) }
    public func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    public func position() async throws -> Checkpoint { try await source.position() }
    public func query(_ sql: String) async throws -> QueryResult { try await source.query(sql) }
    public func close() async { await source.close() }

    public func cursorPlaces(of tables: [CursorTable], patience: Duration) async throws -> [TableID: CursorPlace] {
        try await source.cursorPlaces(of: tables, patience: patience)
    }

    public func snapshot(readers: Int) async throws -> any Snapshot {
        let snapshot = try await source.snapshot(readers: readers)
        guard let cursors = snapshot as? any CursorSnapshot else { return snapshot }
        return FaultyCursorSnapshot(snapshot: cursors, faults: faults)
    }
}

private struct FaultyCursorSnapshot: CursorSnapshot {
    let snapshot: any CursorSnapshot
    let faults: FaultySource.FaultList

    var moment: Moment { snapshot.moment }
    var readers: Int { snapshot.readers }
    var notes: [String] { snapshot.notes }
    func close() async { await snapshot.close() }
    func extent(of table: CatalogTable) async throws -> TableExtent? { try await snapshot.extent(of: table) }
    func awaitDurability() async throws { try await snapshot.awaitDurability() }

    func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
        try await snapshot.rows(of: table, as: schema, unfit: unfit)
    }

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
        let rows = try await snapshot.rows(of: table, as: schema, unfit: unfit, in: range)
        guard let fault = faults.next(for: table.schema.name) else { return rows }
        return InterceptedRows.failing(rows, after: fault.afterBatches, fault.error)
    }

    func additions(_ columns: [ColumnSchema], to table: CatalogTable) async throws -> [ColumnID: Value]? {
        try await snapshot.additions(columns, to: table)
    }
}
