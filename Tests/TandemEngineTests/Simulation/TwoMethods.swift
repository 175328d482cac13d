import TandemCore
import TandemMemory
import TandemRows
import TandemTesting

/// A database in memory whose log is read twice, as if triggers wrote one of the two: some tables can be followed by
/// the one only and some by the other, as the last letter of their names says.
struct TwoMethods: Source {
    let source: MemorySource
    /// Called before the second log is made ready.
    var preparing: @Sendable () async throws -> Void = {}

    func catalog() async throws -> Catalog {
        var catalog = try await source.catalog()
        for index in catalog.tables.indices where "4567".contains(catalog.tables[index].schema.name.table.suffix(1)) {
            let usable = catalog.tables[index].methods.removeValue(forKey: .logBased)
            catalog.tables[index].methods[.triggerBased] = usable
        }
        return catalog
    }

    func changeLog(_ method: Method) -> (any ChangeLog)? {
        guard method == .triggerBased else { return source.changeLog(method) }
        return source.changeLog(.logBased).map { SecondLog(log: $0, preparing: preparing) }
    }

    func check(_ uses: TableUses) async -> [Finding] { await source.check(uses) }
    func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    func snapshot(readers: Int) async throws -> any Snapshot { try await source.snapshot(readers: readers) }
    func cursorReader() -> (any CursorReader)? { source.cursorReader() }
    func origin() async throws -> String? { try await source.origin() }
    func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown { try await source.teardown(records) }
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await source.query(sql, take: take)
    }
    func close() async { await source.close() }
}

/// The log as a reader of its own.
private struct SecondLog: ChangeLog {
    let log: any ChangeLog
    let preparing: @Sendable () async throws -> Void

    private func name(_ sync: String) -> String { sync + "_by_triggers" }

    func prepare(_ request: LogRequest, ownership: Ownership) async throws -> PreparedLog {
        try await preparing()
        var request = request
        request.sync = name(request.sync)
        var prepared = try await log.prepare(request, ownership: ownership)
        prepared.state.method = .triggerBased
        return prepared
    }

    func foresee(_ request: LogRequest, made: [MadeObject]) async throws -> ForeseenLog {
        var request = request
        request.sync = name(request.sync)
        return try await log.foresee(request, made: made)
    }

    func stream(_ request: StreamRequest) async throws -> any ChangeStream {
        var request = request
        request.sync = name(request.sync)
        return SecondStream(stream: try await log.stream(request))
    }

    func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        try await log.awaitWriters(of: tables, limit: limit)
    }
    func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { try await log.areRewritten(files) }
    func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { try await log.areEmptied(files) }
    func end() async throws -> Checkpoint { try await log.end() }
    func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)? { try await log.snapshotAtEnd(readers: readers) }
    func status(of sync: String, at state: StreamCheckpoint?) async throws -> StreamStatus {
        try await log.status(of: name(sync), at: state)
    }
    func tidy(_ record: SourceRecord) async throws { try await log.tidy(record) }
}

private struct SecondStream: ChangeStream {
    let stream: any ChangeStream

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        var batch = try await stream.next(isWanted: isWanted)
        batch?.state?.method = .triggerBased
        return batch
    }

    func confirm(_ checkpoint: Checkpoint) { stream.confirm(checkpoint) }
    func hold(_ table: BufferedTable?) -> Bool { stream.hold(table) }
    func join(_ table: StreamRequest.Table, after place: Checkpoint) { stream.join(table, after: place) }
    func keepAlive() async throws { try await stream.keepAlive() }
    func close() async { await stream.close() }
}
