import TandemCore
import TandemRows

/// Receives a slot's stream and gathers it into batches. Used by one thread; calls block.
final class LogFeed: ChangeFeed {
    private let replication: ReplicationSession
    private let beside: CatalogSession
    private var reader: ChangeReader
    /// What is followed.
    private let tables: [TableSchema]
    private let end: LSN?
    /// How long changes gather, and a destination is left to its readers at most.
    private let (gathering, resting): (Duration, Duration)
    private let times: FeedTimes
    private let orders: BufferingCommands
    private var watch: SlotWatch
    /// What is read by pgoutput.
    private let publications: [String]
    /// How long the server may go without a word of ours.
    private let silence: Duration
    private var told: LSN
    private var toldAt = ContinuousClock.now
    /// When the server was asked how far it is, and how long to wait before asking again.
    private var askedAt = ContinuousClock.now
    private var askPause: Duration
    /// Whether a part of a transaction was given out, the rest of which is to follow.
    private var hasGivenPart = false
    private var rest = ReaderYield()
    /// When the first of the changes that are gathered came.
    private var firstAt: ContinuousClock.Instant?
    /// Whether the server asked for an answer: before it stops it waits until all it has sent is confirmed.
    private var isAnswerWanted = false
    private var hasEnded = false
    /// Whether the server was at the end of its log when it spoke last.
    private var isAtEnd = false

    var interruption: Interruption {
        get { replication.interruption }
        set {
            replication.interruption = newValue
            beside.interruption = newValue
        }
    }

    /// - Parameters:
    ///   - isPrompt: Whether changes are wanted as soon as the destination is free.
    ///   - answerTime: When the server gives up on a silent client.
    init(
        _ replication: ReplicationSession,
        beside: CatalogSession,
        reader: ChangeReader,
        tables: [TableSchema],
        start: LSN,
        end: LSN?,
        isPrompt: Bool,
        times: FeedTimes,
        orders: BufferingCommands,
        watch: SlotWatch,
        answerTime: Duration,
        publications: [String]
    ) {
        self.replication = replication
        self.beside = beside
        self.reader = reader
        self.tables = tables
        self.end = end
        if end != nil {
            (gathering, resting) = (times.gatheringToEnd, .zero)
        } else {
            (gathering, resting) = isPrompt ? (.zero, .zero) : (times.gathering, times.rest)
        }
        self.times = times
        self.orders = orders
        self.watch = watch
        self.publications = publications
        askPause = times.asking.lowerBound
        told = start
        silence = min(.seconds(10), answerTime / 3)
    }

    func next(isWanted: () -> Bool, confirmed: () -> Checkpoint?) throws -> ChangeBatch? {
        guard !hasEnded else { return nil }
        do { return try gather(isWanted, confirmed) } catch let error as PostgresError {
            guard let session = try? beside.open(), let reason = reason(error, session),
                let now = try session.query("SELECT \(session.capabilities.logPosition)").value.flatMap({ LSN($0) })
            else { throw error }
            reader.passOver(because: reason, now: now)
            hasEnded = true
            return try give()
        }
    }

    /// Why tables are to be copied again, where the server cannot send what it has, and never will.
    private func reason(_ error: PostgresError, _ session: Session) -> String? {
        // It looks for the publications where it is in the log.
        if error.sqlState == Self.noPublication, !publications.isEmpty {
            return
                "its publication was not there for a while, and what was written meanwhile is not in the log's stream"
        }
        return LongRows(session: session).reason(of: error, tables)
    }

    private func gather(_ isWanted: () -> Bool, _ confirmed: () -> Checkpoint?) throws -> ChangeBatch? {
        while true {
            if !reader.assembler.progress.isInTransaction { for order in orders.take() { reader.follow(order) } }
            if reader.assembler.canJoin { return try give() }
            rest.look(isWanted)
            let hasMoved = try drain(isWanted)
            try tell(place(confirmed()))
            try limitSlot()
            if reader.assembler.isEnding || reader.assembler.isFull { return try give() }
            if !reader.assembler.progress.isInTransaction {
                if let end, reader.assembler.progress.reached >= end {
                    hasEnded = true
                    try decode { try reader.bringExpected() }
                    return reader.assembler.hasNews(beyond: Self.shortWay) ? try give() : nil
                }
                if isDue(isWanted) { return try give() }
            }
            if end != nil || reader.assembler.awaitsPlace, !hasMoved {
                try ask(place(confirmed()))
            } else {
                askPause = times.asking.lowerBound
            }
            _ = try replication.wait(milliseconds: patience(isWanted), isPrompt: gathering == .zero)
        }
    }

    /// Says that we are there, and looks after the slot.
    func keepAlive(_ confirmed: Checkpoint?) throws {
        guard !hasEnded else { return }
        try say(place(confirmed))
        try limitSlot()
    }

    func end(_ confirmed: Checkpoint?) {
        // It is over in any case, and what was not said comes again.
        try? say(place(confirmed))
        replication.end()
        beside.close()
    }

    // MARK: Gathering

