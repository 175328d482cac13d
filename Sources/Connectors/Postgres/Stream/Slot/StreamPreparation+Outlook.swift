import TandemCore

/// What there is at the server, and what follows from it for a stream. Changes nothing, and waits for nobody.
extension StreamPreparation {
    struct Server {
        var facts: ServerFacts
        var place: String
        var database: UInt32
        var identity: SystemIdentity
        var history: TimelineHistory
        var position: LSN
        var slots: [SlotFacts]

        func slot(_ name: String) -> SlotFacts? { slots.first { $0.name == name } }
    }

    /// What there is, and what follows from it.
    struct Outlook {
        var server: Server
        var owned: SlotOwnership
        /// The slot to read.
        var name: String
        var gap: String?
        /// Whether the slot is to be dropped for what it keeps.
        var isOverLimit: Bool
        /// Whether there is one that a new one takes the place of.
        var isReplaced: Bool
        /// The one to read from, if it is there.
        var slot: SlotFacts?
        var plugin: PostgresConfig.Plugin
        var publications: PublicationPlan?
        var notes: [String] = []
    }

    func outlook(continuing state: StreamCheckpoint?) throws -> Outlook {
        let (outlook, isContinued) = try session.transaction { try look(continuing: state) }
        guard isContinued, outlook.gap == nil, let state, let slot = outlook.slot else { return outlook }
        let names = outlook.publications?.names ?? []
        var compared = outlook
        compared.gap = try ShownAgain(session: session, plugin: outlook.plugin, publications: names)
            .gap(after: state, slot)
        return compared
    }

    /// All that can be asked in one transaction, and whether the stream of `state` goes on as far as that tells.
    private func look(continuing state: StreamCheckpoint?) throws -> (outlook: Outlook, isContinued: Bool) {
        let facts = try CatalogReader(session).facts()
        if case .unusable(let reason, let remedy) = MethodRules.serverObstacle(facts) {
            throw refusal(reason, remedy ?? Remedy("Use another method."))
        }
        let server = try look(facts, continuing: state)
        var notes: [String] = []
        var gap = state.flatMap { continuity(server, of: $0).gap(after: $0) }
        let owned = SlotOwnership(
            made,
            sync: sync,
            project: context.project,
            place: server.place,
            state: state,
            slots: server.slots,
            config: config,
            database: facts.database
        )
        let name = slotName(server, continuing: state, owned)
        if gap == nil, let earlier = state.flatMap({ StreamIdentity($0.id) }), earlier.slot != name {
            gap = "The slot \"\(name)\" is read instead of \"\(earlier.slot)\": changes between the two may be missing."
        }
        if let state, config.slot != nil, context.syncs.count > 1, server.slot(name)?.isElsewhere(than: state) == true {
            notes.append(
                "The setting \"slot\" gives all \(context.syncs.count) syncs of this connection the slot \"\(name)\": where more "
                    + "than one of them follows the log, each takes the others' changes, and copies its tables again in "
                    + "every run. Remove the setting, or give each sync a connection of its own."
            )
        }
        let isOverLimit = gap == nil && state != nil && isTooMuch(server.slot(name), owned, notes: &notes)
        if isOverLimit {
            gap =
                "The slot \"\(name)\" was dropped, because it kept more log than max_slot_wal allows: the changes in it are gone."
        }
        let found = server.slot(name)
        let isContinued = state != nil && gap == nil
        // A new stream begins with a new slot: one from earlier may hold much that is of no use any more.
        let isReplaced = !isContinued && found != nil && owned.has(.slot, name)
        let slot = isReplaced ? nil : try usable(found, in: server)
        let plugin = try plugin(of: slot, facts)
        let publications = plugin == .pgoutput ? try publications(of: name, facts) : nil
        if isContinued, let missing = publications?.made.first {
            gap = "The publication \"\(missing)\" had been dropped: what was written since is not in the stream."
        }
        let outlook = Outlook(
            server: server,
            owned: owned,
            name: name,
            gap: gap,
            isOverLimit: isOverLimit,
            isReplaced: isReplaced,
            slot: slot,
            plugin: plugin,
            publications: publications,
            notes: notes
        )
        return (outlook, isContinued)
    }

    // MARK: What there is

    private func look(_ facts: ServerFacts, continuing state: StreamCheckpoint?) throws -> Server {
        let replication: ReplicationSession
        do {
            replication = try ReplicationSession(
                config,
                in: context,
                capabilities: session.capabilities,
                interruption: session.interruption
            )
        } catch let error as PostgresError {
            throw SlotError.of(error, plugin: config.plugin ?? .auto, host: facts.host)
        }
        defer { replication.close() }
        let identity = try replication.identifySystem()
        let reached = state.flatMap { LogCheckpoint($0.checkpoint) }
        let isMoved = reached.map { $0.timeline != 0 && $0.timeline != identity.timeline } ?? false
        let database = try session.query(
            "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
        ).value.flatMap { UInt32($0) }
        // Of what is in the log not all need be on disk, and what it is compared with may be just behind that.
        let written = try session.query("SELECT \(session.capabilities.logPosition)").value.flatMap { LSN($0) }
        return Server(
            facts: facts,
            place: try Origin.read(session),
            database: database ?? 0,
            identity: identity,
            history: isMoved ? try replication.history(of: identity.timeline) : TimelineHistory(),
            position: max(identity.position, written ?? identity.position),
            slots: try SlotFacts.all(session)
        )
    }

