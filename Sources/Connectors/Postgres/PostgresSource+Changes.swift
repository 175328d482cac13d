package import TandemCore
package import TandemRows

extension PostgresSource {
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

    /// A place in the log behind everything that is committed by now, which a stream reaches soon.
    package func logPosition() async throws -> Checkpoint {
        try await connection.run { LogCheckpoint(try LogEnd.mark($0)).checkpoint }
    }

    package func teardown(syncs: [String]?) async throws -> [String] {
        try await connection.run { session in
            try StreamTeardown(session: session, config: config, context: context).run(syncs)
        }
    }
}
