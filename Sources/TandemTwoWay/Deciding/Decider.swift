import TandemCore
import TandemRows

/// Decides by comparing each side's record with what that side held when the two agreed last.
struct Decider {
    let pair: Int
    let rules: PairRules
    let hash: ValueHash
    /// Seconds since 1970.
    let now: Double
    /// What a value of a field that references names.
    let parent: (_ side: Side, _ pair: Int, _ value: Value) -> Parent
    /// Whether references to what is not linked are left out of a create, to be written later.
    var breaksCycle = false

    /// - Parameter records: `nil` where there is none, by a read.
    func decide(_ link: Link, _ records: Both<Record?>) -> Decision {
        var decision = Decision(link)
        switch (records.left, records.right) {
        case (nil, nil): decision.isOver = true
        case (let record?, nil): alone(record, .left, &decision)
        case (nil, let record?): alone(record, .right, &decision)
        case (let left?, let right?): together(Both(left: left, right: right), &decision)
        }
        return decision
    }

    private func base(_ value: Value, _ index: Int) -> FieldBase { hash.base(value, for: rules.fields[index]) }

    // MARK: both sides

    private func together(_ records: Both<Record>, _ decision: inout Decision) {
        decision.link.versions = records.map(\.version)
        decision.link.created = records.map(\.createdAt)
        guard records.left.isInScope, records.right.isInScope, !decision.link.isSevered else { return }
        var writes = Both { Decision.Write(kind: .update, side: $0, reason: .changed) }
        for index in rules.fields.indices { compare(index, records, &decision, &writes) }
        let wanted = Side.allCases.filter { !writes[$0].fields.isEmpty }
        guard let side = wanted.last else { return }
        writes[side].reason = writes[side].fields[0].reason
        decision.write = writes[side]
        decision.needsAnother = wanted.count > 1
    }

    private func compare(
        _ index: Int,
        _ records: Both<Record>,
        _ decision: inout Decision,
        _ writes: inout Both<Decision.Write>
    ) {
        let rule = rules.fields[index]
        let values = records.map { $0.fields[index] }
        if let side = Side.allCases.first(where: { records[$0].unfit.contains(index) }) {
            decision.issues.append(unfit(rule, at: side))
            return
        }
        if areSame(values, rule) {
            for side in Side.allCases { decision.link.base[side][index] = base(values[side], index) }
            return
        }
        let base = decision.link.base.map { $0[index] }
        let isFirst = base.left == .none && base.right == .none
        switch (hash.isChanged(values.left, since: base.left), hash.isChanged(values.right, since: base.right)) {
        case (false, false): break
        case (true, false): carry(index, to: .right, values, .changed, &decision, &writes)
        case (false, true): carry(index, to: .left, values, .changed, &decision, &writes)
        case (true, true): settle(index, records, isFirst: isFirst, &decision, &writes)
        }
    }

    private func areSame(_ values: Both<Value>, _ rule: FieldRule) -> Bool {
        guard let pair = rule.references else { return ValueMeeting(rule).areSame(values) }
        switch (parent(.left, pair, values.left), parent(.right, pair, values.right)) {
        case (.none, .none): return true
        case (.linked(let left, _), .linked(let right, _)): return left == right
        default: return false
        }
    }

    private func unfit(_ rule: FieldRule, at side: Side) -> RecordIssue {
        let cause = "The \(side) holds a value of \(rule.name) that its type does not tell."
        return RecordIssue(.value, field: rule.name, side: side, cause: cause, since: now)
    }

    /// - Parameter reason: Where it is none of a single change, what the target holds is logged.
    private func carry(
        _ index: Int,
        to side: Side,
        _ values: Both<Value>,
        _ reason: HistoryEntry.Reason,
        _ decision: inout Decision,
        _ writes: inout Both<Decision.Write>
    ) {
        let rule = rules.fields[index]
        guard rule.flows.contains(side) else {
            let cause = "\(rule.name) was changed on the \(side.other), from where it is not carried."
            decision.issues.append(RecordIssue(.notCarried, field: rule.name, side: side, cause: cause, since: now))
            return
        }
        guard let value = value(values[side.other], of: rule, at: side, &decision) else { return }
        let source = base(values[side.other], index)
        writes[side].fields.append(.init(index: index, value: value, source: source, reason: reason))
        guard reason != .changed else { return }
        let kind: LoggedConflict.Kind = reason == .firstSync ? .first : .conflict
        writes[side].conflicts.append(
            logged(kind, decision.link, index, loser: side, lost: values[side], won: values[side.other])
        )
    }

    /// A value of the other side as `side` takes it. `nil` where it cannot be written, which `decision` tells.
    private func value(_ value: Value, of rule: FieldRule, at side: Side, _ decision: inout Decision) -> Value? {
        guard let pair = rule.references else {
            if let value = ValueMeeting(rule).value(value, at: side) { return value }
            let cause = "The \(side) takes no such value for \(rule.name): it would not be the same there."
            decision.issues.append(RecordIssue(.value, field: rule.name, side: side, cause: cause, since: now))
            return nil
        }
        switch parent(side.other, pair, value) {
        case .none: return .null
        case .linked(_, let keys) where keys[side] != nil: return keys[side]?.values.first
        case .linked(_, let keys):
            decision.awaited = keys[side.other].map { ParentKey(side: side.other, pair: pair, key: $0) }
        case .missing(let key): decision.awaited = key
        }
        let cause = "The record that \(rule.name) names is not on the \(side) yet."
        decision.issues.append(RecordIssue(.missingParent, field: rule.name, side: side, cause: cause, since: now))
        return nil
    }

