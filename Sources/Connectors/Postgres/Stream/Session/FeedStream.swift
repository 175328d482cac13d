import Synchronization
import TandemCore
import TandemRows

/// What receives changes and gathers them into batches. Used by one thread; calls block.
protocol ChangeFeed: AnyObject {
    /// Stops whatever it waits for.
    var interruption: Interruption { get set }

    /// See `ChangeStream.next(isWanted:)`.
    ///
    /// - Parameter confirmed: The latest place that was confirmed; `nil` before the first.
    func next(isWanted: () -> Bool, confirmed: () -> Checkpoint?) throws -> ChangeBatch?

    /// See `ChangeStream.keepAlive()`.
    func keepAlive(_ confirmed: Checkpoint?) throws

    /// Tells the source what was confirmed last, and ends.
    func end(_ confirmed: Checkpoint?)
}

/// Changes, followed on a thread of their own.
actor FeedStream: ChangeStream {
    private let executor: ThreadExecutor
    private let connect: @Sendable (Interruption) throws -> any ChangeFeed
    private var feed: (any ChangeFeed)?
    private let confirmed = Mutex<Checkpoint?>(nil)
    private let orders: BufferingCommands?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - label: The thread's name.
    ///   - orders: Where the feed looks for them, if it can hold tables.
    ///   - connect: Connects, and starts to receive. Blocks.
    init(
        _ label: String,
        orders: BufferingCommands? = nil,
        connect: @escaping @Sendable (Interruption) throws -> any ChangeFeed
    ) {
        executor = ThreadExecutor(label: label)
        self.orders = orders
        self.connect = connect
    }

    /// - Throws: ``PostgresError``; `CancellationError`.
    func open() async throws {
        feed = try await interruptible { try connect($0) }
    }

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        guard let feed else { return nil }
        return try await interruptible { interruption in
            feed.interruption = interruption
            return try feed.next(isWanted: isWanted, confirmed: confirmedPlace)
        }
    }

    nonisolated func confirm(_ checkpoint: Checkpoint) { confirmed.withLock { $0 = checkpoint } }

    nonisolated func hold(_ table: BufferedTable?) -> Bool { orders?.hold(table) ?? false }

    nonisolated func join(_ table: StreamRequest.Table, after place: Checkpoint) { orders?.join(table, after: place) }

    func keepAlive() async throws { try feed?.keepAlive(confirmedPlace()) }

    func close() async {
        feed?.end(confirmedPlace())
        feed = nil
    }

    private nonisolated func confirmedPlace() -> Checkpoint? { confirmed.withLock { $0 } }

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
