import TandemCore
import TandemRows

extension Reconciler {
    /// Gathers what is about one link.
    mutating func lookedUp(_ answers: [Answer]) -> [Action] {
        guard case .links(let links)? = answers.first else { return giveUp() }
        for item in round.items {
            if let link = links[item] {
                if let place = round.places[.link(link.id)] {
                    round.entries[place].items.append(item)
                } else {
                    round.entries.append(Round.Entry(items: [item], link: link))
                    place(round.entries.count - 1)
                }
            } else if case .record(let side, let pair, let key) = item {
                let alone = ParentKey(side: side, pair: pair, key: key)
                round.places[item] = round.entries.count
                round.entries.append(Round.Entry(items: [item], alone: alone))
            } else {
                // It is gone by now.
                round.entries.append(Round.Entry(items: [item], isOver: true, verdict: .finished))
            }
        }
        return recover()
    }

    /// Looks first for what was made by creates of which no answer came.
    private mutating func recover() -> [Action] {
        round.phase = .recovering
        var actions: [Action] = []
        for (side, pair, places) in groups(where: { entry, side in
            guard let intent = entry.link?.intent else { return false }
            return intent.kind == .create && intent.target == side && entry.link?.keys[side] == nil
        }) {
            round.questions.append(.init(side: side, pair: pair, entries: places))
            actions.append(
                .made(side, pair: pair, places.compactMap { round.entries[$0].link?.intent?.operation })
            )
        }
        return actions.isEmpty ? readBoth() : actions
    }

    mutating func recovered(_ answers: [Answer]) -> [Action] {
        for (question, answer) in zip(round.questions, answers) {
            guard case .made(let records) = answer else { return giveUp() }
            for place in question.entries {
                guard let intent = round.entries[place].link?.intent, let record = records[intent.operation] else {
                    continue
                }
                round.entries[place].link?.keys[question.side] = record.key
                round.entries[place].link?.created[question.side] = record.createdAt
                // The feed may have told of it, as of a record that nobody knows.
                adopt(.record(question.side, pair: question.pair, record.key), into: place)
                self.place(place)
            }
        }
        round.questions = []
        return readBoth()
    }

    private mutating func readBoth() -> [Action] {
        round.phase = .reading
        var actions: [Action] = []
        for (side, pair, places) in groups(where: { entry, side in
            entry.alone.map { $0.side == side } ?? (entry.link?.keys[side] != nil)
        }) {
            round.questions.append(.init(side: side, pair: pair, entries: places))
            actions.append(.read(side, pair: pair, places.compactMap { key(of: round.entries[$0], side) }))
        }
        return actions.isEmpty ? decideAll() : actions
    }

    private func key(of entry: Round.Entry, _ side: Side) -> RowKey? {
        entry.alone?.key ?? entry.link?.keys[side] ?? nil
    }

    /// The entries that `isMeant` and that are still in work, by side and pair, in a steady order.
    func groups(where isMeant: (Round.Entry, Side) -> Bool) -> [(Side, Int, [Int])] {
        var groups: [(Side, Int, [Int])] = []
        for side in Side.allCases {
            var places: [Int: [Int]] = [:]
            for (place, entry) in round.entries.enumerated() where !entry.isOver && isMeant(entry, side) {
                places[entry.link?.pair ?? entry.alone?.pair ?? 0, default: []].append(place)
            }
            groups += places.sorted { $0.key < $1.key }.map { (side, $0.key, $0.value) }
        }
        return groups
    }

    mutating func read(_ answers: [Answer]) -> [Action] {
        for (question, answer) in zip(round.questions, answers) {
            guard case .records(let records) = answer else { return giveUp() }
            let byKey = Dictionary(records.map { ($0.key, $0) }) { $1 }
            for place in question.entries {
                guard let key = key(of: round.entries[place], question.side) else { continue }
                round.entries[place].records[question.side] = byKey[key]
            }
        }
        round.questions = []
        for place in round.entries.indices where !round.entries[place].isOver { review(place) }
        return find()
    }

    /// Leaves for later what was read of a state before the one that is known, and takes for another one a record
    /// whose key is used again.
    private mutating func review(_ place: Int) {
        guard let link = round.entries[place].link else {
            if let alone = round.entries[place].alone, round.entries[place].records[alone.side] == nil {
                finish(place)
            }
            return
        }
        for side in Side.allCases {
            guard let record = round.entries[place].records[side] else { continue }
            if capabilities[side].versionsGrow, let known = link.versions[side].flatMap({ Int64($0) }),
                let version = record.version.flatMap({ Int64($0) }), version < known
            {
                retry(place)
                return
            }
            if let known = link.created[side], let created = record.createdAt, known != created {
                round.entries[place].records[side] = nil
                queue.add(.record(side, pair: link.pair, record.key))
                continue
            }
            // Also where nothing comes of this round: a later look must not take for news what is older.
            round.entries[place].link?.versions[side] = record.version
        }
        if round.entries[place].link?.intent != nil { close(place) }
    }

    /// Says what an intent has come to, of which no answer is known, by what the sides hold now.
    private mutating func close(_ place: Int) {
        guard var link = round.entries[place].link, let intent = link.intent else { return }
        link.intent = nil
        openCreates[intent.operation] = nil
        if let target = round.entries[place].records[intent.target],
            round.entries[place].records[intent.target.other] != nil
        {
            let meetings = pairs[link.pair].fields.map(ValueMeeting.init)
            for field in intent.fields {
                let value = target.fields[field.index]
                let isThere = hash.hash(meetings[field.index].canonical(value, intent.target)) == field.canonical
                guard isThere || intent.kind == .create else { continue }
                link.base[intent.target.other][field.index] = field.source
                link.base[intent.target][field.index] =
                    isThere ? base(value, field.index, of: link.pair) : field.sent
            }
        }
        round.entries[place].link = link
        round.before.links[link.id] = link
    }

    func base(_ value: Value, _ index: Int, of pair: Int) -> FieldBase {
        hash.base(value, for: pairs[pair].fields[index])
    }
}
