import TandemCore
import TandemRows

/// Reads which rows triggers have noted, and the rows themselves, round by round. Used by one thread; calls block.
///
/// A round is one snapshot of the source. It takes the keys that were noted by
/// transactions which this snapshot shows and the one before did not, and the
/// rows that stand under them now. So the order in which they were noted does
/// not matter, and the destination goes from one moment of the source to a
/// later one.
final class TriggerFeed: ChangeFeed {
    private let session: Session
    private let logs: TriggerLogs
    private let keeping: TriggerKeeping
    private var assembler: ChangeAssembler
    private let tables: [FollowedLog]
    private let end: TriggerCheckpoint?
    private let times: FeedTimes
    private let clock: RoundClock
    /// The round under way.
    private var round: TriggerRound?
    /// The tables that the last round had changes of: these are likely to have some again.
    private var busy: Set<UInt32> = []
    private var locked = LockedTables()
    private var rest = ReaderYield()
    private let isPrompt: Bool
    private var pause = pauses.upperBound
    private var hasEnded = false

    var interruption: Interruption {
        get { session.interruption }
        set { session.interruption = newValue }
    }

    /// - Throws: ``PostgresError/streamGap(_:reason:)`` where the request is not for a stream of this program.
    init(_ session: Session, request: StreamRequest, times: FeedTimes) throws {
        guard TriggerIdentity(request.start.id) != nil, let start = TriggerCheckpoint(request.start.checkpoint) else {
            throw PostgresError.streamGap(session.endpoint, reason: "its state was not written by this version")
        }
        self.session = session
        self.times = times
        isPrompt = request.isPrompt
        let reader = TriggerReader.name(among: request.made, of: request.sync, at: try Origin.read(session))
        keeping = TriggerKeeping(
            reader: reader ?? request.sync,
            relations: request.tables.map(\.schema.oid),
            told: (request.keep.flatMap(TriggerCheckpoint.init) ?? start).common,
            keepsGiven: try TriggerPlace.isKept(session),
            times: times
        )
        let clock = RoundClock(start)
        self.clock = clock
        end = request.end.flatMap(TriggerCheckpoint.init)
        let catalog = RelationCatalog(version: session.capabilities.version) { try session.query($0, $1) }
        assembler = ChangeAssembler(
            request,
            from: .none,
            catalog: catalog,
            checksUTF8: !session.capabilities.sendsValidUTF8
        ) { _, _ in clock.reached.checkpoint }
        tables = request.tables.map { FollowedLog(table: $0.schema.oid, copied: $0.moment.checkpoint.description) }
        logs = TriggerLogs(session)
    }

    func next(isWanted: () -> Bool, confirmed: () -> Checkpoint?) throws -> ChangeBatch? {
        while !hasEnded {
            if let round {
                do { if try read(round) { try finish(round) } } catch { throw confined(error, to: round.table) }
                return try give(confirmed())
            }
            try keeping.tell(confirmed(), through: session)
            if assembler.isEnding { return try give(confirmed()) }
            guard rest.isOver(isWanted, limit: end == nil && !isPrompt ? times.rest : .zero) else {
                try session.interruption.pause(milliseconds: isPrompt ? 1 : 5)
                continue
            }
            if let end, let visibility = end.visibility, clock.covers(visibility),
                clock.reached.behind.isEmpty || locked.isOverdue
            {
                hasEnded = true
                try assembler.bringExpected()
                return assembler.hasNews || !clock.reached.behind.isEmpty ? try give(confirmed()) : nil
            }
            let start = ContinuousClock.now
            guard try !begin() else {
                pause = Self.pauses.lowerBound
                continue
            }
            // Of many tables a look takes longer, and no more than half of the time is for looking.
            let look = max(Int(start.duration(to: .now) / .milliseconds(1)), clock.reached.behind.isEmpty ? 0 : 20)
            if end != nil {
                if !clock.reached.behind.isEmpty { try session.interruption.pause(milliseconds: look) }
                continue
            }
            let isDue = rest.givenAt.duration(to: .now) >= times.idle || locked.isUntold
            if assembler.hasNews, isDue { return try give(confirmed()) }
            // What has come once comes again soon.
            try session.interruption.pause(milliseconds: max(look, isPrompt ? pause : Self.pauses.upperBound))
            pause = min(pause * 2, Self.pauses.upperBound)
        }
        return nil
    }

    /// Between two looks at the logs, in milliseconds.
    private static let pauses = 3...50

    func keepAlive(_ confirmed: Checkpoint?) throws {
        guard !hasEnded, round == nil else { return }
        try keeping.tell(confirmed, through: session)
    }

    func end(_ confirmed: Checkpoint?) {
        // What was not told is read again, and cleaned by the next run.
        if round == nil { try? keeping.end(confirmed, through: session) }
        session.close()
    }

    private func give(_ confirmed: Checkpoint?) throws -> ChangeBatch {
        var batch = try assembler.take()
        if assembler.isEnding { hasEnded = true }
        if batch.state != nil { try keeping.give(clock.reached.snapshot, confirmed, through: session) }
        rest.give()
        if batch.state != nil, !clock.reached.behind.isEmpty { batch.left = locked.news(isLast: hasEnded).byTable }
        batch.isUpToDate = end == nil && batch.state != nil
        return batch
    }

