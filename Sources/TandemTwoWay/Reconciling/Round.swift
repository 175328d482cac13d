import TandemCore
import TandemRows

/// What a ``Reconciler`` has in work.
struct Round: Sendable {
    enum Phase: Sendable {
        case lookingUp, recovering, reading, finding, lookingUpFound, lookingUpParents, storing, writing, committing
        case asking, ending, saving, over
    }

    /// One link, or one record that has none yet, and what is known of it by now.
    struct Entry: Sendable {
        /// What it is in work for.
        var items: [WorkItem]
        var link: Link?
        var records = Both<Record?>(left: nil, right: nil)
        /// Of a record that has no link.
        var alone: ParentKey?
        /// Whether nothing more is to be done about it in this round.
        var isOver = false
        /// What becomes of what it is in work for.
        var verdict: Verdict?
    }

    /// A question, and whom it is for.
    struct Question: Sendable {
        var side: Side
        var pair: Int
        /// Places in `entries`.
        var entries: [Int]
    }

    var phase = Phase.over
    var now = 0.0
    var items: [WorkItem] = []
    var entries: [Entry] = []
    /// Where in `entries` each link is, and each record, whether it has a link or not.
    var places: [WorkItem: Int] = [:]
    var questions: [Question] = []
    /// What was found on the other side for records that have no link, by their place in `entries`.
    var found: [Int: [Record]] = [:]
    var foundItems: [WorkItem] = []
    var parents: [WorkItem: Link] = [:]
    var parentItems: [WorkItem] = []
    /// What is stored before anything is written.
    var before = LinkChanges()
    /// What is stored afterwards.
    var after = LinkChanges()
    var decisions: [Int: Decision] = [:]
    /// Places in `entries`, by the writes' numbers.
    var writes = Both<[WriteID: Int]>(left: [:], right: [:])
    var outcomes = Both<[WriteID: WriteOutcome]>(left: [:], right: [:])
    /// The writes, each side's in their order.
    var orders = Both<[RecordWrite]>(left: [], right: [])
    /// What was written at each side, with its note's number.
    var notes = Both<(number: Int64, changes: LinkChanges)?>(left: nil, right: nil)
    /// Whom the actions that were given out last are for.
    var sides: [Side] = []
}