    private func logged(
        _ kind: LoggedConflict.Kind,
        _ link: Link,
        _ index: Int,
        loser: Side,
        lost: Value?,
        won: Value?
    ) -> LoggedConflict {
        LoggedConflict(
            link: link.id,
            pair: pair,
            kind: kind,
            field: index,
            loser: loser,
            lost: lost,
            won: won,
            time: now
        )
    }

    // MARK: both changed

    private func settle(
        _ index: Int,
        _ records: Both<Record>,
        isFirst: Bool,
        _ decision: inout Decision,
        _ writes: inout Both<Decision.Write>
    ) {
        let rule = rules.fields[index]
        let values = records.map { $0.fields[index] }
        let policy = isFirst ? rules.firstSync : rule.conflicts
        let reason: HistoryEntry.Reason = isFirst ? .firstSync : .conflict
        if let winner = decision.link.winner {
            carry(index, to: winner.other, values, .resolved, &decision, &writes)
            return
        }
        if rule.flows.count == 1, let target = rule.flows.first {
            carry(index, to: target, values, reason, &decision, &writes)
            return
        }
        switch policy {
        case .left: carry(index, to: .right, values, reason, &decision, &writes)
        case .right: carry(index, to: .left, values, reason, &decision, &writes)
        case .latest:
            if let left = records.left.changedAt, let right = records.right.changedAt, left != right {
                carry(index, to: left > right ? .right : .left, values, reason, &decision, &writes)
            } else {
                hold(index, isFirst, &decision)
            }
        case .sum, .union:
            guard let merged = Merging(policy, rule.types)?.value(values, decision.link.base.map { $0[index] }) else {
                hold(index, isFirst, &decision)
                return
            }
            // The left's part of it is in; what the right holds then is the left's to come.
            writes.right.fields.append(
                .init(index: index, value: merged, source: .kept(values.left), isOwed: true, reason: reason)
            )
        case .hold: hold(index, isFirst, &decision)
        }
    }

    private func hold(_ index: Int, _ isFirst: Bool, _ decision: inout Decision) {
        let name = rules.fields[index].name
        let cause =
            isFirst
            ? "The two records match, and \(name) differs."
            : "\(name) was changed on both sides."
        decision.issues.append(RecordIssue(isFirst ? .first : .conflict, field: name, cause: cause, since: now))
    }

    // MARK: one side

    private func alone(_ record: Record, _ side: Side, _ decision: inout Decision) {
        let target = side.other
        decision.link.versions[side] = record.version
        decision.link.created[side] = record.createdAt
        guard record.isInScope, !decision.link.isSevered else { return }
        guard decision.link.keys[target] != nil else {
            create(record, at: target, .made, &decision)
            return
        }
        let isChanged = record.fields.indices.contains {
            hash.isChanged(record.fields[$0], since: decision.link.base[side][$0])
        }
        if let winner = decision.link.winner {
            winner == side ? revive(record, at: target, &decision) : delete(record, at: side, isChanged, &decision)
        } else if isChanged {
            switch rules.deleteAgainstUpdate {
            case .update: revive(record, at: target, &decision)
            case .delete: delete(record, at: side, isChanged, &decision)
            case .hold: holdDeleted(.deletedAndChanged, at: target, &decision)
            }
        } else {
            switch rules.deletes {
            case .propagate: delete(record, at: side, isChanged, &decision)
            case .ignore: decision.link.isSevered = true
            case .hold: holdDeleted(.deleted, at: target, &decision)
            }
        }
    }

    private func holdDeleted(_ kind: RecordIssue.Kind, at side: Side, _ decision: inout Decision) {
        let cause =
            kind == .deleted
            ? "The record was deleted on the \(side)."
            : "The record was deleted on the \(side), and changed on the \(side.other)."
        decision.issues.append(RecordIssue(kind, side: side, cause: cause, since: now))
    }

    private func delete(_ record: Record, at side: Side, _ isChanged: Bool, _ decision: inout Decision) {
        var write = Decision.Write(kind: .delete, side: side, reason: .deleted)
        if isChanged {
            write.conflicts = record.fields.indices.map {
                logged(.deleted, decision.link, $0, loser: side, lost: record.fields[$0], won: nil)
            }
        }
        decision.write = write
    }

    private func revive(_ record: Record, at side: Side, _ decision: inout Decision) {
        decision.link.forget(side)
        decision.link.versions[side.other] = record.version
        create(record, at: side, .revived, &decision)
        decision.write?.conflicts = record.fields.indices.map {
            logged(.revived, decision.link, $0, loser: side, lost: nil, won: record.fields[$0])
        }
    }

    private func create(_ record: Record, at side: Side, _ reason: HistoryEntry.Reason, _ decision: inout Decision) {
        guard rules.creates.contains(side) else { return }
        var write = Decision.Write(kind: .create, side: side, reason: reason)
        for (index, rule) in rules.fields.enumerated() where rule.flows.contains(side) {
            let value = record.fields[index]
            if record.unfit.contains(index) {
                decision.issues.append(unfit(rule, at: side.other))
                return
            }
            if let sent = self.value(value, of: rule, at: side, &decision) {
                write.fields.append(
                    .init(index: index, value: sent, source: base(value, index), reason: reason)
                )
            } else if breaksCycle, rule.references != nil {
                decision.issues.removeLast()
                write.fields.append(.init(index: index, value: .null, source: .none, reason: reason))
            } else {
                return
            }
        }
        if breaksCycle { decision.awaited = nil }
        decision.write = write
    }
}
