package import TandemCore
package import TandemRows

extension PostgresSource: ChangeSource {
    /// Makes the publications and the slot where they are missing, and compares what the destination has with what the
    /// slot still holds.
    ///
    /// - Throws: ``PostgresError``; among others `notReplicable`, with what an administrator can do.
    package func prepareStream(
        of sync: String,
        tables: [CatalogTable],
        continuing state: StreamState?
    ) async throws -> PreparedStream {
        try await connection.run { session in
            try StreamPreparation(
                session: session,
                config: config,
                context: context,
                sync: sync,
                tables: tables
            ).run(continuing: state)
        }
    }

    /// Over a connection of its own: others are asked meanwhile.
    package func awaitWriters(of tables: [CatalogTable]) async throws {
        let (config, context, pinned) = (config, context, pinned)
        let numbers = tables.map(\.schema.id)
        try await Blocking.run { interruption in
            let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
            defer { session.close() }
            try Publishing(session: session, notify: context.notify).awaitWriters(of: numbers)
        }
    }

    /// A place in the log behind everything that is committed by now, which a stream reaches soon.
    package func logPosition() async throws -> Checkpoint {
        try await connection.run { LogCheckpoint(try LogEnd.mark($0)).checkpoint }
    }

    package func logSnapshot(readers: Int) async throws -> (any Snapshot)? {
        let taking = SnapshotTaking(config: config, context: context, pinned: pinned)
        let count = config.readers ?? readers
        return try await Blocking.run { interruption in
            try taking.takeFromLog(readers: max(1, count), interruption: interruption)
        }
    }

    /// Follows the slot that the request's state names. Where the connection is lost the stream is to be asked for
    /// again, from what the destination has.
    package func changes(_ request: StreamRequest) async throws -> any ChangeStream {
        let stream = LogStream(try LogOpening(request, config: config, context: context, pinned: pinned, times: times))
        do { try await stream.open() } catch {
            await stream.close()
            throw error
        }
        return stream
    }

    package func streamStatus(of sync: String) async throws -> StreamStatus {
        try await connection.run { session in
            try SlotStanding(session: session, config: config, context: context).status(of: sync)
        }
    }

    package func teardown(syncs: [String]?) async throws -> [String] {
        try await connection.run { session in
            try StreamTeardown(session: session, config: config, context: context).run(syncs)
        }
    }
}
