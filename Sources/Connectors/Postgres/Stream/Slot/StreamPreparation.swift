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
    var openPatience = TransactionWait()

    /// What ``run(continuing:)`` would come to, as far as that shows before anything is made.
    func foresee(continuing state: StreamCheckpoint?) throws -> ForeseenLog {
        let outlook = try outlook(continuing: state)
        return ForeseenLog(gap: outlook.gap, left: left(outlook.publications?.left ?? []).byTable)
    }

    /// - Throws: ``Unclaimed`` before anything is made that the destination does not know of.
    func run(continuing state: StreamCheckpoint?) throws -> PreparedLog {
        let outlook = try outlookOnceReleased(continuing: state)
        let (name, gap, owned) = (outlook.name, outlook.gap, outlook.owned)
        var notes = outlook.notes
        if let state, let gap, !mayRestart {
            if outlook.isOverLimit { try release(name) }
            return PreparedLog(state: state, gap: gap, notes: notes)
        }
        let replaced = gap == nil ? nil : state?.id
        try claim(name, outlook.slot == nil, outlook.publications, owned, replacing: replaced)
        if outlook.isReplaced { try release(name) }
        let left = try outlook.publications.map { try publish($0, notes: &notes) } ?? [:]
        let passed = try outlook.publications.map {
            try PublicationFacts.definitions(of: tables.map(\.schema.oid), in: $0.names, session)
        }
        if let state, gap == nil {
            let recopies =
                outlook.publications?.added.map { ($0.id, "it was not in the publication until now") } ?? []
            return PreparedLog(
                state: state,
                facts: passed?.byTable ?? [:],
                recopies: Dictionary(recopies) { first, _ in first }.byTable,
                left: left.byTable,
                identity: outlook.plugin == .wal2json ? .names : .steady,
                notes: notes
            )
        }
        notes += others(outlook.server, name, owned)
        let start = try begin(name, outlook.plugin, on: outlook.slot, outlook.server.facts, notes: &notes)
        let identity = outlook.server.identity
        let stream = StreamIdentity(
            system: identity.system,
            database: outlook.server.database,
            slot: name,
            start: start,
            time: Int64(Date().timeIntervalSince1970 * 1000)
        )
        let begun = StreamCheckpoint(
            id: stream.description,
            checkpoint: LogCheckpoint(start, timeline: identity.timeline, last: ShownCommit(end: start)).checkpoint
        )
        return PreparedLog(state: begun, gap: gap, facts: passed?.byTable ?? [:], left: left.byTable, notes: notes)
    }

    /// What there is once nobody reads the slot: while somebody does, not all of it can be known.
    private func outlookOnceReleased(continuing state: StreamCheckpoint?) throws -> Outlook {
        let outlook = try outlook(continuing: state)
        guard outlook.slot?.activePID != nil, outlook.gap == nil || mayRestart else { return outlook }
        try SlotKeeping(session: session, notify: context.notify).awaitRelease(of: outlook.name)
        return try self.outlook(continuing: state)
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
            let keeping = SlotKeeping(session: session, notify: context.notify, patience: openPatience)
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
        try wait(patience, for: "the slot \"\(name)\" is read")
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
        guard standbys.isEmpty else { return try wait(patience, for: "tables are copied") }
        try patience.waitForOpenTransactions(limit: .seconds(5))
    }

    /// Waits for the transactions that are open.
    ///
    /// - Throws: ``PostgresError/openTransactions(_:what:seconds:open:)`` where that takes too long.
    private func wait(_ patience: Patience, for what: String) throws {
        let limit = try openPatience.limit(session)
        guard try patience.waitForOpenTransactions(limit: limit) else {
            throw try openPatience.exceeded(limit, waitingFor: what, session)
        }
    }

    // MARK: Publications

    /// - Returns: The tables that this user cannot publish, while others are.
    private func publish(_ plan: PublicationPlan, notes: inout [String]) throws -> [UInt32: LeftTable] {
        let locked = try Publishing(session: session, notify: context.notify).run(plan)
        var left = left(plan.left + locked)
        for table in locked where table.sql.isEmpty {
            left[table.table.id]?.remedy = Remedy(
                "Run again when the transaction that holds the lock has ended; pg_locks shows it."
            )
        }
        if !plan.made.isEmpty {
            notes.append("Made the publication \(plan.made.map { "\"\($0)\"" }.joined(separator: " and ")).")
        }
        return left
    }

    private func left(_ tables: [PublicationPlan.Left]) -> [UInt32: LeftTable] {
        let left = tables.map { table in
            (
                table.table.id,
                LeftTable(
                    reason: "Its changes cannot be followed: \(table.reason).",
                    remedy: PublicationPlan.remedy(table.sql)
                )
            )
        }
        return Dictionary(left) { $1 }
    }

    func refusal(_ reason: String, _ remedy: Remedy) -> PostgresError {
        let text = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
        return .notReplicable(session.endpoint, reason: text, remedy: remedy)
    }
}
