import Synchronization
import TandemCore
import TandemRows

/// What has to be known of a snapshot for a stream to go on from it.
extension ExportedSnapshot {
    func extent(of table: CatalogTable) async throws -> TableExtent? {
        let id = table.schema.oid
        if let known = extents.withLock({ $0.next(id) }) { return known }
        let wanted = extents.withLock { $0.isForAll ? nil : id }
        let found = try await ask { session in try KnownExtents.read(wanted, session) }
        extents.withLock { $0.add(found, isAll: wanted == nil) }
        return found[id]
    }

    /// A snapshot also shows what was committed without waiting for the disk. The server takes that there within three
    /// times `wal_writer_delay`; what else is in its log may stay in memory until there is more.
    func awaitDurability() async throws {
        guard !isDurable.load(ordering: .relaxed), let position = moment.position.flatMap({ LSN($0.description) })
        else { return }
        try await ask { session in
            guard !session.capabilities.isInRecovery else { return }
            let question = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_writer_delay'"
            let delay = try session.query(question).value.flatMap { Int($0) } ?? 200
            let end = ContinuousClock.now + .milliseconds(3 * delay + 100)
            while ContinuousClock.now < end,
                let text = try session.query(
                    "SELECT \(session.capabilities.flushedPosition)"
                ).value, let flushed = LSN(text), flushed < position
            {
                try session.interruption.pause(milliseconds: 10)
            }
        }
        // It is for good, whatever table asks next.
        isDurable.store(true, ordering: .relaxed)
    }

    func ask<Answer: Sendable>(_ body: @escaping @Sendable (Session) throws -> Answer) async throws -> Answer {
        let pool = pool
        return try await Blocking.run { interruption in
            let session: Session
            do { session = try pool.borrow(interruption) } catch is SessionPool.Exhausted {
                throw PostgresError.snapshotLost(pool.endpoint, reason: "its connection is gone", isTransient: true)
            }
            defer { pool.giveBack(session) }
            return try body(session)
        }
    }
}
