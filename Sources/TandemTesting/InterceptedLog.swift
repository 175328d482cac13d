public import TandemCore
public import TandemRows

/// A log whose streams go through a test's hands, and that is the one it wraps otherwise.
public struct InterceptedLog: ChangeLog {
    private let log: any ChangeLog
    private let asking: @Sendable (String) async throws -> Void
    private let preparing: @Sendable () async throws -> Void
    private let prepared: @Sendable () async throws -> Void
    private let streams: @Sendable (any ChangeStream, StreamRequest) -> any ChangeStream

    /// - Parameters:
    ///   - asking: Called before it is asked for anything else.
    ///   - preparing: Called before a stream is made ready.
    ///   - prepared: Called after that.
    ///   - streams: Gets each stream that is opened, and what was asked for.
    public init(
        _ log: any ChangeLog,
        asking: @escaping @Sendable (String) async throws -> Void = { _ in },
        preparing: @escaping @Sendable () async throws -> Void = {},
        prepared: @escaping @Sendable () async throws -> Void = {},
        streams: @escaping @Sendable (any ChangeStream, StreamRequest) -> any ChangeStream
    ) {
        self.log = log
        self.asking = asking
        self.preparing = preparing
        self.prepared = prepared
        self.streams = streams
    }

    public func prepare(_ request: LogRequest, ownership: Ownership) async throws -> PreparedLog {
        try await preparing()
        let answer = try await log.prepare(request, ownership: ownership)
        try await prepared()
        return answer
    }

    public func stream(_ request: StreamRequest) async throws -> any ChangeStream {
        try await asking("stream")
        return streams(try await log.stream(request), request)
    }

    public func foresee(_ request: LogRequest, made: [MadeObject]) async throws -> ForeseenLog {
        try await log.foresee(request, made: made)
    }
    public func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        try await asking("awaitWriters")
        return try await log.awaitWriters(of: tables, limit: limit)
    }
    public func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await log.areRewritten(files)
    }
    public func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await log.areEmptied(files)
    }
    public func end() async throws -> Checkpoint {
        try await asking("end")
        return try await log.end()
    }
    public func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)? {
        try await log.snapshotAtEnd(readers: readers)
    }
    public func status(of sync: String, at state: StreamCheckpoint?) async throws -> StreamStatus {
        try await log.status(of: sync, at: state)
    }
    public func tidy(_ record: SourceRecord) async throws { try await log.tidy(record) }
}
