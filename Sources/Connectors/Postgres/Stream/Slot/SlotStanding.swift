import TandemCore

/// Finds out how far a slot's reader is behind.
struct SlotStanding {
    let session: Session
    let config: PostgresConfig
    let context: ConnectionContext

    func status(of sync: String) throws -> StreamStatus {
        guard let database = try session.query("SELECT pg_catalog.current_database()").value else {
            throw PostgresError.malformed(session.endpoint, what: "the name of its database")
        }
        let slots = try SlotFacts.all(session)
        let name = self.name(for: sync, among: slots, in: database)
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

    /// The slot that a sync reads from. One that began when it was the only one of its connection goes on with the
    /// slot of that time.
    private func name(for sync: String, among slots: [SlotFacts], in database: String) -> String {
        if let slot = config.slot { return slot }
        let made = SlotName.made(for: sync, of: context.syncs, in: database)
        let alone = SlotName.made(for: sync, of: [sync], in: database)
        let names = [SlotName.handMade(in: database), made, alone]
        return names.first { name in slots.contains { $0.name == name && $0.database == database } } ?? made
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
