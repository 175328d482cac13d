package import TandemCore
package import TandemRows

/// Changes as the server's log tells of them, through a slot: by pgoutput or wal2json.
package struct PostgresSlotLog: ChangeLog {
    let source: PostgresSource

    /// Makes the publications and the slot where they are missing, and compares what the destination has with what
    /// there still is.
    ///
    /// - Throws: ``PostgresError``; among others `notReplicable`, with what an administrator can do.
    package func prepare(_ request: LogRequest, ownership: Ownership) async throws -> PreparedLog {
        try await source.claiming(ownership) { session, made in
            try preparation(request, made, session).run(continuing: request.state)
        }
    }

    package func foresee(_ request: LogRequest, made: [MadeObject]) async throws -> ForeseenLog {
        try await source.connection.run { session in
            try preparation(request, made, session).foresee(continuing: request.state)
        }
    }

    private func preparation(_ request: LogRequest, _ made: [MadeObject], _ session: Session) -> StreamPreparation {
        StreamPreparation(
            session: session,
            config: source.config,
            context: source.context,
            sync: request.sync,
            tables: request.tables,
            made: made,
            mayRestart: request.mayRestart
        )
    }

    /// Over a connection of its own: others are asked meanwhile.
    package func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        try await source.withOwnSession { [notify = source.context.notify] session in
            try OpenWriters(session: session, notify: notify).writers(of: tables.map(\.schema.oid), limit: limit)
        }.leftTables
    }

    package func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.areRewritten(files)
    }

    /// pgoutput leaves out TRUNCATE of a partition where its table is published as a whole.
    package func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.connection.run { session in
            let isHidden = try session.query(
                """
                SELECT EXISTS (SELECT FROM pg_catalog.pg_replication_slots
                  WHERE plugin = 'pgoutput' AND database = pg_catalog.current_database())
                """
            )
            return isHidden.value == "t" ? try RewrittenFiles(session).areEmptied(files) : [:]
        }
    }

    package func end() async throws -> Checkpoint {
        try await source.connection.run { LogCheckpoint(try LogEnd.mark($0)).checkpoint }
    }

    package func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)? {
        try await source.taking(readers: readers) { try $0.takeFromLog(readers: $1, interruption: $2) }
    }

    /// Follows the slot that the request's state names. Where the connection is lost the stream is to be asked for
    /// again, from what the destination has.
    package func stream(_ request: StreamRequest) async throws -> any ChangeStream {
        let opening = try LogOpening(
            request,
            config: source.config,
            context: source.context,
            pinned: source.pinned,
            times: source.times
        )
        let orders = BufferingCommands()
        let stream = FeedStream("tandem.postgres.stream", orders: orders) { try opening.feed($0, orders) }
        try await stream.open()
        return stream
    }

    package func status(of sync: String, at state: StreamCheckpoint?) async throws -> StreamStatus {
        try await source.connection.run { [config = source.config, context = source.context] session in
            try SlotStatus(session: session, config: config, context: context).status(of: sync, at: state)
        }
    }

    package func tidy(_ record: SourceRecord) async throws {
        try await source.connection.run { [config = source.config] session in
            try HarmfulMembers(session: session, config: config).remove(record)
        }
    }
}
