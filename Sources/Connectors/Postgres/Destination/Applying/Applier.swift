import TandemCore
import TandemRows

/// One transaction of changes, over the connection of its ``Applier``.
struct AppliedTransaction: WriteTransaction {
    let applier: Applier
    let sync: String
    let refusedRows: RefusedRows
    /// Which one it is of those that have begun.
    let number: Int

    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]] {
        try await applier.apply(changes, of: self, .next)
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        try await applier.apply(changes, of: self, .last(advancing: checkpoint))
    }

    func rollback() async { await applier.rollback(self) }
}

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
    private var transactions = TransactionNumbers()
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

    /// ``Destination/begin(_:refusedRows:)``. Nothing is sent before the first changes.
    func begin(_ sync: String, refusedRows: RefusedRows) -> AppliedTransaction {
        if isOpen { undo() }
        return AppliedTransaction(
            applier: self,
            sync: sync,
            refusedRows: refusedRows,
            number: transactions.begin()
        )
    }

    func apply(
        _ changes: [TargetChanges],
        of transaction: AppliedTransaction,
        _ kind: TransactionPart
    ) async throws -> [TableName: [RowIssue]] {
        try transactions.require(transaction.number)
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            do {
                let before = isOpen ? stages : nil
                let part = Part(changes: changes, kind: kind, sync: transaction.sync, before: before)
                defer { if kind.isLast { transactions.end() } }
                return try patiently(part, interruption) {
                    do { try apply(part, interruption) } catch let refused as ConstraintViolation {
                        guard transaction.refusedRows == .leaveOut else { throw refused.meaning }
                        return try sieve(part, after: refused, interruption)
                    }
                    return [:]
                }
            } catch {
                breakOff()
                throw error
            }
        } onCancel: {
            interruption.raise()
        }
    }

    func rollback(_ transaction: AppliedTransaction) {
        if transactions.isOpen(transaction.number) { breakOff() }
    }

    /// Ends what is open, and leaves nothing of it.
    private func breakOff() {
        undo()
        transactions.end()
    }

    /// What is applied at once.
    private struct Part {
        let changes: [TargetChanges]
        let kind: TransactionPart
        let sync: String
        /// The temporary tables before it, where it goes on with a transaction.
        let before: StageTables?
    }

    /// Calls `body`, which applies the part, again for as long as somebody has locked what it writes (``LockWait``).
    private func patiently<Value>(
        _ part: Part,
        _ interruption: Interruption,
        _ body: () throws -> Value
    ) throws -> Value {
        for pause in LockWait.pauses {
            do { return try body() } catch {
                let cause = (error as? TargetError)?.cause ?? error
                guard case .lockTimeout = cause as? PostgresError else { throw error }
                if part.before == nil { undo() } else { _ = try beginAgain(part, interruption) }
                try interruption.pause(milliseconds: pause)
            }
        }
        return try body()
    }

    private func apply(_ part: Part, _ interruption: Interruption) throws {
        let session = try begin(interruption)
        if part.before != nil { try session.execute("SAVEPOINT \(Self.start)") }
        var none: RejectedRowBisector?
        try run(part.changes, part, &none, in: session)
        try finish(part, part.changes, in: session)
    }

    /// Applies it once more from its beginning, and leaves out the rows that are refused: first with foreign keys that
    /// may wait until the end, then with all of them looked at row by row.
    ///
    /// - Returns: The issues of the tables that rows were left out of.
    private func sieve(
        _ part: Part,
        after refused: ConstraintViolation,
        _ interruption: Interruption
    ) throws -> [TableName: [RowIssue]] {
        for isLast in [false, true] {
            do {
                let session = try beginAgain(part, interruption)
                if isLast { try session.execute("SET CONSTRAINTS ALL IMMEDIATE") }
                var sieve: RejectedRowBisector? = RejectedRowBisector(session)
                try run(part.changes, part, &sieve, in: session)
                // What would be refused at the end.
                if !isLast { try explained(session) { try session.execute("SET CONSTRAINTS ALL IMMEDIATE") } }
                try session.execute("SET CONSTRAINTS ALL DEFERRED")
                let changes = part.changes.map { change in
                    var change = change
                    change.after = sieve?.completed(change) ?? change.after
                    return change
                }
                try finish(part, changes, in: session)
                let wanted = Dictionary(part.changes.map { ($0.after.target, $0.after.issues) }) { $1 }
                let stored = Dictionary(changes.map { ($0.after.target, $0.after.issues) }) { $1 }
                return stored.filter { wanted[$0.key] != $0.value }
            } catch is ConstraintViolation where !isLast {
                continue
            } catch let refused as ConstraintViolation {
                throw refused.meaning
            }
        }
        throw refused.meaning
    }

    private static let start = "tandem_part"

    /// The session as it was before the part.
    private func beginAgain(_ part: Part, _ interruption: Interruption) throws -> Session {
        guard let before = part.before else {
            undo()
            return try begin(interruption)
        }
        let session = try begin(interruption)
        try session.execute("ROLLBACK TO \(Self.start)")
        stages = before
        return session
    }

    private func run(
        _ changes: [TargetChanges],
        _ part: Part,
        _ sieve: inout RejectedRowBisector?,
        in session: Session
    ) throws {
        try ChangeGroup.run(
            changes,
            isLast: part.kind.isLast,
            sieve: &sieve,
            stages: &stages,
            encoder: encoder,
            in: session
        )
    }

    private func finish(_ part: Part, _ changes: [TargetChanges], in session: Session) throws {
        try remember(changes, of: part.sync, in: session)
        if changes.contains(where: { $0.before.stream == nil && $0.after.stream != nil }) { isJoining = true }
        guard case .last(let checkpoint) = part.kind else {
            if part.before != nil { try session.execute("RELEASE \(Self.start)") }
            return
        }
        guard part.before == nil else { return try commit(checkpoint, of: part.sync, in: session) }
        try explained(session) { try commit(checkpoint, of: part.sync, in: session) }
    }

    /// Calls `body`, where constraints that waited for it refuse rows of whichever table.
    private func explained(_ session: Session, _ body: () throws -> Void) throws {
        do { try body() } catch let error as PostgresError {
            guard let objection = session.objection, objection.code == error.sqlState, objection.isAboutContent else {
                throw error
            }
            throw ConstraintViolation(objection: objection, meaning: error)
        }
    }

    /// Undoes what is open, if anything is.
    private func undo() {
        defer {
            isOpen = false
            isJoining = false
            // What was prepared may have been a part of it.
            isPrepared = false
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
        transactions.end()
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
        try session.begin(.readWrite, then: Self.settings)
        isOpen = true
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
        SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = on;
        SET LOCAL work_mem = '64MB'; SET LOCAL lock_timeout = \(LockWait.timeout);
        SET CONSTRAINTS ALL DEFERRED;
        SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
        WHERE pg_catalog.current_setting('synchronous_commit') = 'off'
        """

    /// Stores what tables have become.
    private func remember(_ changes: [TargetChanges], of sync: String, in session: Session) throws {
        let evolved = changes.filter { $0.before != $0.after }
        for change in evolved {
            let (old, new) = (change.before.target, change.after.target)
            let moves = old == new ? [] : [Metadata.moving(old, to: new)]
            let statements = try moves + Metadata.remembering([change.after], retiring: [], of: sync)
            try session.execute(statements.joined(separator: "; "))
        }
    }

    private func commit(_ state: StreamCheckpoint?, of sync: String, in session: Session) throws {
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
