import Synchronization
import TandemCore
import TandemRows

/// Does what a `BackfillMachine` says, and tells it what comes of that. Every task of a followed sync may call it.
final class Backfills: Sendable {
    /// A copy that is to be made.
    struct Order: Sendable {
        var table: TablePlan
        var since: StreamCheckpoint
        /// Ends once the copy is not wanted any more.
        var cancelled: AsyncStream<Never>
    }

    private struct State {
        var machine: BackfillMachine
        var stream: (any ChangeStream)?
        /// Ends when the stream is to.
        var stop: AsyncStream<Never>.Continuation?
        var cancel: AsyncStream<Never>.Continuation?
        /// Of those who wait until nothing is under way.
        var waiting: [AsyncStream<Never>.Continuation] = []
    }

    /// The copies that are to be made, one after another.
    let orders: AsyncStream<Order>
    /// When the machine wants to hear that the time has come.
    let wakes: AsyncStream<BackfillMachine.Instant>
    private let state: Mutex<State>
    private let ordering: AsyncStream<Order>.Continuation
    private let waking: AsyncStream<BackfillMachine.Instant>.Continuation
    private let context: RunContext

    private var destination: any Destination { context.destination }
    private var sync: String { context.sync.name }

    init(_ context: RunContext) {
        self.context = context
        state = Mutex(State(machine: BackfillMachine(retries: context.retries)))
        (orders, ordering) = AsyncStream.makeStream()
        (wakes, waking) = AsyncStream.makeStream()
    }

    /// Has the machine hear of `event`, and does what it answers.
    ///
    /// - Returns: What only the caller can do: ``BackfillMachine/Action/publish(_:)`` and
    ///   ``BackfillMachine/Action/reread(_:to:)``.
    @discardableResult
    func note(_ event: BackfillMachine.Event) async -> [BackfillMachine.Action] {
        var left: [BackfillMachine.Action] = []
        for action in tell(event) {
            switch action {
            case .report(let event): await context.observe(event)
            case .discard(let target, let withSections):
                // What was loaded is swept later where it cannot be removed now.
                try? await destination.discard([target])
                if withSections { try? await destination.dropSections(of: target, sync) }
                left += await note(.discarded)
            default: left.append(action)
            }
        }
        return left
    }

    /// Tells the machine of `event`, and does at once what does not take time. In one go, so that what is confirmed
    /// and ordered keeps its order.
    ///
    /// - Returns: The rest.
    private func tell(_ event: BackfillMachine.Event) -> [BackfillMachine.Action] {
        state.withLock { state in
            var left: [BackfillMachine.Action] = []
            var events = [event]
            while let event = events.popLast() {
                for action in state.machine.handle(event, at: context.clock.now) {
                    switch action {
                    case .startBuffering(let table):
                        if state.stream?.hold(table.held) != true { events.append(.cannotBuffer) }
                    case .join(let loaded, let place):
                        let table = StreamedTable(plan: loaded.table, copy: loaded.outcome.copy)
                        state.stream?.join(table.request, after: place)
                    case .confirm(let place): state.stream?.confirm(place)
                    case .stopStream: state.stop?.finish()
                    case .copy(let table, let since):
                        let (cancelled, cancel) = AsyncStream<Never>.makeStream()
                        state.cancel = cancel
                        ordering.yield(Order(table: table, since: since, cancelled: cancelled))
                    case .cancelCopy: state.cancel?.finish()
                    case .wake(let time): waking.yield(time)
                    case .publish, .reread, .discard, .report: left.append(action)
                    }
                }
            }
            if state.machine.isIdle {
                for waiting in state.waiting { waiting.finish() }
                state.waiting = []
            }
            return left
        }
    }

    // MARK: For a stream

    /// From where on the source must keep its log. `nil` for where the stream begins.
    var needed: Checkpoint? { state.withLock { $0.machine.needed } }
    /// Whether the stream that goes on has changes that would be lost with it.
    var isBuffering: Bool { state.withLock { $0.machine.isBuffering } }

    /// Notes that `stream` goes on from where the destination is.
    ///
    /// - Returns: What ends once the stream is to, so that something else can be done.
    func begin(_ stream: any ChangeStream, keeping kept: Checkpoint?, isEndless: Bool) async -> AsyncStream<Never> {
        let (stopped, stop) = AsyncStream<Never>.makeStream()
        state.withLock { ($0.stream, $0.stop) = (stream, stop) }
        await note(.streamBegan(keeping: kept, isEndless: isEndless))
        return stopped
    }

    func end() async {
        await note(.streamEnded)
        state.withLock { ($0.stream, $0.stop) = (nil, nil) }
    }

    // MARK: Between streams

    /// The copy that has not joined, if there is one.
    var loaded: LoadedTable? { state.withLock { $0.machine.loaded } }
    /// Whether nothing is under way, so that the destination may be left to others for a while.
    var isIdle: Bool { state.withLock { $0.machine.isIdle } }
    /// See ``BackfillMachine/nextTry``.
    var nextTry: BackfillMachine.Instant? { state.withLock { $0.machine.nextTry } }

    /// Waits until nothing is under way.
    func awaitIdle() async throws {
        let (idle, waiting) = AsyncStream<Never>.makeStream()
        state.withLock { if $0.machine.isIdle { waiting.finish() } else { $0.waiting.append(waiting) } }
        for await _ in idle {}
        try Task.checkCancellation()
    }

    /// Puts a copy in place.
    ///
    /// - Returns: What is to be done next.
    func publish(_ loaded: LoadedTable) async throws -> [BackfillMachine.Action] {
        let copy = loaded.placed
        let retired = [loaded.table.retires].compactMap(\.self).filter { $0 != copy.target }
        try await destination.publish([copy], retiring: retired, of: sync, isPatient: false)
        let next = await note(.published)
        await context.observe(.published([loaded.outcome]))
        return next
    }

    /// Does what a copy joins by.
    ///
    /// - Returns: `nil` where it failed and the table is copied once more.
    /// - Throws: What is worth another attempt with the same copy.
    func joining<Value>(_ body: () async throws -> Value) async throws -> Value? {
        do { return try await body() } catch let error as CancellationError {
            throw error
        } catch let error as any ExplainedError where error.interruptsAll {
            throw error
        } catch {
            await note(.couldNotJoin(error))
            return nil
        }
    }
}
