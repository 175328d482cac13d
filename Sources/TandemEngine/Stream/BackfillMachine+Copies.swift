import TandemCore
import TandemRows

/// What becomes of a copy.
extension BackfillMachine {
    mutating func note(_ outcome: TableOutcome, end: Checkpoint?) -> [Action] {
        switch (state, current.flatMap { tables[$0]?.plan }) {
        case (.copying(let since, let isBuffered), let plan?):
            state = .loaded(
                LoadedTable(
                    table: plan,
                    outcome: outcome,
                    since: since,
                    end: end,
                    changes: isBuffered ? .buffered : .missed
                )
            )
            return []
        case (.cancelling(let target), _): return discard(target)
        default: return []
        }
    }

    mutating func fail(_ error: any Error, _ now: Instant) -> [Action] {
        switch (state, current.flatMap { tables[$0]?.plan }) {
        case (.copying, let plan?):
            let isLocked = (error as? any ExplainedError)?.isBusy == true
            let (count, pause) = delay(plan, now, isLocked: isLocked)
            if error is CancellationError { return discard(plan.target) }
            guard let error = error as? any ExplainedError, error.interruptsAll else {
                return discard(plan.target, withSections: !isLocked)
                    + [.report(.tableFailed(plan, TableFailure(error)))]
            }
            return discard(plan.target) + [.report(.retrying(error, pause: pause, attempt: count))]
        case (.cancelling(let target), _): return discard(target)
        default: return []
        }
    }

    /// Has a copy that lacks changes, or is not in place, join while no stream goes on.
    mutating func join(at reached: StreamCheckpoint?, _ now: Instant) -> [Action] {
        guard stream == .none, case .loaded(var loaded) = state else { return [] }
        guard let reached, reached.id == loaded.since.id else {
            return giveUp(
                Recopy(table: loaded.table, reason: "the stream that it was copied for is gone"),
                now
            )
        }
        self.reached = reached
        // The stream may not have moved. A copy that is in place already does not belong to it yet.
        loaded.changes = reached.checkpoint == loaded.since.checkpoint && !loaded.isPublished ? .none : .missed
        state = .loaded(loaded)
        return loaded.isPublished ? [.reread(loaded, to: reached)] : [.publish(loaded)]
    }

    mutating func notePublished(_ now: Instant) -> [Action] {
        guard case .loaded(var loaded) = state else { return [] }
        loaded.isPublished = true
        state = .loaded(loaded)
        switch loaded.changes {
        case .none: return follow(now)
        case .missed where stream == .none: return reached.map { [.reread(loaded, to: $0)] } ?? []
        case .missed, .arrived, .buffered, .awaited: return []
        }
    }

    mutating func follow(_ now: Instant) -> [Action] {
        guard let current, case .loaded(let loaded) = state, loaded.isPublished else { return [] }
        state = .followed(since: now)
        order.removeAll { $0 == current }
        self.current = nil
        return []
    }

    mutating func giveUp(_ error: any Error, _ now: Instant) -> [Action] {
        guard case .loaded(let loaded) = state else { return [] }
        delay(loaded.table, now)
        var actions = discard(loaded.table.target)
        if let recopy = error as? Recopy {
            actions.append(.report(.copyingAgain(recopy.table, reason: recopy.reason)))
        } else {
            actions.append(.report(.tableFailed(loaded.table, TableFailure(error))))
        }
        // It may bring changes of the table from here on, which nobody wants.
        if stream == .endless {
            stream = .stopping
            actions.append(.stopStream)
        }
        return actions
    }

    mutating func endDiscarding() -> [Action] {
        if case .discarding = state { endCurrent() }
        return []
    }

    /// Makes room for the next.
    mutating func endCurrent() {
        guard let current else { return }
        tables[current]?.state = order.contains(current) ? .wanted : .idle
        self.current = nil
        wakesAt = nil
    }

    mutating func discard(_ target: TableName, withSections: Bool = false) -> [Action] {
        state = .discarding
        return [.discard(target, withSections: withSections)]
    }
}

extension BackfillState {
    var isWanted: Bool { if case .wanted = self { true } else { false } }

    /// Whether the table can be asked for once more when what goes on with it is over.
    var isEnding: Bool {
        switch self {
        case .cancelling, .discarding: true
        default: false
        }
    }
}

extension RetryPolicy {
    /// The pause before a table is copied once more that has failed `count` times, ten times as long as for a source
    /// that failed in passing.
    func copyPause(after count: Int, limit: Duration? = nil) -> Duration {
        min(limit ?? longestCopyPause, firstPause * 10 * (1 << min(count - 1, 20)))
    }

    var longestCopyPause: Duration { longestPause * 20 }
}
