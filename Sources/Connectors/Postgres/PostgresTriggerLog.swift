package import TandemCore
package import TandemRows

/// Changes as triggers note them in tables of their own.
package struct PostgresTriggerLog: ChangeLog {
    let source: PostgresSource

    /// Makes what notes changes where it is missing and that is allowed, and compares what the destination has with
    /// what there still is.
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

    private func preparation(_ request: LogRequest, _ made: [MadeObject], _ session: Session) -> TriggerPreparation {
        TriggerPreparation(
            session: session,
            config: source.config,
            context: source.context,
            sync: request.sync,
            tables: request.tables,
            maySetUp: request.maySetUp,
            made: made,
            mayRestart: request.mayRestart
        )
    }

    /// What triggers note is noted in every transaction that a snapshot does not show, but for gaps.
    package func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        try await source.withOwnSession { [notify = source.context.notify] session in
            try TriggerGaps(session: session, notify: notify).close(tables.map(\.schema.oid), limit: limit)
        }.leftTables
    }

    package func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await source.areRewritten(files)
    }

    /// Each part has a trigger of its own.
    package func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { [:] }

    package func end() async throws -> Checkpoint {
        try await source.connection.run { session in
            TriggerCheckpoint(snapshot: try TriggerLogs(session).moment().snapshot).checkpoint
        }
    }

    /// One that others cannot join is none that the destination could be brought to.
    package func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)? {
        let snapshot = try await source.taking(readers: readers) { taking, readers, interruption in
            try taking.take(readers: readers, isNoted: true, interruption: interruption)
        }
        return snapshot.moment.position.flatMap(TriggerCheckpoint.init) == nil ? nil : snapshot
    }

    package func stream(_ request: StreamRequest) async throws -> any ChangeStream {
        let (config, context, pinned, times) = (source.config, source.context, source.pinned, source.times)
        let stream = FeedStream("tandem.postgres.triggers") { interruption in
            let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
            return try TriggerFeed(session, request: request, times: times)
        }
        try await stream.open()
        return stream
    }

    package func status(of sync: String, at state: StreamCheckpoint?) async throws -> StreamStatus {
        try await source.connection.run { [config = source.config, project = source.context.project] session in
            try TriggerStatus(session: session, config: config).status(of: sync, project)
        }
    }

    package func tidy(_ record: SourceRecord) async throws {
        try await source.connection.run { try DroppedCaptures(session: $0).remove() }
    }
}
