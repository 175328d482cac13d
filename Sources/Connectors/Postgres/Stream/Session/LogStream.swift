import Synchronization
import TandemCore
import TandemRows

/// A slot's changes, followed on a thread of their own.
actor LogStream: ChangeStream {
    private let executor = ThreadExecutor(label: "tandem.postgres.stream")
    private let opening: LogOpening
    private var feed: LogFeed?
    /// As ``LSN/rawValue``.
    private let confirmed: Atomic<UInt64>

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Does not connect yet.
    init(_ opening: LogOpening) {
        self.opening = opening
        confirmed = Atomic(opening.kept.rawValue)
    }

    /// Connects, and starts to receive.
    ///
    /// - Throws: ``PostgresError``; `CancellationError`.
    func open() async throws {
        feed = try await interruptible { try opening.feed($0) }
    }

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        guard let feed else { return nil }
        return try await interruptible { interruption in
            feed.interruption = interruption
            return try feed.next(isWanted: isWanted, confirmed: confirmedPosition)
        }
    }

    nonisolated func confirm(_ checkpoint: Checkpoint) {
        guard let place = LogCheckpoint(checkpoint) else { return }
        confirmed.max(place.position.rawValue, ordering: .relaxed)
    }

    func keepAlive() async throws { try feed?.keepAlive(confirmedPosition()) }

    func close() async {
        feed?.end(confirmedPosition())
        feed = nil
    }

    private nonisolated func confirmedPosition() -> LSN { LSN(rawValue: confirmed.load(ordering: .relaxed)) }

    private func interruptible<Value>(_ body: (Interruption) throws -> Value) async throws -> Value {
        let interruption = Interruption()
        return try await withTaskCancellationHandler {
            // On this actor's thread: without a word of the actor it would run on one of the few that all tasks share.
            assertIsolated()
            return try body(interruption)
        } onCancel: {
            interruption.raise()
        }
    }
}
