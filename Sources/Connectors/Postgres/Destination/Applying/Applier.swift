import TandemCore
import TandemRows

/// The connection that applies changes: one transaction at a time, which may stay open from one call to the next.
///
/// Its calls block on a thread of its own. Cancelling the task stops what it waits for, and undoes the transaction.
actor Applier {
    private let config: PostgresConfig
    private let context: ConnectionContext
    private let executor = ThreadExecutor(label: "tandem.postgres.applier")
    private var session: Session?
    /// Whether a transaction is open.
    private var isOpen = false
    private var isPrepared = false
    /// Whether a table joins the stream with the open transaction, at a place where the stream is already.
    private var isJoining = false
    private var stages = StageTables()
    private let encoder = RowEncoder()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ config: PostgresConfig, in context: ConnectionContext) {
        self.config = config
        self.context = context
    }

    /// ``ChangeDestination/apply(_:reaching:of:)``, or where there never is a state
    /// ``ChangeDestination/merge(_:isLast:of:)``.
    func apply(
        _ changes: [TargetChanges],
        reaching state: StreamState?,
        isLast: Bool,
        of sync: String
    ) async throws {
        let interruption = Interruption()
        try await withTaskCancellationHandler {
            do {
                let session = try begin(interruption)
                try ChangeGroup.run(
                    changes,
                    isLast: isLast,
                    stages: &stages,
                    encoder: encoder,
                    in: session
                )
                try remember(changes, of: sync, in: session)
                if changes.contains(where: { $0.before.stream == nil && $0.after.stream != nil }) { isJoining = true }
                if isLast { try commit(state, of: sync, in: session) }
            } catch {
                undo()
                throw error
            }
        } onCancel: {
            interruption.raise()
        }
    }

    /// Undoes what is open, if anything is.
    func undo() {
        defer {
            isOpen = false
            isJoining = false
            stages.rollback()
        }
        guard let session, isOpen else { return }
        session.interruption = Interruption()
        if session.isOpen, session.isInTransaction { try? session.execute("ROLLBACK") }
        if !session.isOpen { self.session = nil }
    }

    func close() {
        session?.close()
        session = nil
        isOpen = false
        isPrepared = false
        stages = StageTables()
    }

    /// What is known of tables is asked for anew: they have been replaced.
    func forgetTables() { if !isOpen { stages.forget() } }

    /// The session with its transaction open: the one that is, or a new one.
    private func begin(_ interruption: Interruption) throws -> Session {
        if isOpen {
            guard let session, session.isAlive, session.isInTransaction else {
                let endpoint = session?.endpoint ?? config.target
                throw PostgresError.connectionLost(endpoint, reason: "it broke in the middle of a transaction")
            }
            session.interruption = interruption
            return session
        }
        let session = try openSession(interruption)
        try session.begin(.readWrite)
        isOpen = true
        try session.execute(Self.settings)
        if !isPrepared {
            try Metadata(session).prepare()
            isPrepared = true
        }
        return session
    }

    private func openSession(_ interruption: Interruption) throws -> Session {
        if let session, session.isAlive, !session.isInTransaction {
            session.interruption = interruption
            return session
        }
        stages = StageTables()
        isPrepared = false
        let made = try Session(config, in: context, interruption: interruption)
        try DestinationServer.check(made)
        session = made
        return made
    }

    /// Keys are looked up one by one: the tables that are joined with a batch of changes are larger than it, and the
    /// planner, which knows nothing of temporary tables, would read them whole. Foreign keys that may wait do.
    private static let settings = """
        SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '64MB';
        SET CONSTRAINTS ALL DEFERRED;
        SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
        WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
        """

    /// Stores what tables have become.
    private func remember(_ changes: [TargetChanges], of sync: String, in session: Session) throws {
        let evolved = changes.filter { $0.before != $0.after }
        for change in evolved {
            let retired = change.before.target == change.after.target ? [] : [change.before.target]
            let statements = try Metadata.remembering([change.after], retiring: retired, of: sync)
            try session.execute(statements.joined(separator: "; "))
        }
    }

    private func commit(_ state: StreamState?, of sync: String, in session: Session) throws {
        guard let state else {
            try session.execute("COMMIT")
            return ended()
        }
        let isCounted = stages.hasCounted && !isJoining
        let advance = Metadata.advancing(to: state, of: sync, ifNew: isCounted)
        guard isCounted else {
            try session.execute("\(advance); COMMIT")
            return ended()
        }
        // Rows without a key must not be applied twice: this transaction may have been committed before, and the
        // answer lost.
        let isNew = try session.query("\(advance) RETURNING true").value != nil
        try session.execute(isNew ? "COMMIT" : "ROLLBACK")
        if isNew { ended() } else { undo() }
    }

    private func ended() {
        isOpen = false
        isJoining = false
        stages.commit(keeping: session?.capabilities.isPooled == false)
    }
}
