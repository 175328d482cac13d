import TandemCore

/// Makes and drops replication slots.
struct SlotKeeping {
    let session: Session
    let notify: @Sendable (String) -> Void
    var patience = TransactionWait()

    /// Makes a slot, and returns the place from which on it has every transaction.
    ///
    /// Waits for the transactions that are open: only what begins later can be decoded.
    ///
    /// - Throws: ``PostgresError/openTransactions(_:what:seconds:open:)`` where that takes too long.
    func make(_ name: String, plugin: PostgresConfig.Plugin, host: HostType) throws -> LSN {
        tellIfSlow(name)
        let limit = try patience.limit(session)
        let version = session.capabilities.version
        let failover = version >= 170_000 && !session.capabilities.isInRecovery ? ", failover => true" : ""
        let place = version >= 100_000 ? "lsn" : "xlog_position"
        let sql = """
            SELECT \(place) FROM pg_catalog.pg_create_logical_replication_slot($1::pg_catalog.name, $2::pg_catalog.name\(failover))
            """
        do {
            let start = try session.transaction(.readWrite) {
                // It waits for each transaction as for a lock, and those may be long.
                try session.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = \(limit.milliseconds)")
                return try session.query(sql, [name, plugin.rawValue]).value.flatMap { LSN($0) }
            }
            guard let start else {
                throw PostgresError.malformed(session.endpoint, what: "the place where a new slot begins")
            }
            return start
        } catch let error as PostgresError where error.sqlState == "57014" /* cancelled, by its time limit */ {
            throw try patience.exceeded(limit, waitingFor: "the slot \"\(name)\" is made", session)
        } catch let error as PostgresError {
            throw SlotError.of(error, plugin: plugin, host: host)
        }
    }

    /// Drops a slot. One that is gone already is fine.
    func drop(_ name: String) throws {
        do {
            try session.transaction(.readWrite) {
                _ = try session.query("SELECT pg_catalog.pg_drop_replication_slot($1::pg_catalog.name)", [name])
            }
        } catch let error as PostgresError where error.sqlState == "42704" {}
    }

    /// Waits until nobody uses the slot: a process of ours that was killed may still be about to notice.
    ///
    /// - Throws: ``PostgresError/slotInUse(_:slot:holder:)``.
    func awaitRelease(of name: String) throws {
        let limit = ContinuousClock.now + .seconds(10)
        while let slot = try SlotFacts.all(session).first(where: { $0.name == name }), let pid = slot.activePID {
            guard ContinuousClock.now < limit else {
                let holder = slot.activeName.map { ", which calls itself \($0)" } ?? ""
                throw PostgresError.slotInUse(session.endpoint, slot: name, holder: "process \(pid)\(holder)")
            }
            try session.interruption.pause(milliseconds: 100)
        }
    }

    private func tellIfSlow(_ name: String) {
        // Only to be able to say so; not every server and user can ask.
        guard let open = try? OpenTransactions(session: session).numbered(), !open.isEmpty else { return }
        notify("waiting for transactions that are open before the slot \"\(name)\" is made: \(open.listed)")
    }
}
