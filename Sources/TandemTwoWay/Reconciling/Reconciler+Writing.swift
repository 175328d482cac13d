import TandemCore
import TandemRows

extension Reconciler {
    /// Makes durable what has to be before anything is written.
    mutating func storeFirst() -> [Action] {
        guard !round.before.isEmpty else { return write() }
        let isNeeded = Side.allCases.contains { !round.orders[$0].isEmpty && !capabilities[$0].keepsNotes }
        round.phase = .storing
        isUnsaved = true
        return [.store(round.before, isDurable: isNeeded)]
    }

    mutating func stored(_ answers: [Answer]) -> [Action] { write() }

    private mutating func write() -> [Action] {
        round.sides = Side.allCases.filter { !round.orders[$0].isEmpty }
        guard !round.sides.isEmpty else { return storeLast() }
        round.phase = .writing
        return round.sides.map { .write($0, sorted(round.orders[$0])) }
    }

    /// What others name comes before them, and goes after them. Pairs are in that order.
    private func sorted(_ writes: [RecordWrite]) -> [RecordWrite] {
        let ranks = Dictionary(pairs.enumerated().flatMap { [($1.shapes.left.id, $0), ($1.shapes.right.id, $0)] }) {
            a,
            _ in a
        }
        func rank(_ write: RecordWrite) -> Int {
            let rank = ranks[write.shape.id] ?? 0
            if case .delete = write.change { return 2 * pairs.count - rank }
            return rank
        }
        return writes.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(
            \.element
        )
    }

    mutating func wrote(_ answers: [Answer]) -> [Action] {
        var actions: [Action] = []
        var committing: [Side] = []
        for (side, answer) in zip(round.sides, answers) {
            guard case .outcomes(let outcomes) = answer else {
                // Where notes are kept, it has had no effect; elsewhere it may have, and its intents are open.
                for place in round.writes[side].values.sorted() { retry(place) }
                continue
            }
            var changes = LinkChanges()
            for (id, place) in round.writes[side].sorted(by: { $0.key < $1.key }) {
                take(outcomes[id] ?? .unknown, place, side, &changes)
            }
            guard capabilities[side].keepsNotes else {
                round.after.add(changes)
                continue
            }
            guard !changes.history.isEmpty else {
                round.after.add(changes)
                actions.append(.rollback(side))
                committing.append(side)
                continue
            }
            committing.append(side)
            note += 1
            round.notes[side] = (note, changes)
            actions.append(.commit(side, changes, number: note, forgetting: durableNote))
        }
        round.sides = committing
        guard !actions.isEmpty else { return storeLast() }
        round.phase = .committing
        return actions
    }

    /// What a write has come to.
    private mutating func take(_ outcome: WriteOutcome, _ place: Int, _ side: Side, _ changes: inout LinkChanges) {
        guard let decision = round.decisions[place], let write = decision.write else { return }
        var link = decision.link
        let keepsNotes = capabilities[side].keepsNotes
        switch outcome {
        case .stored(let record), .overwrote(let record, _):
            link.intent = nil
            agree(&link, write, record)
            issues(decision.issues, of: &link, in: &changes)
            if !decision.needsAnother { link.winner = nil }
            changes.links[link.id] = link
            if keepsNotes { changes.conflicts += write.conflicts }
            if case .overwrote(_, let values) = outcome { overwrote(values, link, side, &changes) }
            done(write, link, &changes)
            decision.needsAnother || decision.awaited != nil
                || write.fields.contains { $0.isOwed || $0.source == .none }
                ? again(place) : finish(place)
        case .deleted:
            changes.removed.insert(link.id)
            if link.isHeld { changes.issues[.link(link.id)] = [] }
            if keepsNotes { changes.conflicts += write.conflicts }
            done(write, link, &changes)
            round.after.links[link.id] = nil
            finish(place)
        case .stale:
            changes.links[link.id] = round.entries[place].link
            retry(place)
        case .rejected(let rejection):
            rejected(rejection, place, side, &changes)
        case .unknown: retry(place)
        }
        if case .unknown = outcome { return }
        if let intent = decision.link.intent { openCreates[intent.operation] = nil }
    }

