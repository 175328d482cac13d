import TandemCore
import TandemRows

/// What the stream says and is told.
extension BackfillMachine {
    mutating func begin(keeping kept: Checkpoint?, _ isEndless: Bool) -> [Action] {
        let actions = endStream()
        stream = isEndless ? .endless : .bounded
        confirmed = kept ?? reached?.checkpoint
        return actions
    }

    /// What a stream has buffered goes with it.
    mutating func endStream() -> [Action] {
        stream = .none
        switch state {
        case .starting: endCurrent()
        case .copying(let since, _): state = .copying(since: since, isBuffered: false)
        case .loaded(var loaded):
            loaded.changes = .missed
            state = .loaded(loaded)
        default: break
        }
        return []
    }

    mutating func note(_ word: BufferingEvent, of id: TableID, at reached: StreamCheckpoint) -> [Action] {
        guard id == current else { return [] }
        switch (state, word) {
        case (.starting, _):
            self.reached = reached
            return startCopy(since: reached, isBuffered: word == .begun)
        case (.copying(let since, _), .lost): state = .copying(since: since, isBuffered: false)
        case (.loaded(var loaded), .lost) where loaded.changes != .arrived:
            loaded.changes = .missed
            state = .loaded(loaded)
        case (.loaded(var loaded), .joined) where loaded.changes == .awaited:
            loaded.changes = .arrived
            state = .loaded(loaded)
            return [.publish(loaded)]
        default: break
        }
        return []
    }

    mutating func startCopy(since: StreamCheckpoint, isBuffered: Bool) -> [Action] {
        guard let current, case .starting = state, let plan = tables[current]?.plan else { return [] }
        state = .copying(since: since, isBuffered: isBuffered)
        return [.copy(plan, since: since)]
    }

    mutating func reach(_ reached: StreamCheckpoint) -> [Action] {
        // Nothing of a stream that is not the present one is confirmed.
        if reached.id == self.reached?.id { self.reached = reached }
        return []
    }

    /// What the destination has is confirmed, unless the table that is under way needs the log before it.
    mutating func confirmation() -> [Action] {
        guard stream != .none, needed == nil, let place = reached?.checkpoint, place != confirmed else { return [] }
        confirmed = place
        return [.confirm(place)]
    }

    /// What a stream without end is to do next.
    mutating func nextSteps(_ now: Instant) -> [Action] {
        guard stream == .endless else { return [] }
        switch state {
        case nil: return startNext(now)
        case .loaded(var loaded):
            switch (loaded.changes, loaded.end) {
            case (.buffered, let end?):
                loaded.changes = .awaited
                state = .loaded(loaded)
                return [.join(loaded, after: end)]
            case (.buffered, nil), (.missed, _), (.none, _):
                stream = .stopping
                return [.stopStream]
            case (.awaited, _), (.arrived, _): return []
            }
        default: return []
        }
    }

    mutating func startNext(_ now: Instant) -> [Action] {
        // Asked after each batch, and until then the answer is the same.
        if let wakesAt, now < wakesAt { return [] }
        let wanted = order.compactMap { tables[$0] }.filter(\.state.isWanted)
        guard let next = wanted.first(where: { $0.notBefore ?? now <= now }) else {
            wakesAt = nextTry
            return wakesAt.map { [.wake(at: $0)] } ?? []
        }
        current = next.plan.schema.id
        state = .starting
        return [.startBuffering(next.plan)]
    }
}
