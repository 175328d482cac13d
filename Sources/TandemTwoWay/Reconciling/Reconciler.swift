package import TandemCore
package import TandemRows

/// Keeps the records of two sides in step: decides what is to be read, written and stored, and does nothing itself.
///
/// It works in rounds. Each looks up the links of some records that may have changed, reads both sides, decides by what
/// each side held when the two agreed last, writes, and stores what is agreed now. ``begin(at:)`` gives the first
/// actions of a round, ``proceed(_:at:)`` takes their answers and gives the next ones; where it gives none, the round
/// is over.
package struct Reconciler: Sendable {
    let pairs: [PairRules]
    let capabilities: Both<RecordCapabilities>
    let hash: ValueHash
    /// Tells this sync's operations from all others'.
    let name: String
    /// As many records are looked at in one round.
    let limit: Int

    var queue = WorkQueue()
    var round = Round()
    var nextLink: LinkID
    /// The last note that was begun.
    var note: Int64
    /// The last one that the link store has for sure.
    var durableNote: Int64
    /// Creates of which no answer is known, by what they have made.
    var openCreates: [OperationID: LinkID] = [:]
    /// What waits for a record to be linked.
    var children: [ParentKey: Set<WorkItem>] = [:]
    /// What a record waits for.
    var awaited: [ParentKey: ParentKey] = [:]
    /// How often something was tried in vain.
    var attempts: [WorkItem: Int] = [:]
    /// What is marked in the link store.
    var marked: Set<WorkItem> = []
    /// What was stored and is not durable yet.
    var isUnsaved = false
    private var unsavedRounds = 0
    var storedCursors = Both<Checkpoint?>(left: nil, right: nil)
    package internal(set) var counts = Counts()

    /// What was done so far.
    package struct Counts: Hashable, Sendable {
        package var looked = 0
        package var created = Both(left: 0, right: 0)
        package var updated = Both(left: 0, right: 0)
        package var deleted = Both(left: 0, right: 0)
        package var conflicts = 0

        package var written: Int {
            Side.allCases.map { created[$0] + updated[$0] + deleted[$0] }.reduce(0, +)
        }
    }

    /// - Parameter name: Differs from that of any other two-way sync that writes to one of these sides.
    package init(
        _ pairs: [PairRules],
        name: String,
        capabilities: Both<RecordCapabilities>,
        hash: ValueHash,
        start: Start,
        limit: Int = 1000
    ) {
        self.pairs = pairs
        self.name = name
        self.capabilities = capabilities
        self.hash = hash
        self.limit = limit
        nextLink = start.nextLink
        note = start.note
        durableNote = start.note
        for (item, mark) in start.marks {
            queue.add(item)
            marked.insert(item)
            attempts[item] = mark.attempts
        }
        for link in start.unfinished {
            queue.add(.link(link.id))
            if let intent = link.intent, intent.kind == .create { openCreates[intent.operation] = link.id }
        }
    }

    /// Records that may have changed.
    ///
    /// - Parameter checkpoint: From where on none of them is told of again; `nil` where more of the same come.
    package mutating func add(_ items: some Sequence<WorkItem>, from side: Side, upTo checkpoint: Checkpoint?) {
        queue.add(items, from: side, checkpoint: checkpoint)
    }

    /// What is to be looked at whatever the sides tell.
    package mutating func add(_ items: some Sequence<WorkItem>) {
        for item in items { queue.add(item) }
    }

    /// How much is to be looked at.
    package var backlog: Int { queue.count }

    /// When there is something to do again, where there is nothing before.
    package func due(at now: Double) -> Double? { queue.due(at: now) }

    /// - Parameter now: Seconds since 1970.
    /// - Returns: Nothing where there is nothing to do now.
    package mutating func begin(at now: Double) -> [Action] {
        if unsavedRounds >= Self.roundsUntilSaved {
            let saving = save()
            if !saving.isEmpty { return saving }
        }
        let items = queue.take(limit, at: now)
        guard !items.isEmpty else { return save() }
        unsavedRounds += 1
        counts.looked += items.count
        round = Round()
        round.now = now
        round.items = items
        round.phase = .lookingUp
        return [.lookUp(items)]
    }

    /// - Parameter answers: To the actions that were given out last, in their order.
    package mutating func proceed(_ answers: [Answer], at now: Double) -> [Action] {
        round.now = now
        switch round.phase {
        case .lookingUp: return lookedUp(answers)
        case .recovering: return recovered(answers)
        case .reading: return read(answers)
        case .finding: return found(answers)
        case .lookingUpFound: return lookedUpFound(answers)
        case .lookingUpParents: return lookedUpParents(answers)
        case .storing: return stored(answers)
        case .writing: return wrote(answers)
        case .committing: return committed(answers)
        case .asking: return asked(answers)
        case .ending: return end()
        case .saving: return saved()
        case .over: return []
        }
    }

    /// Makes durable what is stored, with the places that the feeds are to go on from.
    private mutating func save() -> [Action] {
        unsavedRounds = 0
        var changes = LinkChanges()
        for side in Side.allCases where queue.cursors[side] != storedCursors[side] {
            changes.cursors[side] = queue.cursors[side]
        }
        guard isUnsaved || !changes.isEmpty else { return [] }
        round = Round()
        round.phase = .saving
        round.before = changes
        return [.store(changes, isDurable: true)]
    }

    private mutating func saved() -> [Action] {
        for side in Side.allCases {
            storedCursors[side] = round.before.cursors[side] ?? storedCursors[side]
        }
        durable()
        return end()
    }

    private mutating func durable() {
        isUnsaved = false
        durableNote = note
    }

    /// As many rounds go by before what they have stored is made durable where there is always more to do.
    private static let roundsUntilSaved = 32

    /// From where on the feeds are to tell, for what is durable; both may forget what is before.
    package var cursors: Both<Checkpoint?> { storedCursors }

    mutating func end() -> [Action] {
        round = Round()
        return []
    }
}
