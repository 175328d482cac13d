import Foundation
import TandemCore
import TandemRows

/// Gets a stream ready: its publications, its slot, and whether it goes on where the destination is. Blocks.
struct StreamPreparation {
    let session: Session
    let config: PostgresConfig
    let context: ConnectionContext
    let sync: String
    let tables: [CatalogTable]
    /// What the destination remembers to have made.
    let made: [MadeObject]
    /// Whether a new stream may begin where the one that is known cannot go on.
    let mayRestart: Bool

    private struct Server {
        var facts: ServerFacts
        var place: String
        var database: UInt32
        var identity: SystemIdentity
        var history: TimelineHistory
        var position: LSN
        var slots: [SlotFacts]

        func slot(_ name: String) -> SlotFacts? { slots.first { $0.name == name } }
    }

    /// - Throws: ``Unclaimed`` before anything is made that the destination does not know of.
    func run(continuing state: StreamState?) throws -> PreparedStream {
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
        let plan = plugin == .pgoutput ? try publications(of: name, facts) : nil
        if isContinued, let missing = plan?.made.first {
            gap = "The publication \"\(missing)\" had been dropped: what was written since is not in the stream."
        }
        if let state, let gap, !mayRestart {
            if isOverLimit { try release(name) }
            return PreparedStream(state: state, gap: gap, notes: notes)
        }
        try claim(name, slot == nil, plan, owned, replacing: gap == nil ? nil : state?.id)
        if isReplaced { try release(name) }
        let left = try plan.map { try publish($0, notes: &notes) } ?? [:]
        let passed = try plan.map {
            try PublicationFacts.definitions(of: tables.map(\.schema.id), in: $0.names, session)
        }
        if let state, gap == nil {
            let recopies = plan?.added.map { ($0.id, "it was not in the publication until now") } ?? []
            return PreparedStream(
                state: state,
                facts: passed ?? [:],
                recopies: Dictionary(recopies) { first, _ in first },
                left: left,
                knowsNamesOnly: plugin == .wal2json,
                notes: notes
            )
        }
        notes += others(server, name, owned)
        let start = try begin(name, plugin, on: slot, facts, notes: &notes)
        let stream = StreamIdentity(
            system: server.identity.system,
            database: server.database,
            slot: name,
            start: start,
            time: Int64(Date().timeIntervalSince1970 * 1000)
        )
        let begun = StreamState(
            id: stream.description,
            checkpoint: LogCheckpoint(start, timeline: server.identity.timeline).checkpoint
        )
        return PreparedStream(state: begun, gap: gap, facts: passed ?? [:], left: left, notes: notes)
    }

    // MARK: Whose it is

    /// Has the destination learn of what is about to be made.
    private func claim(
        _ name: String,
        _ makesSlot: Bool,
        _ plan: PublicationPlan?,
        _ owned: SlotOwnership,
        replacing: String?
    ) throws {
        let slot = makesSlot ? [owned.object(.slot, name, replacing: replacing)] : []
        let publications = (plan?.made ?? []).map { owned.object(.publication, $0) }
        let unknown = (slot + publications + owned.adopted).filter { !made.contains($0) }
        let gone = owned.disowned.filter { old in !slot.contains(where: old.isSame) }
        guard unknown.isEmpty, gone.isEmpty else { throw Unclaimed(made: unknown, gone: gone) }
    }

    /// Drops a slot of ours that a new one takes the place of.
    private func release(_ slot: String) throws {
        let keeping = SlotKeeping(session: session, notify: context.notify)
        try keeping.awaitRelease(of: slot)
        try keeping.drop(slot)
    }

    /// What is to be said of slots that have the names ours would have.
    private func others(_ server: Server, _ name: String, _ owned: SlotOwnership) -> [String] {
        owned.passedOver(for: name, of: context.syncs, among: server.slots).map { slot in
            "The slot \"\(slot)\" is not one that this destination knows to have made, or that others read since; it was "
                + "left. If no other installation reads it, drop it, for it keeps log: \(Self.drop(slot)[0])"
        }
    }

    // MARK: What there is

