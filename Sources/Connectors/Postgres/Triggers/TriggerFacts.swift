package import TandemRows

/// What there is at a server that notes changes, for who reads them.
package struct TriggerFacts: Sendable {
    /// A table of which something is there.
    package struct Capture: Sendable {
        package var relation: UInt32
        /// Its name now. `nil` where it is gone, or has no key any more.
        package var name: TableName?
        /// The columns of the key by their numbers, in the order of the log's `k1`, `k2`, ….
        package var keyNumbers: [Int]
        /// The log, as it is written in a statement.
        package var log: String
        /// See ``TriggerMark``; it is to be compared with the one that was kept with the table's copy.
        package var mark: TriggerMark
        /// What is not as it should be. Empty where every change is noted.
        package var faults: [TriggerFault]
        /// Changes that could not be noted, in sentences: the table has to be copied again.
        package var gaps: [String]

        /// Whether what the log has can be followed.
        package var isSound: Bool { gaps.isEmpty && !faults.contains(where: \.losesChanges) }
    }

    /// By the tables' numbers, also of tables that are gone.
    package var captures: [UInt32: Capture]

    /// Everything of this database, as of the session's transaction.
    ///
    /// - Throws: ``PostgresError``.
    package static func all(_ session: Session, config: PostgresConfig) throws -> Self {
        try read(session, config, nil)
    }

    /// Of these tables only; those without a capture are among them with the fault `notSetUp`, if they have a key.
    package static func of(_ relations: [UInt32], _ session: Session, config: PostgresConfig) throws -> Self {
        try read(session, config, relations)
    }

    private static func read(_ session: Session, _ config: PostgresConfig, _ relations: [UInt32]?) throws -> Self {
        guard session.isInTransaction else {
            return try session.transaction(.snapshot) { try read(session, config, relations) }
        }
        let states = try CaptureStates(session).all()
        let wanted = relations ?? Array(states.states.keys)
        let tables = try TriggerTables(session).read(wanted)
        let known = Dictionary(tables.map { ($0.relation, $0) }) { first, _ in first }
        var captures: [UInt32: Capture] = [:]
        for relation in wanted where known[relation] != nil || states[relation] != nil {
            let state = states[relation]
            let plan = known[relation].map { TriggerPlan(table: $0, states: states, limit: config.noteLimit) }
            captures[relation] = Capture(
                relation: relation,
                name: known[relation]?.name,
                keyNumbers: state?.record?.keyNumbers ?? [],
                log: TriggerNames.log(relation),
                mark: known[relation].flatMap { state?.mark(of: $0) } ?? TriggerMark(),
                faults: plan?.faults ?? [],
                gaps: state?.gaps ?? []
            )
        }
        return Self(captures: captures)
    }
}
