import TandemCore
import TandemRows

extension Reconciler {
    /// Looks up the records that fields name, which have other keys on the other side.
    mutating func lookUpParents() -> [Action] {
        var items: Set<WorkItem> = []
        for entry in round.entries where !entry.isOver {
            guard let link = entry.link else { continue }
            for (index, rule) in pairs[link.pair].fields.enumerated() {
                guard let pair = rule.references else { continue }
                for side in Side.allCases {
                    guard let value = entry.records[side]?.fields[index], let key = RowKey([value]) else { continue }
                    items.insert(.record(side, pair: pair, key))
                }
            }
        }
        guard !items.isEmpty else { return decideAll() }
        round.phase = .lookingUpParents
        return [.lookUp(Array(items))]
    }

    mutating func lookedUpParents(_ answers: [Answer]) -> [Action] {
        guard case .links(let links)? = answers.first else { return giveUp() }
        round.parents = links
        return decideAll()
    }

    mutating func decideAll() -> [Action] {
        for place in round.entries.indices where !round.entries[place].isOver {
            guard let link = round.entries[place].link else { continue }
            decide(place, link)
        }
        return storeFirst()
    }

    private func parent(_ side: Side, _ pair: Int, _ value: Value) -> Parent {
        guard let key = RowKey([value]) else { return .none }
        let item = WorkItem.record(side, pair: pair, key)
        if let link = round.places[item].flatMap({ round.entries[$0].link }) ?? round.parents[item] {
            return .linked(link.id, link.keys)
        }
        return .missing(ParentKey(side: side, pair: pair, key: key))
    }

    private mutating func decide(_ place: Int, _ link: Link) {
        let records = round.entries[place].records
        var decider = Decider(
            pair: link.pair,
            rules: pairs[link.pair],
            hash: hash,
            now: round.now,
            parent: parent
        )
        var decision = decider.decide(link, records)
        if let missing = decision.awaited, let own = own(link, missing.side) {
            awaited[own] = missing
            if decision.write == nil, isCircle(from: own) {
                decider.breaksCycle = true
                decision = decider.decide(link, records)
            }
        }
        take(decision, at: place)
    }

    private func own(_ link: Link, _ side: Side) -> ParentKey? {
        link.keys[side].map { ParentKey(side: side, pair: link.pair, key: $0) }
    }

    /// Whether what a record waits for waits for that record in the end.
    private func isCircle(from start: ParentKey) -> Bool {
        var (key, steps) = (awaited[start], 0)
        while let current = key, steps <= awaited.count {
            if current == start { return true }
            (key, steps) = (awaited[current], steps + 1)
        }
        return false
    }

    private mutating func take(_ decision: Decision, at place: Int) {
        var decision = decision
        guard let old = round.entries[place].link else { return }
        if decision.isOver {
            remove(decision.link, place)
            return
        }
        if let missing = decision.awaited { wait(place, for: missing) }
        guard let write = decision.write else {
            issues(decision.issues, of: &decision.link, in: &round.after)
            decision.link.winner = nil
            if decision.link != old { round.after.links[old.id] = decision.link }
            decision.awaited == nil ? finish(place) : park(place, "It waits for a record that it names.")
            return
        }
        round.decisions[place] = decision
        order(write, decision, place)
    }

    private mutating func remove(_ link: Link, _ place: Int) {
        round.before.links[link.id] = nil
        round.after.links[link.id] = nil
        round.after.removed.insert(link.id)
        if link.isHeld { round.after.issues[.link(link.id)] = [] }
        finish(place)
    }

    /// - Parameter issues: All that there are of it now.
    func issues(_ issues: [RecordIssue], of link: inout Link, in changes: inout LinkChanges) {
        guard link.isHeld || !issues.isEmpty else { return }
        changes.issues[.link(link.id)] = issues
        link.isHeld = !issues.isEmpty
    }

    private mutating func wait(_ place: Int, for missing: ParentKey) {
        children[missing, default: []].formUnion(round.entries[place].items)
        // It may not have been told of.
        let item = WorkItem.record(missing.side, pair: missing.pair, missing.key)
        if round.places[item] == nil { queue.add(item) }
    }

    /// Makes a write of a decision.
    private mutating func order(_ write: Decision.Write, _ decision: Decision, _ place: Int) {
        guard let link = round.decisions[place]?.link else { return }
        let side = write.side
        let fields = Dictionary(uniqueKeysWithValues: write.fields.map { ($0.index, $0.value) })
        let shape = pairs[link.pair].shapes[side]
        let id = round.orders[side].count
        let change: RecordWrite.Change
        switch (write.kind, round.entries[place].records[side]) {
        case (.create, _): change = .create(operation(of: link), fields: fields)
        case (.update, let record?): change = .update(record, fields: fields)
        case (.delete, let record?): change = .delete(record)
        case (_, nil): return
        }
        round.writes[side][id] = place
        round.orders[side].append(RecordWrite(id: id, shape: shape, change: change))
        guard !capabilities[side].keepsNotes else { return }
        round.before.conflicts += write.conflicts
        var intended = round.entries[place].link ?? link
        intended.intent = intent(write, link, place)
        if intended.keys[side] != nil, write.kind == .create { intended.forget(side) }
        round.before.links[link.id] = intended
        round.decisions[place]?.link.intent = intended.intent
        if let intent = intended.intent, intent.kind == .create { openCreates[intent.operation] = link.id }
    }

    private func operation(of link: Link) -> OperationID { OperationID("\(name).\(link.id)") }

    private func intent(_ write: Decision.Write, _ link: Link, _ place: Int) -> Intent {
        let rules = pairs[link.pair]
        let held = round.entries[place].records[write.side]
        return Intent(
            operation: operation(of: link),
            target: write.side,
            kind: write.kind,
            fields: write.fields.map { field in
                let meeting = ValueMeeting(rules.fields[field.index])
                return Intent.Field(
                    index: field.index,
                    source: field.source,
                    target: held.map { base($0.fields[field.index], field.index, of: link.pair) } ?? .none,
                    sent: base(field.value, field.index, of: link.pair),
                    canonical: hash.hash(meeting.canonical(field.value, write.side))
                )
            }
        )
    }
}
