import TandemCore
import TandemMemory
import TandemRows
import TandemTwoWay

/// What a simulated run has broken of what a two-way sync promises.
struct TwoWayFindings {
    enum Fault: String, Hashable, Sendable, CaseIterable {
        case neverQuiet, unlinked, duplicate, missing, diverged, lost, lostByDelete, reverted, resurrected
    }

    private(set) var faults: Set<Fault> = []
    /// Own writes that have changed nothing.
    private(set) var needless = 0
    let writes: Int

    /// What came to a field, in the order of time: who wrote what.
    private struct Past {
        var isOwn: Bool
        var value: String
    }

    init(_ run: TwoWaySimulation, isQuiet: Bool) {
        writes = run.ownWrites
        if !isQuiet { faults.insert(.neverQuiet) }
        let content = run.links.content
        let losers = Set(content.conflicts.compactMap { $0.lost.map(Self.text) })
        var records = Both<[RowKey: [Value]]>(left: [:], right: [:])
        var pasts = Both<[RowKey: [[Past]]]>(left: [:], right: [:])
        for side in Side.allCases {
            records[side] = run.sides[side].records(of: TwoWayScenario.shape(side).id)
            pasts[side] = Self.pasts(run.sides[side].journal)
            needless += run.sides[side].journal.count { entry in
                guard entry.isOwn, let before = entry.before, let after = entry.after else { return false }
                return before.map(Self.text) == after.map(Self.text)
            }
        }
        compare(records, content)
        for side in Side.allCases { lookForLosses(run.sides[side].journal, pasts, side, losers) }
        lookForRevivals(run, records, content)
    }

    private static func text(_ value: Value) -> String {
        guard case .bytes(let bytes) = value else { return "" }
        return TwoWayScenario.canonical(String(decoding: bytes, as: UTF8.self))
    }

    private static func pasts(_ journal: [MemoryRecords.Entry]) -> [RowKey: [[Past]]] {
        var pasts: [RowKey: [[Past]]] = [:]
        for entry in journal {
            guard let after = entry.after else { continue }
            for (index, value) in after.enumerated() where entry.before?[index] != value {
                pasts[entry.key, default: Array(repeating: [], count: after.count)][index]
                    .append(Past(isOwn: entry.isOwn, value: text(value)))
            }
        }
        return pasts
    }

    private mutating func compare(_ records: Both<[RowKey: [Value]]>, _ content: MemoryLinks.Content) {
        let keys = records.map { $0.values.map { Self.text($0[0]) }.sorted() }
        if Side.allCases.contains(where: { Set(keys[$0]).count != keys[$0].count }) { faults.insert(.duplicate) }
        if keys.left != keys.right { faults.insert(.missing) }
        for side in Side.allCases {
            let linked = Set(content.links.values.compactMap { $0.keys[side] })
            if !Set(records[side].keys).isSubset(of: linked) { faults.insert(.unlinked) }
        }
        for link in content.links.values {
            guard let left = link.keys.left.flatMap({ records.left[$0] }),
                let right = link.keys.right.flatMap({ records.right[$0] })
            else { continue }
            if left.map(Self.text) != right.map(Self.text) { faults.insert(.diverged) }
        }
    }

    /// A user's value that the engine has replaced was on the other side before, or is in the log of conflicts; and
    /// nothing comes back that was replaced before.
    private mutating func lookForLosses(
        _ journal: [MemoryRecords.Entry],
        _ pasts: Both<[RowKey: [[Past]]]>,
        _ side: Side,
        _ losers: Set<String>
    ) {
        let known = Set(pasts[side.other].values.flatMap { $0.flatMap { $0.map(\.value) } }).union(losers)
        for field in pasts[side].values.flatMap({ $0 }) {
            for (place, now) in field.enumerated() where now.isOwn && place > 0 {
                let before = field[place - 1]
                guard !before.isOwn, before.value != now.value else { continue }
                if !known.contains(before.value) { faults.insert(.lost) }
                if field[..<(place - 1)].contains(where: { $0.value == now.value }), !losers.contains(before.value) {
                    faults.insert(.reverted)
                }
            }
        }
        for entry in journal where entry.isOwn && entry.after == nil {
            for field in pasts[side][entry.key] ?? [] {
                guard let last = field.last, !last.isOwn, !known.contains(last.value) else { continue }
                faults.insert(.lostByDelete)
            }
        }
    }

    private mutating func lookForRevivals(
        _ run: TwoWaySimulation,
        _ records: Both<[RowKey: [Value]]>,
        _ content: MemoryLinks.Content
    ) {
        let revived = Set(content.conflicts.filter { $0.kind == .revived }.compactMap { $0.won.map(Self.text) })
        let there = Side.allCases.flatMap { side in records[side].values.map { Self.text($0[0]) } }
        // What users have made after all.
        let made = Set(
            Side.allCases.flatMap { side in
                run.sides[side].journal.filter { entry in
                    !entry.isOwn && entry.before == nil && records[side][entry.key] != nil
                }
                .compactMap { $0.after.map { Self.text($0[0]) } }
            }
        )
        for side in Side.allCases {
            for entry in run.sides[side].journal where !entry.isOwn && entry.after == nil {
                guard let key = entry.before.map({ Self.text($0[0]) }), there.contains(key) else { continue }
                if !revived.contains(key), !made.contains(key) { faults.insert(.resurrected) }
            }
        }
    }
}
