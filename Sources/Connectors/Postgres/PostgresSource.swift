import Foundation
package import TandemCore
package import TandemRows

/// A Postgres database that rows are read from.
package final class PostgresSource: Source {
    let config: PostgresConfig
    let context: ConnectionContext
    let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    let times: FeedTimes
    private let sectionBytes: Int
    let connection: Connection
    /// By which this source tells of changes.
    let capture: Method

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - pinned: Changes what the server is taken to be able to do. For tests.
    ///   - times: By which a stream is read. For tests.
    ///   - sectionBytes: How large a section of a table is at least. For tests.
    package init(
        _ config: PostgresConfig,
        in context: ConnectionContext,
        pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil,
        times: FeedTimes = FeedTimes(),
        sectionBytes: Int? = nil
    ) {
        self.config = config
        self.context = context
        self.pinned = pinned
        self.times = times
        self.sectionBytes = sectionBytes ?? HeapSections.standardBytes
        connection = Connection(config, in: context, pinned: pinned)
        capture = .logBased
    }

    /// The same source, as one that tells of changes by `capture`.
    init(_ other: PostgresSource, capturing capture: Method) {
        (config, context, pinned, times) = (other.config, other.context, other.pinned, other.times)
        (connection, sectionBytes) = (other.connection, other.sectionBytes)
        self.capture = capture
    }

    package func catalog() async throws -> Catalog {
        var attempt = 0
        while true {
            // Where tables come and go all the time, those that are there will do in the end.
            let isComplete = attempt < Self.catalogRetries
            do {
                return try await connection.run { [config, context] session in
                    try session.transaction(.snapshot) {
                        let tables = try CatalogReader(session).tables(isComplete: isComplete).map(\.catalogTable)
                        let covered = try LogCoverage.settle(tables, session, config: config, context: context)
                        return Catalog(tables: try TriggerReadiness(session, config).settle(covered))
                    }
                }
            } catch PostgresError.catalogChanged where attempt < Self.catalogRetries {
                attempt += 1
            }
        }
    }

    /// How often the catalog is read anew where tables are dropped while it is read.
    private static let catalogRetries = 5

    package func check(_ tables: [TableName]) async -> [Finding] { await check(tables, following: [:], leaving: []) }

    package func check(
        _ tables: [TableName],
        following: [String: [TableName]],
        leaving: [TableName]
    ) async -> [Finding] {
        await ConnectionCheck.findings(
            for: tables,
            following: following,
            leaving: leaving,
            through: connection,
            readers: readers,
            config: config,
            context: context
        )
    }

    package func setup(_ request: SetupRequest) async throws -> SetupScript {
        try await ConnectionSetup(config, in: context).script(request)
    }

    /// How many connections the configuration lets read at once.
    package var readers: Int {
        config.readers
            ?? max(2, min(ProcessInfo.processInfo.activeProcessorCount, PostgresConfig.readerRange.upperBound))
    }

    /// - Parameter readers: Where the configuration does not say.
    package func snapshot(readers: Int) async throws -> any Snapshot { try await exported(readers: readers) }

    func exported(readers: Int) async throws -> ExportedSnapshot {
        let taking = SnapshotTaking(config: config, context: context, pinned: pinned, sectionBytes: sectionBytes)
        let count = config.readers ?? readers
        return try await Blocking.run { interruption in
            try taking.take(readers: max(1, count), interruption: interruption)
        }
    }

    /// Which transactions are complete by now.
    package func position() async throws -> Checkpoint {
        try await connection.run { try SnapshotTaking.position(of: $0) }
    }

    package func origin() async throws -> String? {
        try await connection.run { session in try session.transaction { try Origin.read(session) } }
    }

    /// Runs one statement in a read-only transaction with the user's own `search_path` and row-level security.
    package func query(_ sql: String) async throws -> QueryResult {
        try await connection.run { session in
            var whole = QueryResult(columns: [], types: [], rows: [])
            try UserQuery(sql).answer(over: session) { part in
                (whole.columns, whole.types) = (part.columns, part.types)
                whole.rows += part.rows
                return true
            }
            return whole
        }
    }

    package func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await connection.run { try UserQuery(sql).answer(over: $0, take) }
    }

    package func close() async { await connection.close() }
}
