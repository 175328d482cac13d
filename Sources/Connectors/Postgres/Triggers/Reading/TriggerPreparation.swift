import Foundation
import TandemCore
import TandemRows

/// Gets the stream of what triggers note ready: that they are there, and whether it goes on where the destination is.
/// Blocks.
struct TriggerPreparation {
    let session: Session
    let config: PostgresConfig
    let context: ConnectionContext
    let sync: String
    let tables: [CatalogTable]
    /// Whether triggers may be made on the tables.
    let maySetUp: Bool

    /// What the destination remembers to have made.
    let made: [MadeObject]
    /// Whether a new stream may begin where the one that is known cannot go on.
    let mayRestart: Bool

    /// - Throws: ``PostgresError``; among others `notReplicable` where the changes of no table are noted. ``Unclaimed``
    ///   before anything is made that the destination does not know of.
    func run(continuing state: StreamCheckpoint?) throws -> PreparedLog {
        let relations = tables.map(\.schema.oid)
        let origin = try Origin.read(session)
        let timeline = try timeline()
        let reader = try reader(of: state, at: origin)
        if let state, !mayRestart, let gap = try gap(after: state, reader, origin, timeline) {
            return PreparedLog(state: state, gap: gap)
        }
        try DroppedCaptures(session: session).remove()
        let (notes, left) = try repair(relations)
        try noteMarks(try TriggerFacts.of(relations, session, config: config))
        let gap = try state.flatMap { try self.gap(after: $0, reader, origin, timeline) }
        try TriggerKeeping.note(relations, of: reader, through: session)
        if let state, gap == nil {
            var state = state
            if var reached = TriggerCheckpoint(state.checkpoint) {
                reached.timeline = timeline
                state.checkpoint = reached.checkpoint
            }
            return PreparedLog(state: state, left: left.byTable, notes: notes)
        }
        let start = try TriggerLogs(session).moment().snapshot
        let given = try TriggerPlace.isKept(session) ? start : nil
        try TriggerPlace(confirmed: start, given: given).note(of: reader, through: session)
        let identity = TriggerIdentity(origin: origin, time: Int64(Date().timeIntervalSince1970 * 1000))
        let begun = StreamCheckpoint(
            method: .triggerBased,
            id: identity.description,
            checkpoint: TriggerCheckpoint(snapshot: start, timeline: timeline).checkpoint
        )
        return PreparedLog(state: begun, gap: gap, left: left.byTable, notes: notes)
    }

    /// What ``run(continuing:)`` would find missing. Which tables' changes are not noted, the catalog says.
    func foresee(continuing state: StreamCheckpoint?) throws -> ForeseenLog {
        let origin = try Origin.read(session)
        guard let state, let reader = TriggerReader.name(among: made, of: sync, at: origin) else {
            return ForeseenLog()
        }
        return ForeseenLog(gap: try gap(after: state, reader, origin, try timeline()))
    }

    /// The line of `tandem.readers` that is this sync's. An earlier version called it like the sync, and another
    /// project's may be called so too.
    private func reader(of state: StreamCheckpoint?, at origin: String) throws -> String {
        if let name = TriggerReader.name(among: made, of: sync, at: origin) { return name }
        let name = try state.map(earlierReader) ?? TriggerReader.new(for: sync, of: context.project)
        let object = MadeObject(sync: sync, project: context.project, kind: .reader, name: name, place: origin)
        throw Unclaimed(made: [object], gone: [])
    }

    /// What an earlier version called this sync's line. The sync may have another name by now; then the place tells.
    private func earlierReader(of state: StreamCheckpoint) throws -> String {
        guard try CaptureStates(session).exists(TriggerNames.readers) else { return sync }
        let question = """
            SELECT sync FROM \(TriggerNames.readers)
            WHERE sync = $1 OR place = $2 AND pg_catalog.strpos(sync, '@') = 0 ORDER BY sync <> $1 LIMIT 1
            """
        return try session.query(question, [sync, TriggerCheckpoint(state.checkpoint)?.snapshot]).value ?? sync
    }

