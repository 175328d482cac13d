import TandemCore
import TandemMemory
import TandemRows
import TandemTesting
import TandemTwoWay

/// Runs a two-way sync between two sides in memory, one step after the other: a seed says what users do, what fails,
/// and when the engine is killed.
final class TwoWaySimulation {
    let scenario: TwoWayScenario
    let sides: Both<MemoryRecords>
    let stores: Both<FaultyRecords>
    let links: MemoryLinks
    let rules: [PairRules]
    private let hash = ValueHash(key: (1, 2))
    private var random: SeededGenerator
    private var now = 1.0
    private var value = 0
    private var key = 100
    private(set) var crashes = 0

    // What a crash loses.
    private var engine: Reconciler?
    private var calls: ActionCalls?
    private var feeds = Both<(any HintFeed)?>(left: nil, right: nil)
    private var audits: [Audit] = []
    /// Sides whose first look has not been through.
    private var firstLooks: Set<Side> = []
    private var waiting: [Reconciler.Action] = []
    private var answers: [Reconciler.Answer] = []
    private var inWork: Set<WorkItem> = []

    init(_ scenario: TwoWayScenario, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        self.scenario = scenario
        var (left, right) = (scenario.left, scenario.right)
        // Where a create leaves nothing that it is known by, nothing keeps two of them apart either.
        let unique = left.createsOnce || left.keepsNotes ? [0] : []
        left.permutes = scenario.losesAnswers
        right.permutes = scenario.losesAnswers
        let sides = Both(
            left: MemoryRecords(left, random: SeededGenerator(seed: random.next())),
            right: MemoryRecords(right, random: SeededGenerator(seed: random.next()))
        )
        for side in Side.allCases { sides[side].add(TwoWayScenario.shape(side), unique: unique) }
        self.sides = sides
        stores = Both(
            left: FaultyRecords(sides.left, seed: random.next(), losesAnswers: scenario.losesAnswers),
            right: FaultyRecords(sides.right, seed: random.next(), losesAnswers: scenario.losesAnswers)
        )
        links = MemoryLinks(scenario.sabotage)
        rules = [scenario.rules]
        self.random = random
    }

    // MARK: users

    private func chance(_ likely: Double) -> Bool { Double.random(in: 0..<1, using: &random) < likely }

    private func fresh() -> Value {
        value += 1
        return .text("V\(value) ")
    }

    private func records(_ side: Side) -> [(RowKey, [Value])] {
        sides[side].records(of: TwoWayScenario.shape(side).id)
            .map { ($0.key, $0.value) }
            .sorted { $0.0.number < $1.0.number }
    }

    private func create(_ key: String, at side: Side) {
        let isThere = records(side).contains { $0.1[0] == .text(scenario.manners(side).normal(key)) }
        guard !isThere else { return }
        sides[side].insert([.text(key), fresh(), fresh()], into: TwoWayScenario.shape(side).id)
    }

    private func prepare() {
        for number in 0..<6 {
            let where_ = Int.random(in: 0...2, using: &random)
            if where_ != 1 { create("k\(number)", at: .left) }
            if where_ != 0 { create("k\(number)", at: .right) }
        }
    }

    private func change() {
        let side: Side = chance(0.5) ? .left : .right
        let table = TwoWayScenario.shape(side).id
        var there = records(side)
        let dice = Double.random(in: 0..<1, using: &random)
        if scenario.hot > 0, dice < 0.97 { there = Array(there.prefix(scenario.hot)) }
        if there.isEmpty || (scenario.hot == 0 && dice < 0.2) {
            key += 1
            create("k\(key)", at: side)
            if chance(0.3) { create("k\(key)", at: side.other) }
            return
        }
        guard let (record, _) = there.randomElement(using: &random) else { return }
        if dice < (scenario.hot > 0 ? 0.97 : 1 - scenario.deletes) {
            sides[side].update(record, [Int.random(in: 1...2, using: &random): fresh()], in: table)
        } else {
            sides[side].delete(record, from: table)
        }
    }

