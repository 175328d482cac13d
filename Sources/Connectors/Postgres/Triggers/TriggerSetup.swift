package import TandemRows

/// Makes what notes the changes of tables, where it is missing or not as it should be. Blocks.
///
/// A trigger can only be made while nobody writes to the table; each attempt waits 3 seconds at most for that, because
/// whoever wants to write meanwhile waits behind it. One table is one transaction.
package struct TriggerSetup {
    let session: Session
    let config: PostgresConfig
    let notify: @Sendable (String) -> Void

    package init(session: Session, config: PostgresConfig, notify: @escaping @Sendable (String) -> Void) {
        self.session = session
        self.config = config
        self.notify = notify
    }

    /// Attempts at a table that is being written to, and the pause after the first, which doubles.
    private static let attempts = 6
    private static let pause = 500

    /// Sees to it that every later change of `relations` is noted.
    ///
    /// Transactions that are open now may have changed rows before the triggers were there; who copies a table waits
    /// for them first. A table without a key, or that is gone, is passed over.
    ///
    /// - Returns: The tables at which something had to be done.
    /// - Throws: ``PostgresError``; `lockTimeout` where a table could not be had. Tables before it are done then.
    @discardableResult
    package func apply(_ relations: [UInt32]) throws -> [TableName] {
        guard !relations.isEmpty else { return [] }
        try prepareGround()
        var changed: [TableName] = []
        for relation in relations {
            if let name = try persistently({ try apply(to: relation) }) { changed.append(name) }
        }
        return changed
    }

    private func prepareGround() throws {
        guard try !ground().statements.isEmpty else { return }
        try session.transaction(.readWrite) {
            // Two of us, or a destination of ours, may want to make the schema.
            try session.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(Metadata.lock))")
            for statement in try ground().statements { try session.execute(statement) }
        }
    }

    private func ground() throws -> TriggerGround { try TriggerGround.read(session) }

    private func apply(to relation: UInt32) throws -> TableName? {
        try session.transaction(.readWrite) {
            try session.execute("SET LOCAL lock_timeout = '3s'")
            guard let table = try TriggerTables(session).read([relation]).first else { return nil }
            let state = try CaptureStates(session).all()[relation]
            let plan = TriggerPlan(table: table, state: state, limit: config.noteLimit)
            let statements = plan.statements
            for statement in statements { try session.execute(statement) }
            return statements.isEmpty ? nil : table.name
        }
    }

    private func persistently<Value>(_ body: () throws -> Value) throws -> Value {
        var (attempt, pause) = (1, Self.pause)
        while true {
            do { return try body() } catch PostgresError.lockTimeout(_, let message) where attempt < Self.attempts {
                if attempt == 2 {
                    notify("waiting until nobody writes to a table that is to get its triggers: \(message)")
                }
                try session.interruption.pause(milliseconds: pause)
                (attempt, pause) = (attempt + 1, pause * 2)
            }
        }
    }
}

extension TriggerGround {
    static func read(_ session: Session, owner: String? = nil) throws -> Self {
        let states = CaptureStates(session)
        let schema = "SELECT true FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
        return Self(
            hasSchema: try session.query(schema, [TriggerNames.schema]).value == "t",
            tables: Set(try TriggerNames.shared.map(\.name).filter { try states.exists($0) }),
            owner: owner
        )
    }
}
