import TandemCore
import TandemRows

/// Whether what a destination has of a stream can be continued from the server and slot that are there now. Pure.
struct Continuity: Sendable {
    let identity: SystemIdentity
    let history: TimelineHistory
    /// The database's OID.
    let database: UInt32
    /// The end of the log.
    let position: LSN
    /// The slot that the stream was read from, if it still exists.
    let slot: SlotFacts?

    /// Which changes are missing between `state` and what the slot still has, in a sentence. `nil` where none are.
    func gap(after state: StreamCheckpoint) -> String? {
        guard let stream = StreamIdentity(state.id), let reached = LogCheckpoint(state.checkpoint) else {
            return
                "What the destination remembers of the stream (\"\(state.id)\", \(state.checkpoint)) was not written "
                + "by this version; all changes since its tables were copied may be missing."
        }
        return otherServer(stream) ?? otherPast(reached) ?? lostSlot(stream, reached)
    }

    private func otherServer(_ stream: StreamIdentity) -> String? {
        guard stream.system == identity.system else {
            return "This is another server (its system identifier is \(identity.system), and was \(stream.system)), "
                + "whose log says nothing of what happened at the one before."
        }
        guard stream.database == database else {
            return
                "This is another database of the server, which was dropped and made anew, or renamed: changes of the "
                + "one before are missing."
        }
        return nil
    }

    private func otherPast(_ reached: LogCheckpoint) -> String? {
        let place = reached.position
        guard reached.timeline != 0, reached.timeline != identity.timeline else {
            guard position < place else { return nil }
            return "The server's log ends at \(position), before \(place), which has been applied already: the server "
                + "was restored from an older copy of itself, and what happened there since is not in step with it."
        }
        guard reached.timeline < identity.timeline else {
            return "The server is on timeline \(identity.timeline), and changes of its later timeline "
                + "\(reached.timeline) have been applied: it was restored from an older copy."
        }
        guard let end = history.end(of: reached.timeline) else {
            return "The server, on timeline \(identity.timeline), does not descend from timeline \(reached.timeline), "
                + "whose changes have been applied."
        }
        guard end < place else { return nil }
        return "The server was promoted or restored at \(end), the end of timeline \(reached.timeline), and changes up "
            + "to \(place) had been applied by then: those in between did not survive at the source."
    }

    private func lostSlot(_ stream: StreamIdentity, _ reached: LogCheckpoint) -> String? {
        guard let slot else {
            return "The slot \"\(stream.slot)\" is gone, and with it the changes after \(reached.position)."
        }
        if let loss = slot.loss {
            return "The slot \"\(slot.name)\" is lost, because \(loss): the changes after \(reached.position) are gone."
        }
        if let confirmed = slot.confirmed, confirmed > reached.position {
            return
                "The slot \"\(slot.name)\" starts at \(confirmed): it was advanced or made anew by somebody else, or "
                + "the destination was restored from a backup, and the changes from \(reached.position) to there are gone."
        }
        if let restart = slot.restart, restart > reached.position {
            return "The slot \"\(slot.name)\" holds the log from \(restart) on only: it was made anew, and the changes "
                + "from \(reached.position) to there are gone."
        }
        return nil
    }
}

extension SlotFacts {
    /// Whether it is not where a destination left it that has `state`: another reads it or made it anew, or the
    /// destination is older than it was.
    func isElsewhere(than state: StreamCheckpoint) -> Bool {
        guard loss == nil, let reached = LogCheckpoint(state.checkpoint)?.position else { return false }
        return confirmed.map { $0 > reached } ?? false || restart.map { $0 > reached } ?? false
    }
}
