import TandemCore
import TandemRows

extension SnapshotTaking {
    /// Fixes the moment at which the log had come to a place: the snapshot shows what was committed before that, and
    /// nothing else. Blocks until the transactions that are open have ended.
    ///
    /// A slot that is made exports such a snapshot. This one goes with its connection, and nothing is read from it.
    ///
    /// - Returns: `nil` before Postgres 10, which has neither such slots nor the plugin.
    func takeFromLog(readers: Int, interruption: Interruption) throws -> ExportedSnapshot? {
        let session = try connect(interruption)
        defer { session.close() }
        guard session.capabilities.hasPublications, !session.capabilities.isInRecovery else { return nil }
        let origin = try Origin.read(session)
        let replication = try ReplicationSession(
            config,
            in: context,
            capabilities: session.capabilities,
            interruption: interruption
        )
        do {
            let slot = SQL.identifier("tandem_snapshot_\(session.backendPID)")
            // It waits for each open transaction as for a lock.
            try replication.session.execute("SET lock_timeout = 0")
            let made = try replication.session.command(
                "CREATE_REPLICATION_SLOT \(slot) TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT"
            )
            guard let row = made.rows.first, row.count >= 3, let place = row[1].flatMap({ LSN($0) }), let name = row[2]
            else { throw Self.unreadable(session) }
            let first = try join(name, expecting: nil, interruption: interruption)
            var moment = try Self.moment(of: first, origin: origin)
            moment.position = Checkpoint(place.description)
            let checkpoint = moment.checkpoint
            let pool = SessionPool(
                first: first,
                limit: readers,
                make: { try self.join(name, expecting: checkpoint, interruption: $0) },
                rejoin: { try self.rejoin(name, expecting: checkpoint, with: $0) }
            )
            return try ExportedSnapshot(
                moment: moment,
                readers: readers,
                notes: [],
                types: CatalogReader(session).types(),
                pool: pool,
                leader: Leader(replication.session),
                sectionBytes: sectionBytes
            )
        } catch {
            replication.close()
            throw error
        }
    }
}
