import TandemCore
import TandemRows

/// What has to be known of a server before its log is followed.
struct LogFacts: Sendable {
    var slots: [SlotFacts] = []
    /// Processes that send the log, to whomever.
    var senders = 0
    /// What would be done about publications, by sync; empty for those that need none.
    var publications: [String: PublicationPlan] = [:]
    /// Tables that are to be followed, by sync.
    var tables: [String: [PublishedTable]] = [:]
    /// Columns in which values would be lost, by sync; none for syncs that lose nothing.
    var numbers: [String: LostNumbers] = [:]

    /// Asks `session`.
    ///
    /// - Parameter following: By sync, the tables to be followed.
    static func read(
        _ session: Session,
        following: [String: [CatalogTable]],
        config: PostgresConfig,
        context: ConnectionContext,
        facts: ServerFacts
    ) throws -> LogFacts {
        var log = LogFacts(slots: try SlotFacts.all(session))
        let senders = "SELECT count(*) FROM pg_catalog.pg_stat_replication"
        log.senders = try session.query(senders).value.flatMap { Int($0) } ?? 0
        for (sync, tables) in following {
            let published = try PublishedTable.all(tables, session)
            log.tables[sync] = published
            let slot = LogReview.slotName(for: sync, slots: log.slots, config: config, context: context, facts: facts)
            let known = log.slots.first { $0.name == slot }
            guard LogReview.plugin(of: known, config, session.capabilities) == .pgoutput else {
                log.numbers[sync] = try lostNumbers(of: tables, slot: known, session)
                continue
            }
            guard session.capabilities.hasPublications else { continue }
            let ours = SlotName.publication(for: slot)
            let names = config.publication.map { [$0] } ?? [ours.all, ours.appends]
            log.publications[sync] = PublicationPlan(
                published,
                configured: config.publication,
                slot: slot,
                existing: try PublicationFacts.all(names, session),
                mayCreate: facts.mayCreateInDatabase && !session.capabilities.isInRecovery,
                server: session.capabilities
            )
        }
        return log
    }

    private static func lostNumbers(
        of tables: [CatalogTable],
        slot: SlotFacts?,
        _ session: Session
    ) throws -> LostNumbers? {
        let columns = tables.flatMap { table in
            table.schema.columns.filter { LostNumbers.isLossy($0.nativeType) }.map { "\(table.schema.name).\($0.name)" }
        }
        guard !columns.isEmpty else { return nil }
        let areTold = try slot.flatMap { $0.activePID == nil ? try LostNumbers.areTold(by: $0.name, session) : nil }
        return areTold == true ? nil : LostNumbers(columns: columns, isCertain: areTold == false)
    }
}