    // MARK: the engine

    private func crash() {
        crashes += 1
        engine = nil
        links.crash()
    }

    private func start() async throws {
        waiting = []
        answers = []
        audits = []
        firstLooks = []
        inWork = []
        let first = links.start()
        if !scenario.sabotage.contains(.noNotes) {
            var notes: [WriteNote] = []
            for side in Side.allCases { notes += try await stores[side].notes(of: "people", after: first.note) }
            for note in notes.sorted(by: { $0.number < $1.number }) {
                var changes = try LinkChanges(decoding: note.bytes)
                changes.note = note.number
                try links.store(changes, isDurable: true)
            }
        } else {
            for side in Side.allCases { _ = try await stores[side].notes(of: "people", after: first.note) }
        }
        let (stores, rules) = (stores, rules)
        let engine = Reconciler(
            rules,
            name: "people",
            capabilities: Both { stores[$0].capabilities },
            hash: hash,
            start: links.start(),
            limit: 20
        )
        calls = ActionCalls(of: "people", pairs: rules, stores: Both { stores[$0] }, links: links)
        for side in Side.allCases {
            let cursor = links.content.cursors[side]
            let request = FeedRequest(
                sync: "people",
                shapes: [rules[0].shapes[side]],
                checkpoint: cursor,
                isBounded: false
            )
            feeds[side] = try await stores[side].feed(request)
            if cursor == nil {
                firstLooks.insert(side)
                audits.append(Audit(side, pair: 0, rules: rules[0], hash: hash, limit: 4))
            }
        }
        self.engine = engine
    }

    private func pump(_ side: Side) async throws {
        guard !firstLooks.contains(side) else { return }
        try stores[side].fail(0.05)
        guard let batch = try await feeds[side]?.next() else { return }
        var items = batch.hints.map { WorkItem.record(side, pair: 0, $0.key) }
        if scenario.sabotage.contains(.noGenerations) { items.removeAll { inWork.contains($0) } }
        engine?.add(items, from: side, upTo: batch.checkpoint)
        guard scenario.sabotage.contains(.cursorFirst) else { return }
        var changes = LinkChanges()
        changes.cursors[side] = batch.checkpoint
        try links.store(changes, isDurable: true)
    }

    private func audit() async throws {
        guard var audit = audits.first, let question = audit.question else { return }
        switch question {
        case .records(let key):
            let shape = rules[0].shapes[audit.side]
            let records = try await stores[audit.side].scan(shape, after: key, limit: audit.pageLimit)
            let items = audit.take(records, try links.links(of: audit.items(records)))
            engine?.add(items, from: audit.side, upTo: nil)
        case .links(let id):
            engine?.add(audit.take(try links.page(of: 0, after: id, limit: audit.pageLimit)))
        }
        audits[0] = audit
        guard audit.question == nil else { return }
        audits.removeFirst()
        guard firstLooks.remove(audit.side) != nil else { return }
        engine?.add([WorkItem](), from: audit.side, upTo: feeds[audit.side]?.start)
    }

    /// Does one thing.
    ///
    /// - Returns: Whether there was anything to do in the round.
    private func step() async throws -> Bool {
        if engine == nil { try await start() }
        if !waiting.isEmpty {
            answers.append(try await answer(waiting[answers.count]))
            if answers.count == waiting.count {
                waiting = engine?.proceed(answers, at: now) ?? []
                answers = []
            }
            return true
        }
        if !audits.isEmpty, chance(0.5) {
            try await audit()
            return true
        }
        for side in Side.allCases where chance(0.5) { try await pump(side) }
        waiting = engine?.begin(at: now) ?? []
        if waiting.count == 1, case .store = waiting[0] {
            // Only the feeds' places.
            let answer = try await answer(waiting[0])
            waiting = engine?.proceed([answer], at: now) ?? []
            return !audits.isEmpty
        }
        return !waiting.isEmpty || !audits.isEmpty
    }

