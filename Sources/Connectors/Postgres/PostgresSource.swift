import Foundation
package import TandemCore

/// A Postgres database that rows are read from.
package final class PostgresSource: Source {
    let config: PostgresConfig
    let context: ConnectionContext
    let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    let times: FeedTimes
    let sectionBytes: Int
    let connection: Connection

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

    package func check(_ uses: TableUses) async -> [Finding] {
        await ConnectionCheck.findings(
            for: uses.read,
            following: uses.followed,
            leaving: uses.left,
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
        try await taking(readers: readers) { try $0.take(readers: $1, interruption: $2) }
    }

    var slotLog: PostgresSlotLog { PostgresSlotLog(source: self) }
    var triggerLog: PostgresTriggerLog { PostgresTriggerLog(source: self) }

    package func changeLog(_ method: Method) -> (any ChangeLog)? {
        switch method {
        case .logBased: slotLog
        case .triggerBased: triggerLog
        case .fullTable, .incremental: nil
        }
    }

    package func cursorReader() -> (any CursorReader)? { PostgresCursorReader(source: self) }

    package func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown {
        try await connection.run { [config, context] session in
            try StreamTeardown(session: session, config: config, context: context).run(records)
        }
    }

    package func origin() async throws -> String? {
        try await connection.run { session in try session.transaction { try Origin.read(session) } }
    }

    /// In a read-only transaction with the user's own `search_path` and row-level security.
    package func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await connection.run { try UserQuery(sql).answer(over: $0, take) }
    }

    package func close() async { await connection.close() }
}