    // MARK: What notes the changes

    /// Makes what is missing where that concerns nobody else's tables, or is allowed.
    ///
    /// - Returns: What was made, and the tables whose changes are not noted.
    private func repair(_ relations: [UInt32]) throws -> (notes: [String], left: [UInt32: LeftTable]) {
        let before = try TriggerFacts.of(relations, session, config: config)
        let wanted = relations.filter { (relation: UInt32) -> Bool in
            let faults = before.captures[relation]?.faults.filter(\.isMendable) ?? []
            guard !faults.isEmpty else { return false }
            return maySetUp
                || faults.contains { !$0.needsTriggers } && !faults.contains { $0.needsTriggers && $0.losesChanges }
        }
        let setup = TriggerSetup(session: session, config: config, notify: context.notify)
        var made: [TableName] = []
        var refusals: [UInt32: LeftTable] = [:]
        func leave(_ relation: UInt32, _ error: PostgresError) {
            let reason = "What notes its changes could not be made: \(error.sentence)"
            refusals[relation] = LeftTable(reason: reason, remedy: error.remedy)
        }
        do { made = try setup.apply(wanted, leaving: leave) } catch let error as PostgresError where error.isConfined {
            // Not even what they share could be.
            for relation in wanted { leave(relation, error) }
        }
        let after = made.isEmpty ? before : try TriggerFacts.of(relations, session, config: config)
        var left: [UInt32: LeftTable] = [:]
        for table in tables {
            // A table that is gone, or has no key any more, is for the next plan to see to. What loses nothing is
            // mended another time.
            guard let fault = after.captures[table.schema.oid]?.faults.first(where: \.losesChanges) else { continue }
            let refusal = fault.isMendable ? refusals[table.schema.oid] : nil
            left[table.schema.oid] =
                refusal
                ?? LeftTable(
                    reason: "Its changes are not noted: \(fault).",
                    remedy: fault.isMendable ? .setUpTriggers : .setUpAsOwner
                )
        }
        if let first = tables.first, left.count == tables.count, let refusal = left[first.schema.oid] {
            throw PostgresError.notReplicable(
                session.endpoint,
                reason: "\(first.schema.name): \(refusal.reason)",
                remedy: refusal.remedy ?? .setUpTriggers
            )
        }
        return (made.map { "Made what notes the changes of \($0)." } + unnoted(after, but: Set(left.keys)), left)
    }

    /// What is to be known where only tables' owners could have all noted.
    private func unnoted(_ facts: TriggerFacts, but left: Set<UInt32>) -> [String] {
        let names = facts.captures.values.filter {
            !left.contains($0.relation) && $0.faults.contains { !$0.isMendable }
        }
        .compactMap(\.name).sorted()
        guard let first = names.first else { return [] }
        let tables = names.count == 1 ? "\(first)" : "\(first) and \(names.count - 1) more"
        return [
            "Of \(tables), which the user does not own, nothing notes what a subscription brings, or is written where "
                + "session_replication_role is replica. \(Remedy.setUpAsOwner.text)"
        ]
    }

