import TandemCore
import TandemRows
import TandemTesting

@testable import TandemTwoWay

/// Links and changes of them that a seed brings back, extremes among them.
struct RandomChanges {
    var random: SeededGenerator
    /// The number of fields of each pair.
    var fields: [Int]
    /// What was made and not removed.
    private(set) var links: [LinkID: Link] = [:]
    private var next: LinkID = 1
    private var keys = 0
    private var time = 1_700_000_000.0

    init(seed: UInt64, fields: [Int]) {
        random = SeededGenerator(seed: seed)
        self.fields = fields
    }

    mutating func number(_ range: Range<Int>) -> Int { .random(in: range, using: &random) }
    mutating func chance(_ share: Double) -> Bool { .random(in: 0..<1, using: &random) < share }
    mutating func maybe<Thing>(_ make: (inout Self) -> Thing) -> Thing? { chance(0.5) ? make(&self) : nil }

    mutating func text() -> String {
        ["", "a", "7", "007", "18446744073709551615", "é", "e\u{301}", "北京", String(repeating: "x", count: 200)]
            .randomElement(using: &random) ?? ""
    }

    mutating func value(depth: Int = 0) -> Value {
        switch number(0..<(depth < 3 ? 5 : 4)) {
        case 0: return .null
        case 1:
            let extremes: [Int128] = [0, 1, -1, 127, 128, -128, -129, 255, 256, .min, .max]
            return .number(
                chance(0.5) ? extremes.randomElement(using: &random) ?? 0 : .random(in: .min ... .max, using: &random)
            )
        case 2:
            return .bytes(
                (0..<([0, 1, 127, 128, 300].randomElement(using: &random) ?? 0)).map { _ in UInt8(number(0..<256)) }
            )
        case 3:
            return .interval(
                Interval(
                    months: .random(in: .min ... .max, using: &random),
                    days: .random(in: .min ... .max, using: &random),
                    microseconds: .random(in: .min ... .max, using: &random)
                )
            )
        default: return .list((0..<number(0..<4)).map { _ in value(depth: depth + 1) })
        }
    }

    /// One that was not there before.
    mutating func key() -> RowKey {
        keys += 1
        var values: [Value] = [chance(0.5) ? .number(Int128(keys)) : .text("k\(keys)")]
        if chance(0.2) { values.append(.number(.random(in: .min ... .max, using: &random))) }
        return RowKey(values)!
    }

    mutating func base() -> FieldBase {
        switch number(0..<4) {
        case 0: .none
        case 1: .kept(value())
        default: .hash(.random(in: .min ... .max, using: &random))
        }
    }

    private mutating func bases(_ link: inout Link) {
        let count = fields[link.pair]
        switch number(0..<4) {
        case 0: link.base = Both { _ in (0..<count).map { _ in base() } }
        case 1: link.base = Both { _ in Array(repeating: .none, count: count) }
        case 2:
            link.base.left = (0..<count).map { _ in base() }
            link.base.right = link.base.left.map { chance(0.8) ? $0 : base() }
        default:
            link.base.left = (0..<count).map { _ in .hash(.random(in: .min ... .max, using: &random)) }
            link.base.right = link.base.left
        }
    }

    private mutating func intent(_ link: Link) -> Intent {
        Intent(
            operation: OperationID(text()),
            target: chance(0.5) ? .left : .right,
            kind: [.create, .update, .delete].randomElement(using: &random) ?? .create,
            fields: (0..<fields[link.pair]).filter { _ in chance(0.5) }.map { index in
                Intent.Field(
                    index: index,
                    source: base(),
                    target: base(),
                    sent: base(),
                    canonical: .random(in: .min ... .max, using: &random)
                )
            }
        )
    }

    mutating func change(_ link: inout Link) {
        for side in Side.allCases {
            if link.keys[side] == nil || chance(0.1) { link.keys[side] = chance(0.8) ? key() : nil }
            link.created[side] = maybe { .random(in: .min ... .max, using: &$0.random) }
            link.versions[side] = maybe { $0.chance(0.5) ? String($0.number(0..<4_000_000_000)) : $0.text() }
        }
        bases(&link)
        link.isSevered = chance(0.1)
        link.isHeld = chance(0.1)
        link.winner = chance(0.1) ? (chance(0.5) ? .left : .right) : nil
        link.intent = chance(0.2) ? intent(link) : nil
    }

    private mutating func item() -> WorkItem {
        if chance(0.5), let id = links.keys.sorted().randomElement(using: &random) { return .link(id) }
        return .record(chance(0.5) ? .left : .right, pair: number(0..<fields.count), key())
    }

    /// Changes that may follow those that were given before.
    mutating func changes() -> LinkChanges {
        var changes = LinkChanges()
        let before = links
        for _ in 0..<number(0..<20) {
            var link = Link(id: next, pair: number(0..<fields.count), fields: 0, keys: Both(left: nil, right: nil))
            next += 1
            change(&link)
            changes.links[link.id] = link
        }
        for id in before.keys.sorted().shuffled(using: &random).prefix(number(0..<20)) {
            guard var link = before[id] else { continue }
            if chance(0.2) {
                changes.removed.insert(id)
            } else {
                change(&link)
                changes.links[id] = link
            }
        }
        swapKeys(&changes)
        links.merge(changes.links) { $1 }
        for id in changes.removed { links[id] = nil }
        for side in Side.allCases where chance(0.2) { changes.cursors[side] = Checkpoint(text()) }
        if chance(0.3) { changes.note = Int64(number(0..<1_000_000)) }
        for _ in 0..<number(0..<5) {
            changes.marks[item()] = .some(maybe { Mark(due: $0.time, attempts: $0.number(0..<9), reason: $0.text()) })
            changes.issues[item()] = (0..<number(0..<3)).map { _ in issue() }
        }
        log(&changes)
        return changes
    }

    /// Two links of a pair take each other's keys.
    private mutating func swapKeys(_ changes: inout LinkChanges) {
        guard chance(0.3) else { return }
        for pair in fields.indices {
            let ids = changes.links.values.filter { $0.pair == pair }.map(\.id).sorted()
            guard let a = ids.first, let b = ids.last, a != b, let first = changes.links[a]?.keys,
                let second = changes.links[b]?.keys
            else { continue }
            changes.links[a]?.keys = second
            changes.links[b]?.keys = first
        }
    }

    private mutating func issue() -> RecordIssue {
        RecordIssue(
            [.conflict, .first, .rejected, .missingParent].randomElement(using: &random) ?? .conflict,
            field: maybe { $0.text() },
            side: maybe { $0.chance(0.5) ? .left : .right },
            cause: text(),
            code: maybe { $0.text() },
            since: time
        )
    }

    private mutating func log(_ changes: inout LinkChanges) {
        for id in links.keys.sorted().prefix(number(0..<4)) + changes.removed.sorted().prefix(2) {
            time += 1
            guard let pair = links[id]?.pair, fields[pair] > 0 else { continue }
            changes.conflicts.append(
                LoggedConflict(
                    link: id,
                    pair: pair,
                    kind: .overwritten,
                    field: number(0..<fields[pair]),
                    loser: .left,
                    lost: maybe { $0.value() },
                    won: maybe { $0.value() },
                    time: time
                )
            )
            changes.history.append(
                HistoryEntry(
                    link: id,
                    pair: pair,
                    kind: .update,
                    side: .right,
                    fields: (0..<fields[pair]).filter { _ in chance(0.5) },
                    reason: .changed,
                    time: time
                )
            )
        }
    }
}
