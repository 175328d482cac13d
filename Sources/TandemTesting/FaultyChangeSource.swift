public import TandemCore
public import TandemRows

/// A source whose stream fails, or forgets to confirm, and is the one it wraps otherwise.
public struct FaultyChangeSource: ChangeSource {
    private let source: any ChangeSource
    private let faults: Faults

    public init(_ source: any ChangeSource, _ faults: Faults) {
        self.source = source
        self.faults = faults
    }

    public func following(by method: Method) -> (any ChangeSource)? {
        source.following(by: method).map { FaultyChangeSource($0, faults) }
    }

    public func catalog() async throws -> Catalog { try await source.catalog() }
    public func check(_ tables: [TableName]) async -> [Finding] { await source.check(tables) }
    public func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    public func position() async throws -> Checkpoint { try await source.position() }
    public func query(_ sql: String) async throws -> QueryResult { try await source.query(sql) }
    public func close() async { await source.close() }
    public func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        try await source.awaitWriters(of: tables, limit: limit)
    }
    public func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.areRewritten(files)
    }
    public func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.areEmptied(files)
    }
    public func logPosition() async throws -> Checkpoint { try await source.logPosition() }
    public func streamStatus(of sync: String, at state: StreamState?) async throws -> StreamStatus {
        try await source.streamStatus(of: sync, at: state)
    }
    public func tidy(_ record: SourceRecord) async throws { try await source.tidy(record) }
    public func foreseeStream(
        of sync: String,
        tables: [CatalogTable],
        continuing state: StreamState?,
        made: [MadeObject]
    ) async throws -> ForeseenStream {
        try await source.foreseeStream(of: sync, tables: tables, continuing: state, made: made)
    }
    public func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown {
        try await source.teardown(records)
    }

    public func logSnapshot(readers: Int) async throws -> (any Snapshot)? {
        try await source.logSnapshot(readers: readers)
    }

    public func snapshot(readers: Int) async throws -> any Snapshot { try await source.snapshot(readers: readers) }

    public func prepareStream(
        of sync: String,
        tables: [CatalogTable],
        maySetUp: Bool,
        continuing state: StreamState?,
        mayRestart: Bool,
        ownership: Ownership
    ) async throws -> PreparedStream {
        try faults.pass(.prepareStream)
        let prepared = try await source.prepareStream(
            of: sync,
            tables: tables,
            maySetUp: maySetUp,
            continuing: state,
            mayRestart: mayRestart,
            ownership: ownership
        )
        try faults.pass(.streamPrepared)
        return prepared
    }

    public func changes(_ request: StreamRequest) async throws -> any ChangeStream {
        FaultyStream(stream: try await source.changes(request), faults: faults)
    }
}

private struct FaultyStream: ChangeStream {
    let stream: any ChangeStream
    let faults: Faults

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        let batch = try await stream.next(isWanted: isWanted)
        try faults.pass(.read)
        return batch
    }

    /// A confirmation that is lost is no error: the source keeps more than it need, and sends some of it again.
    func confirm(_ checkpoint: Checkpoint) {
        do { try faults.pass(.confirm) } catch { return }
        stream.confirm(checkpoint)
    }

    func hold(_ table: HeldTable?) -> Bool { stream.hold(table) }
    func join(_ table: StreamRequest.Table, after place: Checkpoint) { stream.join(table, after: place) }
    func keepAlive() async throws { try await stream.keepAlive() }
    func close() async { await stream.close() }
}
