import Synchronization
public import TandemRows

/// Where rows come from.
public protocol Source: Sendable {
    /// Every table there is, whether it can be read or not.
    func catalog() async throws -> Catalog

    /// Whether everything is ready for what `uses` says; each finding with its remedy. Reaching the server is part of
    /// the question, so an unreachable one is a finding and not an error.
    func check(_ uses: TableUses) async -> [Finding]

    /// What an administrator runs so that this connection's user may read `schemas`.
    func setup(_ request: SetupRequest) async throws -> SetupScript

    /// Fixes one moment of the database, to be read by up to `readers` threads, or by as many as the connection's own
    /// settings say.
    func snapshot(readers: Int) async throws -> any Snapshot

    /// What tells of changes by `method`. It shares what is open with the source, which alone is to be closed. `nil`
    /// where changes cannot be told so.
    func changeLog(_ method: Method) -> (any ChangeLog)?

    /// What reads tables by a cursor; `nil` where they cannot be. It shares what is open with the source, too.
    func cursorReader() -> (any CursorReader)?

    /// What tells this database from every other, as ``Moment/origin`` does; `nil` where nobody writes into it.
    func origin() async throws -> String?

    /// Removes what the destinations remember to have made here, by whatever method, and nothing else; tells what else
    /// there is.
    func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown

    /// Runs one statement that only reads, and hands its rows over as they come, so that memory does not grow with
    /// their number.
    ///
    /// - Parameter take: Gets the answer in parts, all with columns and types, the first also where there are no rows.
    ///   It may block, and returns whether it wants more.
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws

    func close() async
}

extension Source {
    /// Runs one statement that only reads.
    ///
    /// - Returns: All of its rows.
    public func query(_ sql: String) async throws -> QueryResult {
        let whole = Mutex(QueryResult(columns: [], types: [], rows: []))
        try await query(sql) { part in
            whole.withLock { whole in
                (whole.columns, whole.types) = (part.columns, part.types)
                whole.rows += part.rows
            }
            return true
        }
        return whole.withLock { $0 }
    }
}

/// What syncs use a source's tables for.
public struct TableUses: Sendable {
    /// All that are read.
    public var read: [TableName]
    /// Those of them whose changes are to be followed in the log, by the sync that follows them.
    public var followed: [String: [TableName]]
    /// Others that syncs select, and that cannot be copied as they are.
    public var left: [TableName]

    public init(read: [TableName] = [], followed: [String: [TableName]] = [:], left: [TableName] = []) {
        self.read = read
        self.followed = followed
        self.left = left
    }
}
