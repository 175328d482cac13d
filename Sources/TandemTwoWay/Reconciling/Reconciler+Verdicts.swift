import TandemCore
import TandemRows

/// What becomes of work once a round is over.
enum Verdict: Hashable, Sendable {
    case finished
    /// There is more to do about it at once.
    case again
    /// It did not come off, and may in a moment.
    case later
    /// It does not come off for a reason that takes time, or somebody, to go away.
    case parked(String)
}

extension Reconciler {
    mutating func finish(_ place: Int) { end(place, .finished) }
    mutating func again(_ place: Int) { end(place, .again) }
    mutating func retry(_ place: Int) { end(place, .later) }
    mutating func park(_ place: Int, _ reason: String) { end(place, .parked(reason)) }

    private mutating func end(_ place: Int, _ verdict: Verdict) {
        round.entries[place].verdict = verdict
        round.entries[place].isOver = true
    }

    /// Says of a record without a link why it gets none.
    mutating func hold(_ place: Int, _ kind: RecordIssue.Kind, _ cause: String) {
        let issue = RecordIssue(kind, side: round.entries[place].alone?.side, cause: cause, since: round.now)
        for item in round.entries[place].items { round.after.issues[item] = [issue] }
        park(place, cause)
    }

    /// Ends a round in which something could not be asked. That is the side's fault and no record's: whoever calls
    /// decides when to go on.
    mutating func giveUp() -> [Action] {
        if round.entries.isEmpty { for item in round.items { queue.putBack(item) } }
        for place in round.entries.indices where round.entries[place].verdict == nil { again(place) }
        return storeLast()
    }

    /// Has the queue know what became of all that was in work.
    mutating func conclude() {
        for entry in round.entries {
            for item in entry.items { conclude(item, entry.verdict ?? .later) }
        }
    }

    private mutating func conclude(_ item: WorkItem, _ verdict: Verdict) {
        switch verdict {
        case .finished:
            attempts[item] = nil
            if marked.remove(item) != nil {
                round.after.marks[item] = .some(nil)
                if case .record = item { round.after.issues[item] = [] }
            }
            queue.finish(item)
        case .again: queue.putBack(item)
        case .later:
            let attempt = attempts[item, default: 0] + 1
            guard attempt < Self.patience else {
                conclude(item, .parked("It could not be read or written as it was expected."))
                return
            }
            attempts[item] = attempt
            queue.putBack(item, until: round.now + min(0.02 * Double(1 << min(attempt - 1, 10)), 5))
        case .parked(let reason):
            let attempt = attempts[item, default: 0] + 1
            attempts[item] = attempt
            let due = round.now + min(10 * Double(1 << min(attempt - 1, 10)), 3600)
            round.after.marks[item] = Mark(due: due, attempts: attempt, reason: reason)
            marked.insert(item)
            queue.finish(item)
            queue.add(item, until: due)
        }
    }

    /// As often something is tried again before it is written down and others go on.
    private static let patience = 12
}
