public import TandemCore
public import TandemRows

/// A source whose rows and changes go through a test's hands, and that is the one it wraps otherwise.
public struct InterceptedSource: Source {
    /// Of what rows are a part.
    public enum Reading: Sendable {
        /// Of a table as a whole, of a section of it, or of what has some keys.
        case table
        /// Of a table from a cursor's place on.
        case range
    }

    public typealias Intercept = @Sendable (any TableRows, TableName, Reading) -> any TableRows

    private let source: any Source
    private let asking: @Sendable (String) async throws -> Void
    private let rows: Intercept
    private let log: @Sendable (any ChangeLog) -> any ChangeLog

    /// - Parameters:
    ///   - asking: Called before its catalog is read, or a snapshot is taken.
    ///   - rows: Gets what is about to be read from a snapshot, but for those of ``ChangeLog/snapshotAtEnd(readers:)``.
    ///   - log: Gets each log that is asked for.
    public init(
        _ source: any Source,
        asking: @escaping @Sendable (String) async throws -> Void = { _ in },
        rows: @escaping Intercept = { rows, _, _ in rows },
        log: @escaping @Sendable (any ChangeLog) -> any ChangeLog = { $0 }
    ) {
        self.source = source
        self.asking = asking
        self.rows = rows
        self.log = log
    }

    public func catalog() async throws -> Catalog {
        try await asking("catalog")
        return try await source.catalog()
    }
    public func check(_ uses: TableUses) async -> [Finding] { await source.check(uses) }
    public func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    public func origin() async throws -> String? { try await source.origin() }
    public func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown {
        try await source.teardown(records)
    }
    public func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await source.query(sql, take: take)
    }
    public func close() async { await source.close() }

    public func changeLog(_ method: Method) -> (any ChangeLog)? { source.changeLog(method).map(log) }

    public func cursorReader() -> (any CursorReader)? {
        source.cursorReader().map { Reader(reader: $0, rows: rows) }
    }

    public func snapshot(readers: Int) async throws -> any Snapshot {
        func wrap(_ snapshot: some Snapshot) -> any Snapshot { InterceptedSnapshot(snapshot: snapshot, rows: rows) }
        try await asking("snapshot")
        return wrap(try await source.snapshot(readers: readers))
    }

    private struct Reader: CursorReader {
        let reader: any CursorReader
        let rows: Intercept

        func places(of tables: [CursorTable], patience: Duration) async throws -> [TableID: CursorPlace] {
            try await reader.places(of: tables, patience: patience)
        }

        func snapshot(readers: Int) async throws -> any CursorSnapshot {
            func wrap(_ snapshot: some CursorSnapshot) -> any CursorSnapshot {
                InterceptedSnapshot(snapshot: snapshot, rows: rows)
            }
            return wrap(try await reader.snapshot(readers: readers))
        }
    }
}