    private func look(_ facts: ServerFacts, continuing state: StreamState?) throws -> Server {
        let replication: ReplicationSession
        do {
            replication = try ReplicationSession(
                config,
                in: context,
                capabilities: session.capabilities,
                interruption: session.interruption
            )
        } catch let error as PostgresError {
            throw StreamRefusal.of(error, plugin: config.plugin ?? .auto, host: facts.host)
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

    private func continuity(_ server: Server, of state: StreamState) -> Continuity {
        Continuity(
            identity: server.identity,
            history: server.history,
            database: server.database,
            position: server.position,
            slot: StreamIdentity(state.id).flatMap { server.slot($0.slot) }
        )
    }

    /// The slot of the stream that goes on; else the one configured, the documented hand-made one, or one of ours.
    private func slotName(_ server: Server, continuing state: StreamState?, _ owned: SlotOwnership) -> String {
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
        if slot.activePID != nil {
            try SlotKeeping(session: session, notify: context.notify).awaitRelease(of: slot.name)
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

    private static func drop(_ slot: String) -> [String] { ["SELECT pg_drop_replication_slot(\(SQL.literal(slot)))"] }

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

    /// Where a new stream begins, on a slot that is made for it unless somebody made one by hand.
    private func begin(
        _ name: String,
        _ plugin: PostgresConfig.Plugin,
        on slot: SlotFacts?,
        _ facts: ServerFacts,
        notes: inout [String]
    ) throws -> LSN {
        let patience = Patience(session, context.notify)
        guard let slot else {
            let keeping = SlotKeeping(session: session, notify: context.notify)
            let start: LSN
            do { start = try keeping.make(name, plugin: plugin, host: facts.host) } catch let error as PostgresError
                where error.sqlState == "42710" /* there is one */
            {
                // Somebody else was first, so the name is theirs.
                throw Unclaimed(made: [], gone: made.filter { $0.kind == .slot && $0.name == name })
            }
            notes.append("Made the slot \"\(name)\" for the plugin \(plugin.rawValue): it keeps log until it is read.")
            try waitForStragglers(patience)
            return start
        }
        // With wal2json everything since it was made can be decoded, and what the copies hold already is left out.
        if plugin == .wal2json, let start = slot.confirmed ?? slot.restart {
            try waitForStragglers(patience)
            return start
        }
        // What came before the publications cannot be, so it has to be over.
        try patience.waitForOpenTransactions(limit: nil)
        guard let text = try session.query("SELECT \(session.capabilities.logPosition)").value, let start = LSN(text)
        else { throw PostgresError.malformed(session.endpoint, what: "its position in the log") }
        try waitForStragglers(patience)
        return start
    }

    /// Waits for what is in the log before a stream begins and cannot be seen yet: a copy made now would miss it.
    ///
    /// A commit is seen at once, unless it waits for a standby first, however long that stays away.
    private func waitForStragglers(_ patience: Patience) throws {
        let standbys = try session.query("SELECT pg_catalog.current_setting('synchronous_standby_names')").value ?? ""
        try patience.waitForOpenTransactions(limit: standbys.isEmpty ? .seconds(5) : nil)
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

    // MARK: Publications

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

    /// - Returns: The tables that this user cannot publish, while others are.
    private func publish(_ plan: PublicationPlan, notes: inout [String]) throws -> [UInt32: LeftTable] {
        var left: [UInt32: LeftTable] = [:]
        let locked = try Publishing(session: session, notify: context.notify).run(plan)
        for table in plan.left + locked {
            let isLocked = table.sql.isEmpty && locked.contains { $0.table == table.table }
            left[table.table.id] = LeftTable(
                reason: "Its changes cannot be followed: \(table.reason).",
                remedy: isLocked
                    ? Remedy("Run again when the transaction that holds the lock has ended; pg_locks shows it.")
                    : PublicationPlan.remedy(table.sql)
            )
        }
        if !plan.made.isEmpty {
            notes.append("Made the publication \(plan.made.map { "\"\($0)\"" }.joined(separator: " and ")).")
        }
        return left
    }

    private func refusal(_ reason: String, _ remedy: Remedy) -> PostgresError {
        let text = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
        return .notReplicable(session.endpoint, reason: text, remedy: remedy)
    }
}
