import Synchronization
import TandemCore
import TandemRows

/// A ``Reconciler`` at work.
struct TwoWayEngine: Sendable {
    private let run: TwoWayRun
    private let calls: ActionCalls
    private let failures: CallFailures
    private let hash: ValueHash
    /// The pair of each table.
    private let places: Both<[TableID: Int]>
    private var cursors: Both<Checkpoint?>
    private var reconciler: Reconciler
    /// How often in a row a round has met a side that failed.
    private var failedRounds = 0
    private var ended: Set<Side> = []

    init(_ run: TwoWayRun) async throws {
        self.run = run
        let (start, cursors) = try await run.links.start()
        let (stores, failures) = (run.stores, CallFailures())
        self.cursors = cursors
        self.failures = failures
        hash = ValueHash(key: run.links.hashKey)
        let pairs = run.pairs
        places = Both { side in
            Dictionary(pairs.enumerated().map { ($1.shapes[side].id, $0) }) { first, _ in first }
        }
        reconciler = Reconciler(
            run.pairs,
            name: run.links.id,
            capabilities: Both { stores[$0].capabilities },
            hash: hash,
            start: start
        )
        calls = ActionCalls(of: run.links.id, pairs: run.pairs, stores: stores, links: run.links) { side, error in
            failures.note(side, error)
        }
    }

    func openFeeds() async throws -> Both<any HintFeed> {
        let made = try await run.links.made()
        let left = try await run.stores.left.feed(run.request(.left, from: cursors.left, made: made.left))
        do {
            let right = try await run.stores.right.feed(run.request(.right, from: cursors.right, made: made.right))
            return Both(left: left, right: right)
        } catch {
            await left.close()
            throw error
        }
    }

    /// Looks at all records of sides of which no place is known, or of both where that is asked for.
    mutating func lookThrough(_ feeds: Both<any HintFeed>) async throws {
        for side in Side.allCases where cursors[side] == nil || run.audits {
            for pair in run.pairs.indices { try await audit(side, pair) }
            reconciler.add([WorkItem](), from: side, upTo: feeds[side].start)
        }
    }

    private mutating func audit(_ side: Side, _ pair: Int) async throws {
        var audit = Audit(side, pair: pair, rules: run.pairs[pair], hash: hash)
        while let question = audit.question {
            try Task.checkCancellation()
            switch question {
            case .records(let key):
                let shape = run.pairs[pair].shapes[side]
                let records = try await run.stores[side].scan(shape, after: key, limit: audit.pageLimit)
                let items = audit.take(records, try await run.links.links(of: audit.items(records)))
                reconciler.add(items, from: side, upTo: nil)
            case .links(let id):
                reconciler.add(
                    audit.take(try await run.links.page(of: pair, after: id, limit: audit.pageLimit)),
                    from: side,
                    upTo: nil
                )
            }
            while reconciler.backlog > Self.room { guard try await round(confirming: nil) else { break } }
        }
    }

    /// As much may wait to be looked at before more is asked for.
    private static let room = 20_000

    /// - Returns: What was done, once both feeds have ended and nothing is left to do.
    mutating func work(_ inbox: Inbox, _ feeds: Both<any HintFeed>) async throws -> Reconciler.Counts {
        while true {
            try Task.checkCancellation()
            if reconciler.backlog < Self.room { for message in await inbox.take() { try await take(message) } }
            if try await round(confirming: feeds) { continue }
            if ended.count == 2, reconciler.due(at: clock) == nil || failedRounds == 0 && isParked {
                return reconciler.counts
            }
            try await waitForMore(inbox)
        }
    }

    private var clock: Double { run.clock.time }

    /// Whether what is left waits for more than a moment.
    private var isParked: Bool { (reconciler.due(at: clock) ?? 0) > clock + 6 }

    private mutating func take(_ message: Inbox.Message) async throws {
        switch message {
        case .ended(let side): ended.insert(side)
        case .hints(let side, let batch):
            let places = places[side]
            let items = batch.hints.compactMap { hint in
                places[hint.table].map { WorkItem.record(side, pair: $0, hint.key) }
            }
            reconciler.add(items, from: side, upTo: batch.lost.isEmpty ? batch.checkpoint : nil)
            guard !batch.lost.isEmpty else { return }
            for (table, reason) in batch.lost {
                guard let pair = places[table] else { continue }
                run.notify("All of \(run.pairs[pair].name) is looked at on the \(side), because \(reason).")
                try await audit(side, pair)
            }
            reconciler.add([WorkItem](), from: side, upTo: batch.checkpoint)
        }
    }

    private func waitForMore(_ inbox: Inbox) async throws {
        guard let due = reconciler.due(at: clock) else {
            await inbox.wait()
            return
        }
        let (clock, pause) = (run.clock, Duration.seconds(max(0.001, due - clock)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await inbox.wait() }
            group.addTask { try await clock.sleep(for: pause) }
            try await group.next()
            group.cancelAll()
            await inbox.wake()
        }
    }

    /// - Returns: Whether there was anything to do.
    private mutating func round(confirming feeds: Both<any HintFeed>?) async throws -> Bool {
        var actions = reconciler.begin(at: clock)
        guard !actions.isEmpty else { return false }
        var isRound = true
        if case .store? = actions.first { isRound = false }
        failures.clear()
        while !actions.isEmpty {
            let answers = try await perform(actions)
            actions = reconciler.proceed(answers, at: clock)
        }
        if let feeds {
            for side in Side.allCases {
                if let place = reconciler.cursors[side], place != cursors[side] {
                    cursors[side] = place
                    feeds[side].confirm(place)
                }
            }
        }
        failedRounds = failures.first == nil ? 0 : failedRounds + 1
        if let error = failures.first {
            guard run.follows || failedRounds < Self.patience else { throw error }
            try await run.clock.sleep(for: .milliseconds(50 << min(failedRounds, 8)))
        }
        return isRound
    }

    /// As often a run that does not follow tries again what a side has failed.
    private static let patience = 6

    private func perform(_ actions: [Reconciler.Action]) async throws -> [Reconciler.Answer] {
        guard actions.count > 1 else { return [try await calls.perform(actions[0])] }
        return try await withThrowingTaskGroup(of: (Int, Reconciler.Answer).self) { [calls] group in
            for (place, action) in actions.enumerated() {
                group.addTask { (place, try await calls.perform(action)) }
            }
            var answers = [Reconciler.Answer?](repeating: nil, count: actions.count)
            for try await (place, answer) in group { answers[place] = answer }
            return answers.map { $0 ?? .failed }
        }
    }
}

/// What calls have failed with.
final class CallFailures: Sendable {
    private let errors = Mutex<[any Error]>([])

    func note(_ side: Side, _ error: any Error) { errors.withLock { $0.append(error) } }
    func clear() { errors.withLock { $0 = [] } }
    var first: (any Error)? { errors.withLock { $0.first } }
}
