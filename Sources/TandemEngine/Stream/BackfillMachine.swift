import TandemCore
import TandemRows

/// The life of each table in a followed sync, from being asked for to being followed, and what may be confirmed to the
/// source meanwhile.
///
/// A value without input or output: it hears of events and says what is to be
/// done, which `Backfills` does. One table is under way at a time. From where
/// the stream was before its copy began, the source has to keep its log until
/// the table has joined, whether or not the stream buffers its changes: what is
/// buffered is lost when the stream breaks. Nobody else confirms anything.
struct BackfillMachine {
    typealias Instant = RunClock.Instant

    enum Event {
        /// These tables are to be copied beside the stream, which goes on from a place. The copy of any other, or for
        /// another stream or name, is given up. Comes between two streams.
        case planned([TablePlan], at: StreamCheckpoint)
        /// They were copied with no stream beside, and that failed; or were not, because they are locked.
        case couldNotCopy([TablePlan], areLocked: Bool)
        /// The stream can follow a table no further.
        case mustCopy(Recopy)
        /// The destination has come so far, and no stream goes on: a copy that lacks changes can get them.
        case standing(at: StreamCheckpoint?)

        /// A stream goes on from where the destination is, and the source keeps its log from `kept` on.
        case streamBegan(keeping: Checkpoint?, isEndless: Bool)
        case streamEnded
        /// The stream says so of a table, with a batch that the destination has (`joined`: with the one that is next).
        case buffering(BufferingEvent, TableID, at: StreamCheckpoint)
        /// The stream cannot buffer the table that it was asked to.
        case cannotBuffer
        /// The destination has made durable all before a place.
        case reached(StreamCheckpoint)

        /// The copy is made. `end` is a place behind all that it shows.
        case loaded(TableOutcome, end: Checkpoint?)
        case copyFailed(any Error)
        case published
        /// The copy has all changes, and belongs to the stream.
        case joined
        case couldNotJoin(any Error)
        case discarded
        /// The time has come that ``Action/wake(at:)`` asked for.
        case pauseIsOver
    }

    enum Action {
        // Of the stream.
        case startBuffering(TablePlan)
        /// Let what is buffered come, once the stream is past a place.
        case join(LoadedTable, after: Checkpoint)
        case confirm(Checkpoint)
        case stopStream
        // Of the copy.
        case copy(TablePlan, since: StreamCheckpoint)
        case cancelCopy
        /// Put it in place, and tell ``Event/published``.
        case publish(LoadedTable)
        /// Read what has changed until a place, apply it to the copy, and tell ``Event/joined``.
        case reread(LoadedTable, to: StreamCheckpoint)
        /// Remove what is loaded for a target, also the sections that are kept for another attempt where those are not
        /// wanted, and tell ``Event/discarded``.
        case discard(TableName, withSections: Bool)

        case wake(at: Instant)
        case report(RunEvent)
    }

    struct Table {
        var plan: TablePlan
        var state = BackfillState.idle
        /// How often it failed, or could not be followed soon after it had joined.
        var setbacks = 0
        var notBefore: Instant?
    }

    let retries: RetryPolicy
    var tables: [TableID: Table] = [:]
    /// Those that are asked for, in the order in which they are copied.
    var order: [TableID] = []
    /// The one that is under way.
    var current: TableID?
    /// How far the destination is.
    var reached: StreamCheckpoint?
    /// What the source was told last in this stream.
    var confirmed: Checkpoint?
    var stream = Stream.none
    /// Until when no table is ready that is asked for, where none is.
    var wakesAt: Instant?

    enum Stream {
        case none
        /// One with an end leaves the tables alone, which wait for the next.
        case bounded
        case endless
        case stopping
    }

    init(retries: RetryPolicy) { self.retries = retries }

    mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        let actions =
            switch event {
            case .planned(let wanted, let reached): plan(wanted, at: reached)
            case .couldNotCopy(let failed, let areLocked): postpone(failed, now, areLocked)
            case .mustCopy(let recopy): copyAgain(recopy, now)
            case .standing(let reached): join(at: reached, now)
            case .streamBegan(let kept, let isEndless): begin(keeping: kept, isEndless)
            case .streamEnded: endStream()
            case .buffering(let word, let id, let reached): note(word, of: id, at: reached)
            case .cannotBuffer: reached.map { startCopy(since: $0, isBuffered: false) } ?? []
            case .reached(let reached): reach(reached)
            case .loaded(let outcome, let end): note(outcome, end: end)
            case .copyFailed(let error): fail(error, now)
            case .published: notePublished(now)
            case .joined: follow(now)
            case .couldNotJoin(let error): giveUp(error, now)
            case .discarded: endDiscarding()
            case .pauseIsOver: [Action]()
            }
        return actions + confirmation() + nextSteps(now)
    }

    // MARK: What others may do meanwhile

    var isIdle: Bool { current == nil }

    var loaded: LoadedTable? { if case .loaded(let loaded) = state { loaded } else { nil } }

    /// Whether the stream has changes that would be lost with it.
    var isBuffering: Bool {
        switch state {
        case .copying(_, let isBuffered): isBuffered
        case .loaded(let loaded): loaded.changes == .buffered || loaded.changes == .awaited
        default: false
        }
    }

    /// From where on the source must keep its log. `nil` for where the destination is.
    var needed: Checkpoint? {
        switch state {
        case .copying(let since, _): since.checkpoint
        case .loaded(let loaded): loaded.since.checkpoint
        default: nil
        }
    }

    /// When the first table that is asked for may be copied that has to wait; `nil` where none has to.
    var nextTry: Instant? {
        order.compactMap { id in tables[id].flatMap { $0.state.isWanted ? $0.notBefore : nil } }.min()
    }

    /// Of the table that is under way.
    var state: BackfillState? {
        get { current.flatMap { tables[$0]?.state } }
        set { if let current, let newValue { tables[current]?.state = newValue } }
    }
}

// MARK: - The plan

extension BackfillMachine {
    fileprivate mutating func plan(_ wanted: [TablePlan], at reached: StreamCheckpoint) -> [Action] {
        _ = endStream()
        self.reached = reached
        order = wanted.map(\.schema.id)
        wakesAt = nil
        let plans = Dictionary(wanted.map { ($0.schema.id, $0) }) { first, _ in first }
        let target = current.flatMap { plans[$0]?.target }
        let actions = keepOrGiveUp(target, in: reached)
        for (id, table) in tables where plans[id] == nil && table.state.isWanted { tables[id]?.state = .idle }
        for (id, plan) in plans {
            var table = tables[id] ?? Table(plan: plan)
            // A copy is gone on with as it was begun. What has changed since is seen once it has joined.
            if id != current || table.state.isEnding { table.plan = plan }
            switch table.state {
            case .idle, .followed: table.state = .wanted
            case .wanted, .starting, .copying, .cancelling, .loaded, .discarding: break
            }
            tables[id] = table
        }
        return actions
    }

    /// - Parameter target: Where the table that is under way is to be by now; `nil` where it is not asked for.
    private mutating func keepOrGiveUp(_ target: TableName?, in stream: StreamCheckpoint) -> [Action] {
        guard let current, let table = tables[current] else { return [] }
        // Under its old name there may be another by now.
        let isSame = target == table.plan.target
        switch table.state {
        case .copying(let since, _) where !isSame || since.id != stream.id:
            state = .cancelling(table.plan.target)
            return [.cancelCopy]
        case .loaded(let loaded) where !isSame || loaded.since.id != stream.id:
            return discard(loaded.table.target)
        case .starting where !isSame:
            endCurrent()
            return []
        default: return []
        }
    }

    fileprivate mutating func postpone(_ failed: [TablePlan], _ now: Instant, _ areLocked: Bool) -> [Action] {
        for plan in failed { delay(plan, now, isLocked: areLocked) }
        return []
    }

    fileprivate mutating func copyAgain(_ recopy: Recopy, _ now: Instant) -> [Action] {
        let id = recopy.table.schema.id
        if let table = tables[id], case .followed(let since) = table.state {
            tables[id]?.state = .idle
            // Not at once, where that happens over and over.
            if now - since < retries.longestCopyPause {
                delay(table.plan, now)
            } else {
                tables[id]?.setbacks = 0
                tables[id]?.notBefore = nil
            }
        }
        return [.report(.copyingAgain(recopy.table, reason: recopy.reason))]
    }

    /// - Parameter isLocked: Whether somebody had locked it, so that nothing was read: to look again costs little.
    /// - Returns: How often it had to wait, and how long it has to now.
    @discardableResult
    mutating func delay(_ plan: TablePlan, _ now: Instant, isLocked: Bool = false) -> (count: Int, pause: Duration) {
        var table = tables[plan.schema.id] ?? Table(plan: plan)
        table.setbacks += 1
        let pause = retries.copyPause(after: table.setbacks, limit: isLocked ? retries.longestPause : nil)
        table.notBefore = now + pause
        tables[plan.schema.id] = table
        wakesAt = nil
        return (table.setbacks, pause)
    }
}
