import TandemCore

/// Removes what streams of this project have made at a server, and names what others have. Blocks.
struct StreamTeardown {
    let session: Session
    let config: PostgresConfig
    let context: ConnectionContext

    /// - Parameter records: What destinations remember of the syncs that are to be torn down.
    func run(_ records: [SourceRecord]) throws -> SourceTeardown {
        var teardown = SourceTeardown()
        let place = try Origin.read(session)
        try removeLog(records, place, &teardown)
        try TriggerTeardown(session: session, notify: context.notify).run(records, at: place, &teardown)
        return teardown
    }

    private func removeLog(_ records: [SourceRecord], _ place: String, _ teardown: inout SourceTeardown) throws {
        guard let database = try session.query("SELECT pg_catalog.current_database()").value else { return }
        let slots = try SlotFacts.all(session).filter { $0.database == database }
        let others = Self.others(records, place)
        let made = records.flatMap { objects(of: $0, place, slots, database) }
        let keeping = SlotKeeping(session: session, notify: context.notify)
        var dropped: Set<String> = []
        for object in made where object.kind == .slot {
            let isOnlyTheirs = !others.contains { ($0.kind, $0.name) == (object.kind, object.name) }
            if isOnlyTheirs, slots.contains(where: { $0.name == object.name }), dropped.insert(object.name).inserted {
                try keeping.awaitRelease(of: object.name)
                try keeping.drop(object.name)
                teardown.removed.append("the slot \"\(object.name)\"")
            }
            teardown.gone.append(object)
        }
        let names = Set(made.filter { $0.kind == .slot }.map(\.name))
        teardown.left += slots.filter { !names.contains($0.name) && isNear($0.name, records, database) }.map { slot in
            left(slot, of: others.first { $0.kind == .slot && $0.name == slot.name }?.sync)
        }
        guard session.capabilities.hasPublications, !session.capabilities.isInRecovery else { return }
        let derived = names.map(SlotName.publication(for:)).flatMap { [$0.all, $0.appends] }
        let wanted = Set(made.filter { $0.kind == .publication }.map(\.name)).union(derived)
        for name in try publications(wanted.subtracting(others.filter { $0.kind == .publication }.map(\.name))) {
            try session.transaction(.readWrite) {
                try session.execute("SET LOCAL lock_timeout = '2s'; DROP PUBLICATION IF EXISTS \(SQL.identifier(name))")
            }
            teardown.removed.append("the publication \"\(name)\"")
        }
        teardown.gone += made.filter { $0.kind == .publication }
    }

    /// What is remembered of syncs that stay.
    private static func others(_ records: [SourceRecord], _ place: String) -> [MadeObject] {
        let syncs = Set(records.map(\.sync))
        return records.flatMap(\.others).filter { $0.place == place && !syncs.contains($0.sync) }
    }

    /// What is known to be of this record's sync, also if an earlier version made it.
    private func objects(
        of record: SourceRecord,
        _ place: String,
        _ slots: [SlotFacts],
        _ database: String
    ) -> [MadeObject] {
        let state = record.streams.first { $0.method == .logBased }
        let owned = SlotOwnership(
            record.made,
            sync: record.sync,
            project: context.project,
            place: place,
            state: state,
            slots: slots,
            config: config,
            database: database
        )
        return (record.made.filter { $0.place == place } + owned.adopted).filter {
            $0.kind != .reader && owned.has($0.kind, $0.name)
        }
    }

    /// Whether somebody who tears these down would look for the slot.
    private func isNear(_ slot: String, _ records: [SourceRecord], _ database: String) -> Bool {
        let streams = records.flatMap(\.streams).compactMap { StreamIdentity($0.id)?.slot }
        guard slot != config.slot, !streams.contains(slot) else { return true }
        return SlotName.isOurs(slot) && !slot.hasPrefix("tandem_snapshot_")
    }

    /// - Parameter sync: Whose it is, if that is known.
    private func left(_ slot: SlotFacts, of sync: String?) -> Finding {
        if let sync {
            return Finding(.note, "slot \(slot.name)", "It is of the sync \"\(sync)\", and was left.")
        }
        return Finding(
            .note,
            "slot \(slot.name)",
            "It was made by hand or for another project, as far as is known here, and was left; it keeps "
                + "\(ByteSize(slot.retained ?? 0)) of log.",
            remedy: Remedy(
                "If nobody reads it any more, drop it.",
                sql: ["SELECT pg_drop_replication_slot(\(SQL.literal(slot.name)))"]
            )
        )
    }

    /// Those of `wanted` that this user has made: an administrator's stay.
    private func publications(_ wanted: Set<String>) throws -> [String] {
        let question = """
            SELECT p.pubname FROM pg_catalog.pg_publication p
            WHERE pg_catalog.pg_get_userbyid(p.pubowner) = current_user ORDER BY p.pubname
            """
        return try session.query(question).rows.compactMap { $0.first ?? nil }
            .filter { wanted.contains($0) && $0 != config.publication }
    }
}
