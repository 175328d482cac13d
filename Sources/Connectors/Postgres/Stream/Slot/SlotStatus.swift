import TandemCore

/// Finds out how far a slot's reader is behind.
struct SlotStatus {
    let session: Session
    let config: PostgresConfig
    let context: ConnectionContext

    /// - Parameter state: What the destination has of its stream, where that is known.
    func status(of sync: String, at state: StreamCheckpoint?) throws -> StreamStatus {
        guard let database = try session.query("SELECT pg_catalog.current_database()").value else {
            throw PostgresError.malformed(session.endpoint, what: "the name of its database")
        }
        let slots = try SlotFacts.all(session)
        let known = state.flatMap { StreamIdentity($0.id)?.slot }
        let name = config.slot ?? known ?? SlotName.likely(for: sync, context, among: slots, in: database)
        var status = StreamStatus(slot: name)
        guard let slot = slots.first(where: { $0.name == name }) else { return status }
        status.exists = true
        status.plugin = slot.plugin
        status.isRead = slot.activePID != nil
        status.kept = slot.retained.map { Int(clamping: $0) }
        status.behind = try behind(slot)
        status.delay = try delay(slot)
        status.state = slot.logStatus
        status.room = slot.room.map { Int(clamping: $0) }
        status.warnings = slot.warnings(limit: config.maxSlotLog ?? .standard)
        return status
    }

    private func behind(_ slot: SlotFacts) throws -> Int? {
        guard let end = try session.query("SELECT \(session.capabilities.flushedPosition)").value.flatMap({ LSN($0) }),
            let reached = slot.confirmed ?? slot.restart
        else { return nil }
        return end > reached ? Int(clamping: end.rawValue - reached.rawValue) : 0
    }

    private func delay(_ slot: SlotFacts) throws -> Double? {
        guard let pid = slot.activePID, session.capabilities.version >= 100_000 else { return nil }
        let sql = """
            SELECT extract(epoch FROM coalesce(flush_lag, '0'))::pg_catalog.float8 FROM pg_catalog.pg_stat_replication
            WHERE pid = $1::pg_catalog.int4 AND (flush_lag IS NOT NULL OR state = 'streaming')
            """
        return try session.query(sql, ["\(pid)"]).value.flatMap { Double($0) }
    }
}
