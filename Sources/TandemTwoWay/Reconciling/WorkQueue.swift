import TandemRows

/// What is to be looked at, and up to where all of what a side has told is done.
///
/// A side's place moves on only over what is finished, so that nothing has to be written down of what is not: after a
/// crash it is told again.
struct WorkQueue {
    /// Since when something is open, by side: the number of the oldest batch of hints that it is of.
    private typealias Ticket = Both<Int?>

    private var waiting: [WorkItem: Ticket] = [:]
    private var order: [WorkItem] = []
    private var next = 0
    private var inWork: [WorkItem: Ticket] = [:]
    /// When those that wait for it are due: seconds since 1970.
    private var delays: [WorkItem: Double] = [:]
    private var batches = Both(left: 0, right: 0)
    /// How much is open of each batch.
    private var open = Both<[Int: Int]>(left: [:], right: [:])
    private var checkpoints = Both<[(batch: Int, checkpoint: Checkpoint)]>(left: [], right: [])
    /// From where on each side has something open.
    private(set) var cursors = Both<Checkpoint?>(left: nil, right: nil)

    var count: Int { waiting.count + inWork.count }
    var isEmpty: Bool { count == 0 }

    /// When something is due next, where everything that there is waits for its time.
    func due(at now: Double) -> Double? {
        guard inWork.isEmpty, waiting.count == delays.count else { return nil }
        return delays.values.min()
    }

    mutating func add(_ items: some Sequence<WorkItem>, from side: Side, checkpoint: Checkpoint?) {
        let batch = batches[side]
        for item in items {
            var ticket = Ticket(left: nil, right: nil)
            ticket[side] = batch
            count(ticket, 1)
            enter(item, ticket)
        }
        guard let checkpoint else { return }
        checkpoints[side].append((batch, checkpoint))
        batches[side] += 1
        advance(side)
    }

    /// Adds what no side has told of.
    ///
    /// - Parameter due: When it is due, where nothing else has it looked at before: seconds since 1970.
    mutating func add(_ item: WorkItem, until due: Double? = nil) {
        let isNew = waiting[item] == nil
        enter(item, Ticket(left: nil, right: nil))
        if isNew, let due { delays[item] = due }
    }

    private mutating func enter(_ item: WorkItem, _ ticket: Ticket) {
        delays[item] = nil
        guard let known = waiting[item] else {
            waiting[item] = ticket
            order.append(item)
            return
        }
        var oldest = known
        for side in Side.allCases {
            let (first, second) = (known[side], ticket[side])
            guard let second else { continue }
            oldest[side] = min(first ?? second, second)
            var done = Ticket(left: nil, right: nil)
            done[side] = first.map { max($0, second) }
            count(done, -1)
        }
        waiting[item] = oldest
    }

    /// Up to `limit` that are due, which are in work from here on.
    mutating func take(_ limit: Int, at now: Double) -> [WorkItem] {
        var taken: [WorkItem] = []
        var later: [WorkItem] = []
        while next < order.count, taken.count < limit {
            let item = order[next]
            next += 1
            // Put back while it is in work, it waits for that to end.
            if let due = delays[item], due > now { later.append(item); continue }
            if inWork[item] != nil { later.append(item); continue }
            guard let ticket = waiting.removeValue(forKey: item) else { continue }
            delays[item] = nil
            inWork[item] = ticket
            taken.append(item)
        }
        order = order[next...] + later
        next = 0
        return taken
    }

    /// Nothing more is to be done about what is in work.
    mutating func finish(_ item: WorkItem) {
        guard let ticket = inWork.removeValue(forKey: item) else { return }
        count(ticket, -1)
        for side in Side.allCases where ticket[side] != nil { advance(side) }
    }

    /// What is in work is to be looked at again.
    mutating func putBack(_ item: WorkItem, until due: Double? = nil) {
        guard let ticket = inWork.removeValue(forKey: item) else { return }
        let isNew = waiting[item] == nil
        enter(item, ticket)
        if isNew, let due { delays[item] = due }
    }

    private mutating func count(_ ticket: Ticket, _ change: Int) {
        for side in Side.allCases {
            guard let batch = ticket[side] else { continue }
            let count = open[side][batch, default: 0] + change
            open[side][batch] = count == 0 ? nil : count
        }
    }

    private mutating func advance(_ side: Side) {
        while let first = checkpoints[side].first, open[side][first.batch] == nil {
            cursors[side] = first.checkpoint
            checkpoints[side].removeFirst()
        }
    }
}