    private func continuity(_ server: Server, of state: StreamCheckpoint) -> Continuity {
        Continuity(
            identity: server.identity,
            history: server.history,
            database: server.database,
            position: server.position,
            slot: StreamIdentity(state.id).flatMap { server.slot($0.slot) }
        )
    }

    /// The slot of the stream that goes on; else the one configured, the documented hand-made one, or one of ours.
    private func slotName(_ server: Server, continuing state: StreamCheckpoint?, _ owned: SlotOwnership) -> String {
        if let slot = config.slot { return slot }
        if let known = state.flatMap({ StreamIdentity($0.id) }), known.system == server.identity.system,
            known.database == server.database, !owned.isContradicted(known.slot),
            server.slot(known.slot) != nil || owned.has(.slot, known.slot)
        {
            return known.slot
        }
        let handMade = SlotName.handMade(in: server.facts.database)
        if server.slot(handMade)?.database == server.facts.database { return handMade }
        return owned.newName(of: context.syncs, among: server.slots)
    }

    // MARK: The slot

    /// The slot, if it is there and can be read from.
    private func usable(_ slot: SlotFacts?, in server: Server) throws -> SlotFacts? {
        guard let slot else { return nil }
        let other = Remedy("Name another one by the setting \"slot\", or drop this one.", sql: Self.drop(slot.name))
        guard slot.database == server.facts.database else {
            let owner = slot.database.map { "belongs to the database \"\($0)\"" } ?? "is a physical one"
            throw refusal("the slot \"\(slot.name)\" \(owner)", other)
        }
        if let wanted = config.plugin, wanted != .auto, slot.plugin != wanted.rawValue {
            throw refusal(
                "the slot \"\(slot.name)\" was made for the plugin \(slot.plugin ?? "none"), and not \(wanted.rawValue)",
                Remedy("Set plugin: \(slot.plugin ?? "auto"), or drop the slot.", sql: Self.drop(slot.name))
            )
        }
        guard let loss = slot.loss else { return slot }
        throw refusal(
            "the slot \"\(slot.name)\" is lost, because \(loss)",
            Remedy(
                "As its owner, drop it, and make it again if it is not to be made by this program.",
                sql: Self.drop(slot.name)
            )
        )
    }

    static func drop(_ slot: String) -> [String] { ["SELECT pg_drop_replication_slot(\(SQL.literal(slot)))"] }

    private func plugin(of slot: SlotFacts?, _ facts: ServerFacts) throws -> PostgresConfig.Plugin {
        if let slot {
            switch slot.plugin {
            case "pgoutput": return .pgoutput
            case "wal2json": return .wal2json
            case let other:
                throw refusal(
                    "the slot \"\(slot.name)\" is for the plugin \(other ?? "none"), which is not understood",
                    Remedy("Name another slot by the setting \"slot\", made for pgoutput or wal2json.")
                )
            }
        }
        let standard: PostgresConfig.Plugin = session.capabilities.hasPublications ? .pgoutput : .wal2json
        let plugin = config.plugin ?? .auto
        guard plugin != .pgoutput || session.capabilities.hasPublications else {
            throw refusal(
                "pgoutput is part of Postgres since version 10, and this is \(facts.versionText)",
                Remedy("Set plugin: wal2json.")
            )
        }
        return plugin == .auto ? standard : plugin
    }

    /// Says that the slot keeps more log than it may.
    ///
    /// - Returns: Whether it is to be dropped for that: it is this sync's own, and the policy says so.
    private func isTooMuch(_ slot: SlotFacts?, _ owned: SlotOwnership, notes: inout [String]) -> Bool {
        guard let slot, let retained = slot.retained, slot.loss == nil else { return false }
        let limit = config.maxSlotLog ?? .standard
        guard retained > limit.bytes else { return false }
        guard config.maxSlotLogPolicy == .dropSlot, owned.has(.slot, slot.name), slot.activePID == nil else {
            notes.append(
                "The slot \"\(slot.name)\" keeps \(ByteSize(retained)) of log at the server (max_slot_wal: \(limit))."
            )
            return false
        }
        return true
    }

    private func publications(of slot: String, _ facts: ServerFacts) throws -> PublicationPlan {
        let ours = SlotName.publication(for: slot)
        let names = config.publication.map { [$0] } ?? [ours.all, ours.appends]
        let plan = PublicationPlan(
            try PublishedTable.all(tables, session),
            configured: config.publication,
            slot: slot,
            existing: try PublicationFacts.all(names, session),
            mayCreate: facts.mayCreateInDatabase && !session.capabilities.isInRecovery,
            server: session.capabilities
        )
        if let missing = plan.missing {
            throw refusal(missing.reason, PublicationPlan.remedy(missing.sql))
        }
        return plan
    }
}