    // MARK: A round

    /// Takes a snapshot, and looks for what is new in it.
    ///
    /// - Returns: Whether there is anything. If not the place is reached, and no transaction is open.
    private func begin() throws -> Bool {
        // The tables are locked before the snapshot is taken: what is done to one that is not so much as a write shows
        // in it then, or waits. Which ones is known behind the snapshot only, so it may take another.
        var wanted = busy
        while true {
            do {
                var blocked = locked.resting
                if let exported = end?.exported {
                    try session.begin(.snapshot, joining: exported)
                } else {
                    try blocked.formUnion(logs.begin(locking: wanted.subtracting(blocked)))
                }
                let moment = try logs.moment()
                guard moment.snapshot != clock.reached.snapshot || !clock.reached.behind.isEmpty else {
                    // It shows the same transactions as the one before, and nothing is new, whatever there is to ask.
                    try session.execute("COMMIT")
                    return false
                }
                var news = try logs.news(of: tables, after: clock.reached)
                let gaps = try logs.gaps(of: tables, after: clock.reached.snapshot)
                let changed = Set(news.map(\.table))
                if end?.exported != nil {
                    try blocked.formUnion(logs.lock(changed.subtracting(blocked)))
                } else if !changed.subtracting(blocked).isSubset(of: wanted) {
                    try session.execute("ROLLBACK")
                    wanted.formUnion(changed)
                    continue
                }
                for (table, reason) in gaps { assembler.giveUp(table: table, reason) }
                news.removeAll { blocked.contains($0.table) }
                let reached = leaving(changed.intersection(blocked), at: moment.snapshot)
                busy = changed
                guard !news.isEmpty else {
                    try session.execute("COMMIT")
                    if reached != clock.reached {
                        clock.reached = reached
                        assembler.advance(to: clock.tick())
                    }
                    return false
                }
                assembler.begin(TransactionStart(xid: moment.next, time: moment.time))
                round = TriggerRound(reached: reached, time: moment.time, news: news)
                return true
            } catch {
                if session.isOpen { try? session.execute("ROLLBACK") }
                throw explained(error)
            }
        }
    }

    /// The place that is reached in `snapshot`, with tables that have news and are locked.
    private func leaving(_ tables: Set<UInt32>, at snapshot: String) -> TriggerCheckpoint {
        locked.note(tables)
        let behind = Dictionary(tables.map { ($0, clock.reached.reached($0)) }) { first, _ in first }
        return TriggerCheckpoint(snapshot: snapshot, timeline: clock.reached.timeline, behind: behind)
    }

    /// What is about one table's rows, or its keys, stops no other.
    private func confined(_ error: any Error, to table: UInt32?) -> any Error {
        guard let table, let error = error as? PostgresError, error.isConfined, !error.isTransient, session.isOpen
        else {
            return error
        }
        return ChangesUnreadable(TableID(table), error)
    }

    /// A log that is gone, or a table that was renamed in this moment, is for the next preparation to see to.
    private func explained(_ error: any Error) -> any Error {
        guard let error = error as? PostgresError, ["42P01", "3F000"].contains(error.sqlState ?? "") else {
            return error
        }
        return PostgresError.snapshotLost(
            session.endpoint,
            reason: "a table, or the log of its changes, was dropped or renamed meanwhile",
            isTransient: true
        )
    }

    /// Reads on until there is enough for a batch.
    ///
    /// - Returns: Whether all of the round has been read.
    private func read(_ round: TriggerRound) throws -> Bool {
        while !assembler.isFull {
            if round.isCopying {
                if try !round.take(from: session, into: &assembler) { try confirm(round) }
            } else if let news = round.next() {
                try round.start(news, logs: logs, into: &assembler)
            } else {
                return true
            }
        }
        return false
    }

    /// Makes sure that the table which was read was not emptied or rewritten since the snapshot.
    private func confirm(_ round: TriggerRound) throws {
        guard end?.exported != nil, let table = round.table else { return }
        guard try CopyPlanner.isUnchanged(table, on: session) else {
            throw PostgresError.snapshotLost(
                session.endpoint,
                reason: "a table was emptied or rewritten meanwhile",
                isTransient: true
            )
        }
    }

    private func finish(_ round: TriggerRound) throws {
        try session.execute("COMMIT")
        clock.reached = round.reached
        let place = clock.tick()
        try assembler.commit(TransactionEnd(commit: place, end: place, time: round.time))
        self.round = nil
    }
}

/// A table's log, and what of it counts.
struct FollowedLog: Sendable {
    var table: UInt32
    /// The snapshot that the table was copied in: what it shows is in the copy.
    var copied: String
}

/// Which place of the source the rounds have come to. The assembler counts rounds, as if they were places in a log.
final class RoundClock {
    var reached: TriggerCheckpoint
    private var rounds: UInt64 = 0

    init(_ start: TriggerCheckpoint) { reached = start }

    func tick() -> LSN {
        rounds += 1
        return LSN(rawValue: rounds)
    }

    /// Whether a round has been read that shows all that `end` shows.
    func covers(_ end: SnapshotVisibility) -> Bool {
        reached.visibility.map { end.isCovered(by: $0) } ?? false
    }
}
