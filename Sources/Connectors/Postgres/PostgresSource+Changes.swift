package import TandemCore
package import TandemRows

/// Changes are told by the log or by what triggers note; ``PostgresSource/capture`` says which.
extension PostgresSource: ChangeSource {
    package func following(by method: Method) -> (any ChangeSource)? {
        switch method {
        case capture: self
        case .logBased, .triggerBased: PostgresSource(self, capturing: method)
        case .fullTable, .incremental: nil
        }
    }

    private var isNoted: Bool { capture == .triggerBased }

    /// Makes the publications and the slot where they are missing, or what notes changes where that is allowed, and
    /// compares what the destination has with what there still is.
    ///
    /// - Throws: ``PostgresError``; among others `notReplicable`, with what an administrator can do.
    package func prepareStream(
        of sync: String,
        tables: [CatalogTable],
        maySetUp: Bool,
        continuing state: StreamState?,
        mayRestart: Bool,
        ownership: Ownership
    ) async throws -> PreparedStream {
        var ownership = ownership
        while true {
            let ready = readying(sync, tables, maySetUp: maySetUp, made: ownership.known, mayRestart: mayRestart)
            do {
                return try await connection.run { try ready($0).run(continuing: state) }
            } catch let unclaimed as Unclaimed {
                try await ownership.learn(unclaimed.made, forgetting: unclaimed.gone)
            }
        }
    }

    /// Over a connection of its own: others are asked meanwhile. What triggers note is noted in every transaction that
    /// a snapshot does not show, but for gaps.
    package func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] {
        let isNoted = isNoted
        let (config, context, pinned) = (config, context, pinned)
        let numbers = tables.map(\.schema.oid)
        let open = try await Blocking.run { interruption in
            let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
            defer { session.close() }
            guard !isNoted else {
                return try TriggerGaps(session: session, notify: context.notify).close(numbers, limit: limit)
            }
            return try OpenWriters(session: session, notify: context.notify).writers(of: numbers, limit: limit)
        }
        return open.byTable.mapValues { writers in
            LeftTable(
                reason: "It cannot be copied while a transaction is open that has written to it: \(writers.listed).",
                remedy: Remedy("Let that transaction end; the next run copies the table.")
            )
        }
    }

    /// Looks at the rows of the files, as far as this user may.
    package func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        try await connection.run { try RewrittenFiles($0).areRewritten(files) }
    }

    /// pgoutput leaves out TRUNCATE of a partition where its table is published as a whole.
    package func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] {
        guard !isNoted else { return [:] }
        return try await connection.run { session in
            let isHidden = try session.query(
                """
                SELECT EXISTS (SELECT FROM pg_catalog.pg_replication_slots
                  WHERE plugin = 'pgoutput' AND database = pg_catalog.current_database())
                """
            )
            return isHidden.value == "t" ? try RewrittenFiles(session).areEmptied(files) : [:]
        }
    }

    /// A place behind everything that is committed by now, which a stream reaches soon.
    package func logPosition() async throws -> Checkpoint {
        let isNoted = isNoted
        return try await connection.run { session in
            guard isNoted else { return LogCheckpoint(try LogEnd.mark(session)).checkpoint }
            return TriggerCheckpoint(snapshot: try TriggerLogs(session).moment().snapshot).checkpoint
        }
    }

    package func logSnapshot(readers: Int) async throws -> (any Snapshot)? {
        let taking = SnapshotTaking(config: config, context: context, pinned: pinned)
        let count = max(1, config.readers ?? readers)
        let isNoted = isNoted
        return try await Blocking.run { interruption in
            guard isNoted else { return try taking.takeFromLog(readers: count, interruption: interruption) }
            let snapshot = try taking.take(readers: count, isNoted: true, interruption: interruption)
            // One that others cannot join is none that the destination could be brought to.
            return snapshot.moment.position.flatMap(TriggerCheckpoint.init) == nil ? nil : snapshot
        }
    }

    /// Follows the slot that the request's state names, or what triggers note. Where the connection is lost the stream
    /// is to be asked for again, from what the destination has.
    package func changes(_ request: StreamRequest) async throws -> any ChangeStream {
        let stream: FeedStream
        if isNoted {
            let (config, context, pinned, times) = (config, context, pinned, times)
            stream = FeedStream("tandem.postgres.triggers") { interruption in
                let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
                return try TriggerFeed(session, request: request, times: times)
            }
        } else {
            let opening = try LogOpening(request, config: config, context: context, pinned: pinned, times: times)
            let orders = HoldOrders()
            stream = FeedStream("tandem.postgres.stream", orders: orders) { try opening.feed($0, orders) }
        }
        do { try await stream.open() } catch {
            await stream.close()
            throw error
        }
        return stream
    }

    package func streamStatus(of sync: String, at state: StreamState?) async throws -> StreamStatus {
        let isNoted = isNoted
        return try await connection.run { session in
            guard !isNoted else {
                return try TriggerStanding(session: session, config: config).status(of: sync, context.project)
            }
            return try SlotStanding(session: session, config: config, context: context).status(of: sync, at: state)
        }
    }

    package func foreseeStream(
        of sync: String,
        tables: [CatalogTable],
        continuing state: StreamState?,
        made: [MadeObject]
    ) async throws -> ForeseenStream {
        let ready = readying(sync, tables, maySetUp: false, made: made, mayRestart: false)
        return try await connection.run { try ready($0).foresee(continuing: state) }
    }

    private func readying(
        _ sync: String,
        _ tables: [CatalogTable],
        maySetUp: Bool,
        made: [MadeObject],
        mayRestart: Bool
    ) -> @Sendable (Session) -> any StreamReadying {
        let (isNoted, config, context) = (isNoted, config, context)
        return { session in
            guard !isNoted else {
                return TriggerPreparation(
                    session: session,
                    config: config,
                    context: context,
                    sync: sync,
                    tables: tables,
                    maySetUp: maySetUp,
                    made: made,
                    mayRestart: mayRestart
                )
            }
            return StreamPreparation(
                session: session,
                config: config,
                context: context,
                sync: sync,
                tables: tables,
                made: made,
                mayRestart: mayRestart
            )
        }
    }

    package func tidy(_ record: SourceRecord) async throws {
        let (isNoted, config) = (isNoted, config)
        try await connection.run { session in
            guard !isNoted else { return try DroppedCaptures(session: session).remove() }
            try HarmfulMembers(session: session, config: config).remove(record)
        }
    }

    package func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown {
        try await connection.run { session in
            try StreamTeardown(session: session, config: config, context: context).run(records)
        }
    }
}