    private func overwrote(_ values: [Int: Value], _ link: Link, _ side: Side, _ changes: inout LinkChanges) {
        for (field, value) in values.sorted(by: { $0.key < $1.key }) {
            changes.conflicts.append(
                LoggedConflict(
                    link: link.id,
                    pair: link.pair,
                    kind: .overwritten,
                    field: field,
                    loser: side,
                    lost: value,
                    won: nil,
                    time: round.now
                )
            )
        }
    }

    /// What the sides hold once `write` was stored as `record` is agreed.
    private func agree(_ link: inout Link, _ write: Decision.Write, _ record: Record) {
        link.keys[write.side] = record.key
        link.created[write.side] = record.createdAt
        link.versions[write.side] = record.version
        for field in write.fields {
            link.base[write.side.other][field.index] = field.source
            link.base[write.side][field.index] =
                field.isOwed ? .none : base(record.fields[field.index], field.index, of: link.pair)
        }
    }

    private mutating func done(_ write: Decision.Write, _ link: Link, _ changes: inout LinkChanges) {
        changes.history.append(
            HistoryEntry(
                link: link.id,
                pair: link.pair,
                kind: write.kind,
                side: write.side,
                fields: write.fields.map(\.index),
                reason: write.reason,
                time: round.now
            )
        )
        switch write.kind {
        case .create: counts.created[write.side] += 1
        case .update: counts.updated[write.side] += 1
        case .delete: counts.deleted[write.side] += 1
        }
        counts.conflicts += write.conflicts.count
        // What waits for it can go on.
        for side in Side.allCases {
            guard let key = link.keys[side] else { continue }
            let own = ParentKey(side: side, pair: link.pair, key: key)
            awaited[own] = nil
            guard write.kind == .create, let waiting = children.removeValue(forKey: own) else { continue }
            for item in waiting { queue.add(item) }
        }
    }

    private mutating func rejected(
        _ rejection: WriteRejection,
        _ place: Int,
        _ side: Side,
        _ changes: inout LinkChanges
    ) {
        guard let decision = round.decisions[place], var link = round.entries[place].link else { return }
        if decision.write?.kind == .update { link = decision.link }
        link.intent = nil
        let field = rejection.field.map { pairs[link.pair].fields[$0].name }
        let issue = RecordIssue(
            .rejected,
            field: field,
            side: side,
            cause: rejection.cause,
            code: rejection.code,
            since: round.now
        )
        issues([issue], of: &link, in: &changes)
        changes.links[link.id] = link
        park(place, rejection.cause)
    }

    mutating func committed(_ answers: [Answer]) -> [Action] {
        var isUnknown = false
        for (side, answer) in zip(round.sides, answers) {
            if case .done = answer {
                if let note = round.notes[side] { round.after.add(note.changes) }
                round.notes[side] = nil
            } else if round.notes[side] != nil {
                isUnknown = true
            }
        }
        round.sides = round.sides.filter { round.notes[$0] != nil }
        return isUnknown ? ask() : storeLast()
    }

    /// Asks a side whether it has committed what it did not say that it had.
    private mutating func ask() -> [Action] {
        round.phase = .asking
        return round.sides.map { .notes($0, after: durableNote) }
    }

    mutating func asked(_ answers: [Answer]) -> [Action] {
        for (side, answer) in zip(round.sides, answers) {
            guard case .notes(let notes) = answer, let asked = round.notes[side] else { continue }
            if notes.contains(where: { $0.number == asked.number }) {
                round.after.add(asked.changes)
            } else {
                for place in round.writes[side].values { retry(place) }
            }
            round.notes[side] = nil
        }
        round.sides = round.sides.filter { round.notes[$0] != nil }
        return round.sides.isEmpty ? storeLast() : ask()
    }

    mutating func storeLast() -> [Action] {
        conclude()
        if note > durableNote { round.after.note = note }
        guard !round.after.isEmpty else { return end() }
        round.phase = .ending
        isUnsaved = true
        return [.store(round.after, isDurable: false)]
    }
}
