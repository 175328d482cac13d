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

    private struct Server {
        var facts: ServerFacts
        var database: UInt32
        var identity: SystemIdentity
        var history: TimelineHistory
        var position: LSN
        var slots: [SlotFacts]

        func slot(_ name: String) -> SlotFacts? { slots.first { $0.name == name } }
    }

    func run(continuing state: StreamState?) throws -> PreparedStream {
        let facts = try CatalogReader(session).facts()
        if case .unusable(let reason, let remedy) = MethodRules.serverObstacle(facts) {
            throw refusal(reason, remedy ?? Remedy("Use another method."))
        }
        var server = try look(facts, continuing: state)
        var notes: [String] = []
        var gap = state.flatMap { continuity(server, of: $0).gap(after: $0) }
        let name = slotName(server, continuing: state)
        if gap == nil, let earlier = state.flatMap({ StreamIdentity($0.id) }), earlier.slot != name {
            gap = "The slot \"\(name)\" is read instead of \"\(earlier.slot)\": changes between the two may be missing."
        }
        if gap == nil, state != nil, try limit(server.slot(name), notes: &notes) {
            gap =
                "The slot \"\(name)\" was dropped, because it kept more log than max_slot_wal allows: the changes in it are gone."
            server.slots.removeAll { $0.name == name }
        }
        let found = server.slot(name)
        let slot = try usable(found, in: server, isContinued: state != nil && gap == nil)
        if state == nil, found != nil, slot == nil {
            notes.append(
                "Dropped the slot \"\(name)\" that an earlier stream had left. If another project reads it, set \"slot\" in both."
            )
        }
        let plugin = try plugin(of: slot, facts)
        var recopies: [UInt32: String] = [:]
        var left: [UInt32: LeftTable] = [:]
        var passed: [UInt32: [TableDefinition.Key: String]] = [:]
        var hasNewPublications = false
        if plugin == .pgoutput {
            let plan = try publish(slot: name, facts, &left, notes: &notes)
            hasNewPublications = !plan.made.isEmpty
            if state != nil, gap == nil, hasNewPublications {
                gap =
                    "The publication \"\(plan.made[0])\" had been dropped: what was written since is not in the stream."
            }
            for table in plan.added { recopies[table.id] = "it was not in the publication until now" }
            passed = try PublicationFacts.definitions(of: tables.map(\.schema.id), in: plan.names, session)
        }
        if let state, gap == nil {
            return PreparedStream(
                state: state,
                facts: passed,
                recopies: recopies,
                left: left,
                knowsNamesOnly: plugin == .wal2json,
                notes: notes
            )
        }
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
        return PreparedStream(state: begun, gap: gap, facts: passed, left: left, notes: notes)
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
    private func slotName(_ server: Server, continuing state: StreamState?) -> String {
        if let slot = config.slot { return slot }
        if let known = state.flatMap({ StreamIdentity($0.id) }), known.system == server.identity.system,
            known.database == server.database, server.slot(known.slot) != nil || SlotName.isOurs(known.slot)
        {
            return known.slot
        }
        let handMade = SlotName.handMade(in: server.facts.database)
        if server.slot(handMade)?.database == server.facts.database { return handMade }
        return SlotName.made(for: sync, of: context.syncs, in: server.facts.database)
    }

    // MARK: The slot

    /// The slot, if it is there and can be read from.
    private func usable(_ slot: SlotFacts?, in server: Server, isContinued: Bool) throws -> SlotFacts? {
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
        guard !isContinued, SlotName.isOurs(slot.name) else {
            guard let loss = slot.loss else { return slot }
            throw refusal(
                "the slot \"\(slot.name)\" is lost, because \(loss)",
                Remedy(
                    "As its owner, drop it, and make it again if it is not to be made by this program.",
                    sql: Self.drop(slot.name)
                )
            )
        }
        // A new stream begins with a new slot: one from earlier may hold much that is of no use any more.
        try SlotKeeping(session: session, notify: context.notify).drop(slot.name)
        return nil
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
            let start = try keeping.make(name, plugin: plugin, host: facts.host)
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

    /// Says that the slot keeps more log than it may, and drops it if that is the policy.
    ///
    /// - Returns: Whether it was dropped.
    private func limit(_ slot: SlotFacts?, notes: inout [String]) throws -> Bool {
        guard let slot, let retained = slot.retained, slot.loss == nil else { return false }
        let limit = config.maxSlotLog ?? .standard
        guard retained > limit.bytes else { return false }
        guard config.maxSlotLogPolicy == .dropSlot, SlotName.isOurs(slot.name), slot.activePID == nil else {
            notes.append(
                "The slot \"\(slot.name)\" keeps \(ByteSize(retained)) of log at the server (max_slot_wal: \(limit))."
            )
            return false
        }
        try SlotKeeping(session: session, notify: context.notify).drop(slot.name)
        return true
    }

    // MARK: Publications

    /// - Parameter left: Takes the tables that this user cannot publish, while others are.
    private func publish(
        slot: String,
        _ facts: ServerFacts,
        _ left: inout [UInt32: LeftTable],
        notes: inout [String]
    ) throws -> PublicationPlan {
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
        return plan
    }

    private func refusal(_ reason: String, _ remedy: Remedy) -> PostgresError {
        let text = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
        return .notReplicable(session.endpoint, reason: text, remedy: remedy)
    }
}
