package import TandemCore

/// A connection that async code uses: its blocking calls run on a thread of its own.
///
/// It connects when it is first used, and again when it was lost. Cancelling the task stops what it waits for.
package actor Connection {
    private let config: PostgresConfig
    private let context: ConnectionContext
    private let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    private let executor = ThreadExecutor(label: "tandem.postgres.connection")
    private var session: Session?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter pinned: Changes what the server is taken to be able to do. For tests.
    package init(
        _ config: PostgresConfig,
        in context: ConnectionContext,
        pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil
    ) {
        self.config = config
        self.context = context
        self.pinned = pinned
    }

    /// Calls `body` with the session, on this connection's thread.
    ///
    /// - Throws: What `body` throws; ``PostgresError``; `CancellationError`.
    package func run<Value: Sendable>(_ body: @Sendable (Session) throws -> Value) async throws -> Value {
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            try body(openSession(interruption))
        } onCancel: {
            interruption.raise()
        }
    }

    /// Calls `body` in the transaction that an earlier call has left open.
    ///
    /// - Throws: As ``run(_:)``; ``PostgresError/connectionLost(_:reason:)`` where the transaction is gone.
    func resume<Value: Sendable>(_ body: @Sendable (Session) throws -> Value) async throws -> Value {
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            guard let session, session.isOpen, session.isInTransaction else {
                let place = session?.endpoint ?? Endpoint(host: "", port: "", database: "", user: "")
                throw PostgresError.connectionLost(place, reason: "the transaction has ended")
            }
            session.interruption = interruption
            return try body(session)
        } onCancel: {
            interruption.raise()
        }
    }

    /// Ends what is left open of a transaction.
    func rollBack() {
        guard let session, session.isInTransaction else { return }
        session.interruption = Interruption()
        if (try? session.execute("ROLLBACK")) == nil { session.close() }
    }

    /// The same, to its end even where the task is cancelled: for what has to be tidied up.
    func finish(_ body: @Sendable (Session) throws -> Void) throws { try body(openSession(Interruption())) }

    package func close() {
        session?.close()
        session = nil
    }

    private func openSession(_ interruption: Interruption) throws -> Session {
        if let session, session.isAlive, !session.isInTransaction {
            session.interruption = interruption
            return session
        }
        let made = try Session(config, in: context, interruption: interruption, pinned: pinned)
        session = made
        return made
    }
}
