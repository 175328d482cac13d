package import TandemCore

/// What everything that a run does works with: the sync, its ends, how both are treated, the time, and who watches.
package struct RunContext: Sendable {
    let sync: SyncConfiguration
    let source: any Source
    var destination: any Destination
    /// How many threads may read the source at once.
    let readers: Int
    let retries: RetryPolicy
    let patience: WriterWaitLimit
    /// Whether the run goes on until it is cancelled, and with that outlasts what others hold.
    var follows: Bool
    let clock: RunClock
    /// Called with what happens, in order.
    var observe: @Sendable (RunEvent) async -> Void

    package init(
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination,
        readers: Int,
        retries: RetryPolicy = RetryPolicy(),
        patience: WriterWaitLimit = WriterWaitLimit(),
        follows: Bool = false,
        clock: RunClock = .system,
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) {
        self.sync = sync
        self.source = source
        self.destination = destination
        self.readers = readers
        self.retries = retries
        self.patience = patience
        self.follows = follows
        self.clock = clock
        self.observe = observe
    }

    /// Whether a run is to try again what has failed so.
    func outlasts(_ error: any ExplainedError) -> Bool { error.isTransient || follows && error.isBusy }

    /// Waits before attempt `attempt`, counted from one, of what has failed in passing.
    ///
    /// - Throws: `error` where it has been tried often enough.
    func wait(after error: any ExplainedError, attempt: Int) async throws {
        guard let pause = retries.pause(before: attempt) else { throw error }
        await observe(.retrying(error, pause: pause, attempt: attempt))
        try await clock.backOff(pause)
    }

    /// Calls `body` until it does not fail in passing.
    func persistently<Value>(_ body: () async throws -> Value) async throws -> Value {
        var attempt = 0
        while true {
            do { return try await body() } catch let error as any ExplainedError where outlasts(error) {
                attempt += 1
                try await wait(after: error, attempt: attempt)
            }
        }
    }

    /// Takes a snapshot of the source, and lets go of it when `body` ends, however it does.
    func withSnapshot<Value>(_ body: (any Snapshot) async throws -> Value) async throws -> Value {
        let snapshot = try await source.snapshot(readers: readers)
        return try await using(snapshot) { try await body(snapshot) }
    }

    /// Says that a snapshot was taken, and lets go of it when `body` ends, however it does.
    func using<Value>(_ snapshot: any Snapshot, _ body: () async throws -> Value) async throws -> Value {
        await observe(.snapshotTaken(snapshot.moment, readers: snapshot.readers, notes: snapshot.notes))
        return try await withCleanup(snapshot.close, after: body)
    }
}
