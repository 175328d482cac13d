import TandemCore
import TandemRows

extension Reconciler {
    /// Looks on the other side for what matches records that have no link.
    mutating func find() -> [Action] {
        round.phase = .finding
        for place in round.entries.indices where !round.entries[place].isOver { recognise(place) }
        var actions: [Action] = []
        for (side, pair, places) in groups(where: { entry, side in entry.alone?.side == side }) {
            let rules = pairs[pair]
            var asked: [Int] = []
            var values: [[Value]] = []
            for place in places {
                guard let record = round.entries[place].records[side], record.isInScope else {
                    finish(place)
                    continue
                }
                guard let wanted = matchValues(of: record, side, rules) else { continue }
                asked.append(place)
                values.append(wanted)
            }
            guard !asked.isEmpty else { continue }
            round.questions.append(.init(side: side, pair: pair, entries: asked))
            actions.append(.find(side.other, pair: pair, values))
        }
        return actions.isEmpty ? link() : actions
    }

    /// As the other side has them; `nil` where it cannot have them, or nothing matches what has none.
    private func matchValues(of record: Record, _ side: Side, _ rules: PairRules) -> [Value]? {
        guard !rules.match.isEmpty else { return nil }
        var values: [Value] = []
        for index in rules.match {
            guard record.fields[index] != .null,
                let value = ValueMeeting(rules.fields[index]).value(record.fields[index], at: side.other)
            else { return nil }
            values.append(value)
        }
        return values
    }

    /// A record that a create of ours has made, of which no answer came, has its link already.
    private mutating func recognise(_ place: Int) {
        guard let alone = round.entries[place].alone,
            let operation = round.entries[place].records[alone.side]?.operation, let id = openCreates[operation]
        else { return }
        for item in round.entries[place].items {
            queue.putBack(item)
        }
        queue.add(.link(id))
        round.entries[place].isOver = true
    }

    mutating func found(_ answers: [Answer]) -> [Action] {
        for (question, answer) in zip(round.questions, answers) {
            guard case .records(let records) = answer else { return giveUp() }
            let rules = pairs[question.pair]
            let meetings = rules.match.map { ValueMeeting(rules.fields[$0]) }
            func canonical(_ record: Record, _ side: Side) -> [Value] {
                zip(rules.match, meetings).map { $1.canonical(record.fields[$0], side) }
            }
            let byValues = Dictionary(grouping: records) { canonical($0, question.side.other) }
            for place in question.entries {
                guard let record = round.entries[place].records[question.side] else { continue }
                round.found[place] = byValues[canonical(record, question.side)]
            }
        }
        round.questions = []
        round.foundItems = round.found.sorted { $0.key < $1.key }.flatMap { place, records in
            records.compactMap { record in
                round.entries[place].alone.map { .record($0.side.other, pair: $0.pair, record.key) }
            }
        }
        guard !round.foundItems.isEmpty else { return link() }
        round.phase = .lookingUpFound
        return [.lookUp(round.foundItems)]
    }

    mutating func lookedUpFound(_ answers: [Answer]) -> [Action] {
        guard case .links(let links)? = answers.first else { return giveUp() }
        return link(links)
    }

    /// Gives records that have no link one: with what they match, or by themselves.
    private mutating func link(_ links: [WorkItem: Link] = [:]) -> [Action] {
        for place in round.entries.indices where !round.entries[place].isOver {
            guard let alone = round.entries[place].alone, let record = round.entries[place].records[alone.side] else {
                continue
            }
            let other = alone.side.other
            let found = round.found[place] ?? []
            guard found.count <= 1 else {
                hold(place, .ambiguous, "\(found.count) records on the \(other) match it.")
                continue
            }
            guard let match = found.first else {
                if pairs[alone.pair].creates.contains(other) {
                    begin(place, alone, record, counterpart: nil)
                    self.place(place)
                } else {
                    finish(place)
                }
                continue
            }
            join(place, alone, record, match, known: links[.record(other, pair: alone.pair, match.key)])
        }
        return lookUpParents()
    }

    /// - Parameter known: The link that `match` has already.
    private mutating func join(_ place: Int, _ alone: ParentKey, _ record: Record, _ match: Record, known: Link?) {
        let other = alone.side.other
        let item = WorkItem.record(other, pair: alone.pair, match.key)
        let inRound = round.places[item].flatMap { round.entries[$0].link == nil ? nil : $0 }
        guard
            let link = inRound.flatMap({ round.entries[$0].link }) ?? known.map({ round.before.links[$0.id] ?? $0 })
        else {
            if !match.isInScope { finish(place); return }
            begin(place, alone, record, counterpart: match)
            adopt(item, into: place)
            self.place(place)
            // What was found may not be what is there.
            if !capabilities[other].readsAreFresh { retry(place) }
            return
        }
        if link.isSevered || link.keys[alone.side] == nil {
            attach(place, alone, record, to: link, inRound: inRound)
        } else if let inRound {
            // Its record on this side may have got another key.
            guard round.entries[inRound].records[alone.side] == nil else {
                hold(place, .ambiguous, "The record on the \(other) that matches it is linked to another one.")
                return
            }
            attach(place, alone, record, to: link, inRound: inRound)
        } else {
            for item in round.entries[place].items { queue.putBack(item) }
            queue.add(.link(link.id))
            round.entries[place].isOver = true
        }
    }

    /// - Parameter inRound: Where the link is in work already.
    private mutating func attach(_ place: Int, _ alone: ParentKey, _ record: Record, to link: Link, inRound: Int?) {
        var link = link
        link.keys[alone.side] = alone.key
        link.created[alone.side] = record.createdAt
        link.versions[alone.side] = record.version
        link.isSevered = false
        round.before.links[link.id] = link
        if let inRound {
            round.entries[inRound].link = link
            round.places[.record(alone.side, pair: alone.pair, alone.key)] = inRound
            round.entries[inRound].records[alone.side] = record
            round.entries[inRound].items += round.entries[place].items
            round.entries[place].items = []
            round.entries[place].isOver = true
        } else {
            // Its other record is read in the next round.
            for item in round.entries[place].items { queue.putBack(item) }
            round.entries[place].isOver = true
        }
    }

    private mutating func begin(_ place: Int, _ alone: ParentKey, _ record: Record, counterpart: Record?) {
        var link = Link(
            id: nextLink,
            pair: alone.pair,
            fields: pairs[alone.pair].fields.count,
            keys: Both(left: nil, right: nil)
        )
        nextLink += 1
        link.keys[alone.side] = alone.key
        link.keys[alone.side.other] = counterpart?.key
        link.created[alone.side] = record.createdAt
        link.created[alone.side.other] = counterpart?.createdAt
        round.entries[place].link = link
        round.entries[place].alone = nil
        round.entries[place].records[alone.side.other] = counterpart
        round.before.links[link.id] = link
    }

    /// What is in work for a record belongs to what its link is in work for.
    mutating func adopt(_ item: WorkItem, into place: Int) {
        guard let other = round.places[item], other != place, round.entries[other].link == nil else { return }
        round.entries[place].items += round.entries[other].items
        round.entries[other].items = []
        round.entries[other].isOver = true
    }

    /// Notes where an entry's link and records are.
    mutating func place(_ place: Int) {
        guard let link = round.entries[place].link else { return }
        round.places[.link(link.id)] = place
        for side in Side.allCases {
            if let key = link.keys[side] { round.places[.record(side, pair: link.pair, key)] = place }
        }
    }
}
