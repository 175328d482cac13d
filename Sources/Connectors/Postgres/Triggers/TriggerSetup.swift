package import TandemRows

/// Makes what notes the changes of tables, where it is missing or not as it should be. Blocks.
///
/// A trigger can only be made while nobody writes to the table, which is tried with ``LockRetry``. Some tables at a
/// time are one transaction, as long as nobody is in the way of any.
package struct TriggerSetup {
    let session: Session
    let config: PostgresConfig
    /// Who is to own what is made, where that is somebody else.
    var owner: String?
    let notify: @Sendable (String) -> Void

    package init(session: Session, config: PostgresConfig, notify: @escaping @Sendable (String) -> Void) {
        self.session = session
        self.config = config
        owner = nil
        self.notify = notify
    }

    /// Sees to it that every later change of `relations` is noted.
    ///
    /// Where triggers are made, nobody has written to the table then who has not ended; for whatever else was mended
    /// there is a gap. A table without a key, or that is gone, is passed over.
    ///
    /// - Parameter leaving: Takes the tables at which it cannot be done now, which are then waited for shortly. Without
    ///   it the first of them ends it.
    /// - Returns: The tables at which something had to be done.
    /// - Throws: ``PostgresError``; `lockTimeout` where a table could not be had. Tables before it are done then.
    @discardableResult
    package func apply(
        _ relations: [UInt32],
        leaving: ((UInt32, PostgresError) -> Void)? = nil
    ) throws -> [TableName] {
        guard !relations.isEmpty else { return [] }
        try prepareGround()
        let types = try session.transaction { try CatalogReader(session).types() }
        var changed: [TableName] = []
        for start in stride(from: 0, to: relations.count, by: Self.group) {
            let group = Array(relations[start..<min(start + Self.group, relations.count)])
            if group.count > 1 {
                do {
                    changed += try apply(toAll: group, types)
                    continue
                } catch is PostgresError where session.isOpen {
                    // Nothing of it is done. Each is waited for by itself, and what is wrong with one is said of that
                    // one.
                }
            }
            for relation in group { changed += try apply(to: relation, types, leaving) }
        }
        return changed
    }

    private func apply(
        to relation: UInt32,
        _ types: TypeMap,
        _ leaving: ((UInt32, PostgresError) -> Void)?
    ) throws -> [TableName] {
        let once = { try apply(toAll: [relation], types) }
        guard let leaving else { return try LockRetry(session, notify).run(once) }
        do { return try LockRetry(session, limit: Self.shortly, notify).run(once) } catch let error as PostgresError
            where error.isConfined
        {
            leaving(relation, error)
            return []
        }
    }

    /// Tables whose triggers are made in one transaction: a commit costs more than they do, but who writes to the first
    /// of them waits for the last.
    private static let group = 20
    /// For how long a table is waited for that can be left.
    private static let shortly = Duration.seconds(3)

    private func prepareGround() throws {
        guard try !ground().statements.isEmpty else { return }
        try session.transaction(.readWrite) {
            // Two of us, or a destination of ours, may want to make the schema.
            try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Metadata.lock))")
            for statement in try ground().statements { try session.execute(statement) }
        }
    }

    private func ground() throws -> TriggerGround { try TriggerGround.read(session, owner: owner) }

    private func apply(toAll relations: [UInt32], _ types: TypeMap) throws -> [TableName] {
        try session.transaction(.readWrite) {
            let tables = try TriggerTables(session).read(relations, types: types).sorted { $0.name < $1.name }
            let places = relations + tables.flatMap { $0.parts.map(\.number) }
            try session.execute(LockRetry.timeout(locks: places.count))
            let states = try CaptureStates(session).of(places)
            var changed: [TableName] = []
            for table in tables {
                let statements = try Self.statements(table, states, config, owner, in: session)
                // As one message, so that it costs one round trip.
                if !statements.isEmpty { try session.execute(statements.joined(separator: ";\n")) }
                if !statements.isEmpty { changed.append(table.name) }
            }
            return changed
        }
    }
}

extension TriggerSetup {
    /// What is to be run for one table, with what `owner` has to be granted.
    static func statements(
        _ table: TriggerTable,
        _ states: CaptureStates.Found,
        _ config: PostgresConfig,
        _ owner: String?,
        in session: Session
    ) throws -> [String] {
        let plan = TriggerPlan(table: table, states: states, limit: config.noteLimit, owner: owner)
        guard let owner, try TriggerGrants(session: session, user: owner).lacksTrigger(on: table.relation) else {
            return plan.statements
        }
        return ["GRANT TRIGGER ON \(SQL.name(table.name)) TO \(SQL.identifier(owner))"] + plan.statements
    }
}

extension TriggerGround {
    /// - Throws: ``PostgresError/notReplicable(_:reason:remedy:)`` where something else has one of the names.
    static func read(_ session: Session, owner: String? = nil) throws -> Self {
        if let refusal = try TriggerNames.refusal(session) {
            throw PostgresError.notReplicable(session.endpoint, reason: refusal.reason, remedy: refusal.remedy)
        }
        let states = CaptureStates(session)
        let schema = "SELECT true FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
        let tables = Set(try TriggerNames.shared.map(\.name).filter { try states.exists($0) })
        return Self(
            hasSchema: try session.query(schema, [TriggerNames.schema]).value == "t",
            tables: tables,
            lacksGiven: tables.contains(TriggerNames.readers) ? try !TriggerPlace.isKept(session) : false,
            lacksSchema: try owner.map { try TriggerGrants(session: session, user: $0).lacksSchema() } ?? false,
            owner: owner
        )
    }
}
