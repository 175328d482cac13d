import TandemCore

/// Removes what streams of this program have made at a server. Blocks.
struct StreamTeardown {
    let session: Session
    let config: PostgresConfig
    let context: ConnectionContext

    /// - Parameter syncs: Whose; `nil` for all that is this program's in this database.
    /// - Returns: What was removed, for people.
    func run(_ syncs: [String]?) throws -> [String] {
        try runOnLog(syncs) + TriggerTeardown(session: session, notify: context.notify).run(syncs)
    }

    private func runOnLog(_ syncs: [String]?) throws -> [String] {
        guard let database = try session.query("SELECT pg_catalog.current_database()").value else { return [] }
        let slots = try SlotFacts.all(session).filter { slot in
            // Those for a snapshot go with their connection.
            guard slot.database == database, SlotName.isOurs(slot.name), !slot.name.hasPrefix("tandem_snapshot_")
            else { return false }
            return syncs.map { names(of: $0, in: database).contains(slot.name) } ?? true
        }
        var removed: [String] = []
        let keeping = SlotKeeping(session: session, notify: context.notify)
        for slot in slots {
            try keeping.awaitRelease(of: slot.name)
            try keeping.drop(slot.name)
            removed.append("the slot \"\(slot.name)\"")
        }
        guard session.capabilities.hasPublications, !session.capabilities.isInRecovery else { return removed }
        for name in try publications(syncs, in: database) {
            try session.transaction(.readWrite) {
                try session.execute("SET LOCAL lock_timeout = '2s'; DROP PUBLICATION IF EXISTS \(SQL.identifier(name))")
            }
            removed.append("the publication \"\(name)\"")
        }
        return removed
    }

    /// The slots that these syncs make.
    private func names(of syncs: [String], in database: String) -> Set<String> {
        let isAll = Set(context.syncs).isSubset(of: syncs)
        var names = Set(syncs.map { SlotName.made(for: $0, of: context.syncs, in: database) })
        if let slot = config.slot, isAll { names.insert(slot) }
        return names
    }

    /// Publications of ours, made by this user: those of an administrator stay.
    private func publications(_ syncs: [String]?, in database: String) throws -> [String] {
        let question = """
            SELECT p.pubname FROM pg_catalog.pg_publication p
            WHERE pg_catalog.pg_get_userbyid(p.pubowner) = current_user ORDER BY p.pubname
            """
        var made = try session.query(question).rows.compactMap { $0.first ?? nil }.filter(SlotName.isOurs)
        made.removeAll { $0 == config.publication }
        guard let syncs else { return made }
        var slots = names(of: syncs, in: database)
        if let slot = config.slot, Set(context.syncs).isSubset(of: syncs) { slots.insert(slot) }
        slots.insert(SlotName.handMade(in: database))
        let ours = slots.map(SlotName.publication(for:)).flatMap { [$0.all, $0.appends] }
        return made.filter(Set(ours).contains)
    }
}