    /// Compares the triggers with what they were: whoever disabled one and enabled it again has left a gap.
    private func noteMarks(_ facts: TriggerFacts) throws {
        let known = try session.query("SELECT relation, mark FROM \(TriggerNames.captures)").rows
        let marks = Dictionary(
            known.compactMap { cells in cells[0].flatMap { UInt32($0) }.map { ($0, cells[1]) } }
        ) { first, _ in first }
        let changed = facts.captures.filter { marks[$0.key] != .some($0.value.mark.description) }
        guard !changed.isEmpty else { return }
        let broken = changed.filter { relation, capture in
            let earlier = marks[relation].flatMap(\.self).flatMap(TriggerMark.init)
            return earlier.map { !capture.mark.continues($0) } ?? false
        }
        let relations = changed.keys.sorted()
        try session.transaction(.readWrite) {
            // In one order, so that two syncs which look at once wait for each other and not in a circle.
            try session.execute(
                """
                SELECT FROM \(TriggerNames.captures)
                WHERE relation IN (\(relations.map(String.init).joined(separator: ", "))) ORDER BY relation FOR UPDATE
                """
            )
            if !broken.isEmpty {
                let gaps = broken.keys.sorted().map { relation in
                    """
                    (\(relation), 'Its triggers were disabled or made anew.', pg_catalog.txid_current(), \
                    pg_catalog.now(), false)
                    """
                }
                try session.execute("INSERT INTO \(TriggerNames.gaps) VALUES \(gaps.joined(separator: ", "))")
            }
            let marks = relations.compactMap { relation in
                changed[relation].map { "(\(relation)::pg_catalog.oid, \(SQL.literal($0.mark.description)))" }
            }
            try session.execute(
                """
                UPDATE \(TriggerNames.captures) AS c SET mark = m.mark
                FROM (VALUES \(marks.joined(separator: ", "))) AS m(relation, mark) WHERE c.relation = m.relation
                """
            )
        }
    }

    // MARK: Whether it goes on

    private func timeline() throws -> UInt32 {
        let name = session.capabilities.version >= 100_000 ? "pg_walfile_name" : "pg_xlogfile_name"
        let question = "SELECT pg_catalog.\(name)(\(session.capabilities.logPosition))"
        return try session.query(question).value.flatMap { UInt32($0.prefix(8), radix: 16) } ?? 0
    }

    /// Which changes are missing behind `state`, in a sentence; `nil` where none are.
    private func gap(
        after state: StreamCheckpoint,
        _ reader: String,
        _ origin: String,
        _ timeline: UInt32
    ) throws -> String? {
        guard let identity = TriggerIdentity(state.id), let reached = TriggerCheckpoint(state.checkpoint),
            let shown = reached.visibility
        else { return "What was known of the stream was not written by this version." }
        guard identity.origin == origin else {
            return "This is another server or database than the one whose changes were followed."
        }
        guard try CaptureStates(session).exists(TriggerNames.readers) else {
            return "\(TriggerNames.readers) is gone: what was noted since may be gone."
        }
        let place = try TriggerPlace.read(of: reader, session)
        guard let place, let told = SnapshotVisibility(place.confirmed) else {
            return "\(TriggerNames.readers) does not know the sync any more: what was noted since may be gone."
        }
        guard SnapshotVisibility(reached.common).map(told.isCovered) == true else {
            return "What was noted behind the place where the destination is has been removed: it is older than it was."
        }
        guard let now = SnapshotVisibility(try TriggerLogs(session).moment().snapshot), shown.next <= now.next else {
            return "The source is older than what was read from it: it was restored."
        }
        if let given = place.given {
            guard SnapshotVisibility(given).map({ shown.isCovered(by: $0) }) != true else { return nil }
            return
                "The source was older, for a while, than what had been read from it: it was restored from an older copy "
                + "of itself, or a standby took its place that had not received all. What happened there since is not in "
                + "step with it."
        }
        // What a server that was promoted does not have was lost in silence. If it has what was told last, which came
        // after everything that was read, it has all.
        guard reached.timeline == timeline || reached.timeline == 0 || place.confirmed == reached.snapshot else {
            return
                "The server was promoted or restored (timeline \(reached.timeline), now \(timeline)): it may lack changes that were read."
        }
        return nil
    }
}

extension Remedy {
    static let setUpAsOwner = Remedy(
        "Let the table's owner or a superuser run `tandem setup` with `--method TRIGGER_BASED --apply`, by --admin-url."
    )
    static let setUpTriggers = Remedy(
        "Run `tandem setup` for the connection with `--method TRIGGER_BASED --apply`; or set auto_setup: true, and each run does."
    )
}