    /// Reads what has arrived, until there is enough for a batch.
    ///
    /// - Returns: Whether there was anything.
    private func drain(_ isWanted: () -> Bool) throws -> Bool {
        var hasMoved = false
        while true {
            if reader.assembler.isFull || reader.assembler.isEnding || reader.assembler.progress.hasPassedEnd {
                return true
            }
            guard try replication.receive(take) else { return hasMoved }
            hasMoved = true
            // Where nothing gathers, all that has arrived goes together.
            if gathering > .zero, !reader.assembler.progress.isInTransaction, isDue(isWanted) { return true }
        }
    }

    private func take(_ message: ReplicationMessage) throws {
        switch message {
        case .data(let place, _, let payload):
            isAtEnd = false
            try takeNotices()
            try decode { try reader.read(payload, at: place) }
        case .keepAlive(let end, _, let isReplyWanted):
            try takeNotices()
            reader.advance(to: end)
            // Without being asked, and without asking, it says so when it has nothing more to send.
            let isUnasked = self.end == nil && !reader.assembler.awaitsPlace
            isAtEnd = isUnasked && !isReplyWanted && !reader.assembler.progress.isInTransaction
            if isReplyWanted { isAnswerWanted = true }
        }
    }

    /// From version 18 on the server warns where a publication is not there, and leaves the changes out; before that it
    /// fails.
    private func takeNotices() throws {
        for notice in replication.session.takeNotices() {
            reader.note(notice)
            guard publications.contains(where: { notice.contains($0) }) else { continue }
            let place = replication.endpoint
            replication.close()
            throw PostgresError.server(place, sqlState: Self.noPublication, severity: "WARNING", message: notice)
        }
    }

    private static let noPublication = "42704"

    /// Bytes of log that a bounded stream may leave for the next one to pass over, when nothing in them concerns it: a
    /// destination would have to write for them, and the server frees log by files of 16 MB.
    private static let shortWay: UInt64 = 1 << 20

    private func decode(_ body: () throws -> Void) throws {
        do { try body() } catch let error as MalformedMessage {
            replication.close()
            throw PostgresError.malformed(replication.endpoint, what: "\(error)")
        } catch is UnreadableCell {
            throw PostgresError.malformed(replication.endpoint, what: "a row of its catalog")
        }
    }

    /// Whether what is gathered, which ends with a transaction, is to be given out.
    private func isDue(_ isWanted: () -> Bool) -> Bool {
        if hasGivenPart { return true }
        guard reader.assembler.hasChanges else {
            // Nothing but a place that was reached: now and then, so that the server can forget what is before it.
            guard reader.assembler.hasNews, isWanted() else { return false }
            return isAnswerWanted || rest.givenAt.duration(to: .now) >= times.idle
        }
        let now = ContinuousClock.now
        let first = firstAt ?? now
        firstAt = first
        return first.duration(to: now) >= gathering && rest.isOver(isWanted, limit: resting)
    }

    private func give() throws -> ChangeBatch {
        var batch = ChangeBatch()
        try decode { batch = try reader.take() }
        // What is to be copied again may have turned out just now.
        if reader.assembler.isEnding { hasEnded = true }
        batch.isUpToDate = isAtEnd && batch.state != nil
        hasGivenPart = batch.state == nil
        rest.give()
        firstAt = nil
        isAnswerWanted = false
        return batch
    }

    /// How long to wait for the server, in milliseconds.
    private func patience(_ isWanted: () -> Bool) -> Int {
        guard reader.assembler.hasChanges, !reader.assembler.progress.isInTransaction else {
            return end == nil ? 100 : Int(askPause / .milliseconds(1))
        }
        guard let firstAt else { return 1 }
        let left = gathering - firstAt.duration(to: .now)
        // The destination says when it is free only if it is asked.
        return left > .zero ? max(1, Int(left / .milliseconds(1))) : gathering > .zero ? 5 : 1
    }

    /// Drops the slot where it keeps too much log and that is the policy, which ends the stream.
    ///
    /// - Throws: ``PostgresError/slotDropped(_:slot:kept:limit:)``.
    private func limitSlot() throws {
        guard let kept = try watch.look(beside) else { return }
        hasEnded = true
        replication.end()
        throw try watch.drop(beside, keeping: kept)
    }

    // MARK: Answering

    /// What to tell the server: never less than before.
    private func place(_ confirmed: Checkpoint?) -> LSN {
        max(told, confirmed.flatMap { LogCheckpoint($0)?.position } ?? told)
    }

    /// Tells the server what was confirmed, if it is time to.
    private func tell(_ confirmed: LSN) throws {
        let passed = toldAt.duration(to: .now)
        if passed >= silence || confirmed > told && passed >= times.telling { try say(confirmed) }
    }

    /// Asks the server how far it is: without that it need not say that it has nothing to send.
    private func ask(_ confirmed: LSN) throws {
        guard askedAt.duration(to: .now) >= askPause else { return }
        try say(confirmed, isReplyWanted: true)
        askedAt = .now
        askPause = min(askPause * 2, times.asking.upperBound)
    }

    private func say(_ confirmed: LSN, isReplyWanted: Bool = false) throws {
        try replication.sendStatus(confirmed: confirmed, isReplyWanted: isReplyWanted)
        told = confirmed
        toldAt = .now
    }
}
