package import TandemCore

extension PostgresSource {
    /// A snapshot of exactly what was committed before a place in the log. `nil` before Postgres 10, and at a standby.
    package func logSnapshot(readers: Int) async throws -> (any Snapshot)? {
        let taking = SnapshotTaking(config: config, context: context, pinned: pinned)
        let count = max(1, config.readers ?? readers)
        return try await Blocking.run { try taking.takeFromLog(readers: count, interruption: $0) }
    }
}
