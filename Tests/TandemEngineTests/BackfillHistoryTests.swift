import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Random histories of a `BackfillMachine` in a world that does what it says, and fails as the world does.
@Suite struct BackfillHistoryTests {
    @Test func theInvariantsHoldInEveryHistory() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let one = random.next()
            var world = World(seed: one)
            for _ in 0..<120 { try world.step() }
            try world.settle()
        }
    }
}

/// A source with a log, a stream of it, what copies tables, and a destination, as a machine knows them.
private struct World {
    private struct Broken: Error, CustomStringConvertible { var description: String }

    private let seed: UInt64
    private var random: SeededGenerator
    private var machine = BackfillMachine(
        retries: RetryPolicy(limit: 2, firstPause: .seconds(1), longestPause: .seconds(2))
    )
    private var now = RunClock.Instant(.zero)
    private var history: [String] = []

    private var wanted: [TableID: TablePlan] = [:]
    private var streamID = 1
    /// How far the destination is, and what the source was told.
    private var (applied, confirmed) = (0, 0)
    private var isStreaming = false
    private var isEndless = false
    private var isStopWanted = false
    private var asked: TablePlan?
    private var buffered: TableID?
    private var joining: (LoadedTable, after: Int)?
    private var copying: TablePlan?
    private var isCancelled = false
    /// From where on the log is needed for which table: what is not to be confirmed.
    private var needs: (table: TableID, since: Int)?
    private var loaded: LoadedTable?
    private var followed: Set<TableID> = []
    private var wakes: [RunClock.Instant] = []
    /// Copies that failed while somebody waited for them, and reasons that were given.
    private var (failures, reasons) = (0, 0)
    private var isQuiet = false

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        replan()
    }

    private func check(_ isRight: Bool, _ what: String) throws {
        guard !isRight else { return }
        throw Broken(description: "\(what), seed \(seed), after:\n" + history.joined(separator: "\n"))
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private var place: StreamCheckpoint { BackfillSample.place(applied, of: "\(streamID)") }

    // MARK: What the machine says

    private mutating func tell(_ event: BackfillMachine.Event) throws {
        let actions = machine.handle(event, at: now)
        let name = Mirror(reflecting: event).children.first?.label ?? "\(event)"
        history.append("\(name) -> " + actions.map(BackfillSample.text).joined(separator: ", "))
        for action in actions { try perform(action) }
    }

    private mutating func perform(_ action: BackfillMachine.Action) throws {
        switch action {
        case .startBuffering(let table):
            try check(isStreaming && isEndless && !isStopWanted, "a stream was asked that does not go on")
            try check(copying == nil && loaded == nil, "a second table is begun")
            if chance(20) { try tell(.cannotBuffer) } else { asked = table }
        case .copy(let table, let since):
            try check(copying == nil && loaded == nil, "two copies at a time")
            try check(!followed.contains(table.schema.id), "a table that is followed is copied")
            let since = number(since.checkpoint)
            try check(confirmed <= since, "the log from \(since) on is gone")
            (copying, isCancelled, needs) = (table, false, (table.schema.id, since))
        case .cancelCopy:
            try check(copying != nil, "nothing is copied")
            (isCancelled, needs) = (true, nil)
        case .join(let loaded, let place):
            try check(buffered == loaded.table.schema.id, "nothing is buffered of it")
            joining = (loaded, number(place))
        case .confirm(let place):
            let place = number(place)
            try check(isStreaming && place <= applied, "\(place) is confirmed and not applied")
            try check(needs.map { place <= $0.since } ?? true, "\(place) is confirmed and still needed")
            confirmed = max(confirmed, place)
        case .stopStream: isStopWanted = true
        case .publish(let loaded):
            if !isQuiet, chance(15) { return try failJoining() }
            try check(self.loaded != nil, "something is put in place that is not loaded")
            if loaded.placed.stream != nil {
                try check(number(loaded.since.checkpoint) == applied, "changes are missing")
                follow(loaded.table.schema.id)
            }
            try tell(.published)
        case .reread(let loaded, let place):
            if !isQuiet, chance(15) { return try failJoining() }
            try check(confirmed <= number(loaded.since.checkpoint), "what is to be read is gone")
            try check(number(place.checkpoint) == applied, "not all is read")
            follow(loaded.table.schema.id)
            try tell(.joined)
        case .discard:
            (loaded, needs) = (nil, nil)
            try tell(.discarded)
        case .wake(let time): wakes.append(time)
        case .report: reasons += 1
        }
    }

    /// In passing, or for good.
    private mutating func failJoining() throws {
        if isStreaming, chance(50) {
            try endStream()
        } else if isStreaming || chance(50) {
            failures += 1
            try tell(.couldNotJoin(TestFault(isTransient: false)))
        }
    }

    private mutating func follow(_ table: TableID) {
        followed.insert(table)
        (loaded, needs) = (nil, nil)
    }

    private func number(_ place: Checkpoint) -> Int { Int(place.description) ?? 0 }

    // MARK: What happens

    mutating func step() throws {
        now = now + .milliseconds(Int.random(in: 0...400, using: &random))
        for time in wakes where time <= now {
            wakes.removeAll { $0 == time }
            try tell(.pauseIsOver)
        }
        if copying != nil, chance(isQuiet ? 60 : 30) { return try endCopy() }
        guard isStreaming else { return try beginStream() }
        if isStopWanted || !isQuiet && chance(8) || !isEndless && chance(30) { return try endStream() }
        try applyBatch()
    }

    /// From here on nothing fails any more, and every table that is asked for comes to be followed.
    mutating func settle() throws {
        isQuiet = true
        try endStream()
        for _ in 0..<1_500 {
            try step()
            if isStreaming, machine.isIdle, wanted.keys.allSatisfy(followed.contains) { break }
        }
        try check(wanted.keys.allSatisfy(followed.contains), "a table is neither followed nor failed")
        try applyBatch()
        try check(confirmed == applied && machine.isIdle, "the log is kept for nothing")
        try check(reasons == failures, "\(failures) failures, and \(reasons) were told")
    }

    private mutating func replan() {
        for id in 1...4 where chance(40) {
            let id = TableID("\(id)")
            if chance(30) {
                wanted[id] = nil
            } else {
                wanted[id] = BackfillSample.plan(id, target: chance(20) ? "x\(id)" : nil)
            }
        }
        for id in followed where wanted[id] == nil { followed.remove(id) }
    }

    private mutating func beginStream() throws {
        if let loaded {
            try check(machine.loaded != nil, "what is loaded of \(loaded.table.target) is forgotten")
            return try tell(.standing(at: place))
        }
        if machine.loaded != nil { return try tell(.standing(at: place)) }
        if !isQuiet { replan() }
        if !isQuiet, chance(10) {
            // All of it is to be copied again.
            (streamID, applied, confirmed, followed) = (streamID + 1, applied / 2, applied / 2, [])
        }
        let waiting = wanted.values.filter { !followed.contains($0.schema.id) }.sorted {
            $0.target.table < $1.target.table
        }
        try tell(.planned(waiting, at: place))
        if loaded != nil { return }
        (isStreaming, isStopWanted, isEndless) = (true, false, isQuiet || chance(85))
        try tell(.streamBegan(keeping: machine.needed, isEndless: isEndless))
    }

    private mutating func endStream() throws {
        guard isStreaming else { return }
        (isStreaming, asked, buffered, joining) = (false, nil, nil, nil)
        try tell(.streamEnded)
    }

    private mutating func applyBatch() throws {
        if let (copy, end) = joining, end <= applied, isStreaming {
            (joining, buffered) = (nil, nil)
            let id = copy.table.schema.id
            try tell(.buffering(.joined, id, at: place))
            // Its changes are applied, unless something was in the way.
            guard isStreaming, machine.loaded?.isPublished == true else { return }
            if chance(15), !isQuiet { return try endStream() }
            applied += 1
            follow(id)
            try tell(.joined)
            return try tell(.reached(place))
        }
        applied += 1
        if let table = asked.take() {
            let isLost = chance(20)
            buffered = isLost ? nil : table.schema.id
            try tell(.buffering(isLost ? .lost("it cannot") : .begun, table.schema.id, at: place))
        } else if !isQuiet, let table = buffered, chance(10) {
            (buffered, joining) = (nil, nil)
            try tell(.buffering(.lost("too much"), table, at: place))
        } else if !isQuiet, let table = followed.sorted(by: { $0.description < $1.description }).first, chance(5) {
            followed.remove(table)
            reasons -= 1
            let plan = wanted[table] ?? BackfillSample.plan(table)
            try tell(.mustCopy(Recopy(table: plan, reason: "it changed")))
            try tell(.reached(place))
            return try endStream()
        }
        try tell(.reached(place))
    }

    private mutating func endCopy() throws {
        guard let table = copying.take() else { return }
        if isCancelled {
            loaded = nil
            return try tell(
                chance(50) ? .copyFailed(CancellationError()) : .loaded(BackfillSample.outcome(table), end: nil)
            )
        }
        if !isQuiet, chance(25) {
            failures += 1
            return try tell(.copyFailed(TestFault(isTransient: chance(50))))
        }
        guard let since = needs?.since else { return try check(false, "nobody needs the log for it") }
        loaded = LoadedTable(
            table: table,
            outcome: BackfillSample.outcome(table),
            since: BackfillSample.place(since, of: "\(streamID)"),
            changes: .missed
        )
        try tell(.loaded(BackfillSample.outcome(table), end: chance(10) ? nil : Checkpoint("\(applied + 1)")))
    }
}