    private func answer(_ action: Reconciler.Action) async throws -> Reconciler.Answer {
        switch action {
        case .lookUp(let items): inWork = Set(items)
        case .made where scenario.sabotage.contains(.noSearch): return .made([:])
        case .write(let side, let writes) where scenario.sabotage.contains(.baseFirst):
            try storeFirst(writes, side)
        default: break
        }
        return try await calls?.perform(action) ?? .failed
    }

    /// As if the answers had come already.
    private func storeFirst(_ writes: [RecordWrite], _ side: Side) throws {
        var changes = LinkChanges()
        for write in writes {
            guard case .update(let record, let fields) = write.change else { continue }
            let item = WorkItem.record(side, pair: 0, record.key)
            guard var link = try links.links(of: [item])[item] else { continue }
            let other = link.keys[side.other].flatMap { key in records(side.other).first { $0.0 == key }?.1 }
            for (index, value) in fields {
                let stored = Value.text(scenario.manners(side).normal(value.text(as: .text) ?? ""))
                link.base[side][index] = .hash(hash.hash(stored))
                if let other { link.base[side.other][index] = .hash(hash.hash(other[index])) }
            }
            link.intent = nil
            changes.links[link.id] = link
        }
        for side in Side.allCases { changes.cursors[side] = feedPlace(side) }
        try links.store(changes, isDurable: true)
    }

    private func feedPlace(_ side: Side) -> Checkpoint? {
        firstLooks.contains(side) ? nil : Checkpoint(String(sides[side].journal.count))
    }

    // MARK: a run

    /// - Returns: What has gone wrong.
    func run() async throws -> TwoWayFindings {
        prepare()
        var changes = 0
        var steps = 0
        while changes < scenario.changes || !waiting.isEmpty {
            tick(1)
            if changes < scenario.changes, chance(scenario.rate) {
                change()
                changes += 1
            }
            do { _ = try await step() } catch is FaultyRecords.Failed {}
            if audits.isEmpty, engine != nil, firstLooks.isEmpty, chance(0.01) { beginAudits() }
            steps += 1
            if chance(scenario.crashes) || steps == scenario.crashesAfter { crash() }
            if changes >= scenario.changes, engine == nil { break }
        }
        return TwoWayFindings(self, isQuiet: try await settle())
    }

    private func tick(_ count: Int) {
        now += Double(count) * 0.05
        for side in Side.allCases { sides[side].tick(count) }
    }

    private func beginAudits(of sides: [Side] = Side.allCases) {
        for side in sides {
            audits.append(Audit(side, pair: 0, rules: rules[0], hash: hash, limit: 4))
        }
    }

    /// Goes on until nothing is written any more.
    ///
    /// - Returns: Whether that comes to be.
    private func settle() async throws -> Bool {
        var quiet = 0
        for turn in 0..<30 {
            tick(10)
            if turn > 15 { for side in Side.allCases { stores[side].quieten() } }
            let writes = ownWrites
            if audits.isEmpty, engine != nil {
                beginAudits(of: Side.allCases.filter { scenario.auditsAtEnd || scenario.manners($0).lag > 0 })
            }
            var steps = 0
            // A feed may tell in parts.
            var idle = 0
            while steps < 400, idle < 6 {
                steps += 1
                tick(1)
                now += 1
                do {
                    if engine == nil { try await start() }
                    if waiting.isEmpty { for side in Side.allCases { try await pump(side) } }
                    idle = try await !step() && engine?.backlog == 0 ? idle + 1 : 0
                } catch is FaultyRecords.Failed {}
            }
            quiet = idle == 6 && ownWrites == writes ? quiet + 1 : 0
            if quiet == 2 { return true }
        }
        return false
    }

    var ownWrites: Int { Side.allCases.map { side in sides[side].journal.count(where: \.isOwn) }.reduce(0, +) }
}

extension RowKey {
    fileprivate var number: Int128 {
        if case .number(let number) = values[0] { number } else { 0 }
    }
}

extension TwoWayScenario {
    func manners(_ side: Side) -> MemoryRecords.Manners { side == .left ? left : right }
}
