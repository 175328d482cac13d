import TandemRows
import TandemTesting
import Testing

/// Net changes that are applied to a table which shows a part of them already.
@Suite struct HeldChangesTests {
    private typealias Kind = ChangeBufferPropertyTests.Kind

    private static let kinds = ChangeBufferPropertyTests.kinds.filter { !$0.identity.isEmpty }

    /// What a history was at each of its steps, and what was told of it meanwhile.
    private struct TableChanges {
        var states: [[RawRow]]
        var buffer: ChangeBuffer
        /// Whether each row kept its key.
        var keepsKeys = true

        init(_ kind: Kind, seed: UInt64, steps: Int) throws {
            var history = ChangeHistory(
                seed: seed,
                columnCount: kind.columnCount,
                identity: kind.identity,
                oldRows: kind.oldRows,
                values: [2, 4, 12, 40][Int(seed % 4)]
            )
            for _ in 0..<Int(seed % 50) { _ = history.next() }
            var random = SeededGenerator(seed: seed)
            states = [history.rows]
            buffer = ChangeBuffer(columnCount: kind.columnCount, identity: kind.identity)
            for _ in 0..<steps {
                for change in history.next() {
                    try buffer.take(change)
                    if case .update(let old?, let new) = change {
                        let isSame = history.key(old) == history.key(new) || history.key(new).contains(.absent)
                        if !isSame { keepsKeys = false }
                    }
                    if case .truncate = change { keepsKeys = false }
                    if Int.random(in: 0..<10, using: &random) == 0 { buffer.compact() }
                }
                states.append(history.rows)
            }
        }
    }

    @Test(arguments: kinds) private func whateverPartIsThereAlreadyTheyMakeTheSameTable(_ kind: Kind) throws {
        var usable = 0
        for seed in UInt64(0)..<200 {
            var stretch = try TableChanges(kind, seed: seed, steps: [1, 5, 60][Int(seed) % 3])
            guard !stretch.buffer.hasPartialKeyChange else { continue }
            usable += 1
            let net = stretch.buffer.takeNet()
            let end = try #require(stretch.states.last)
            for state in stretch.states + mixed(stretch, kind, seed) {
                var table = NetTable(identity: kind.identity, rows: state)
                try table.apply(net)
                try #require(counts(table.rows) == counts(end), "seed \(seed)")
            }
        }
        #expect(usable > 40)
    }

    /// Tables that show some of what came late, and not all that came early: as long as rows keep their keys, each of
    /// them may have got further than the others.
    private func mixed(_ stretch: TableChanges, _ kind: Kind, _ seed: UInt64) -> [[RawRow]] {
        guard stretch.keepsKeys else { return [] }
        var random = SeededGenerator(seed: seed)
        func key(_ row: RawRow) -> RawRow { kind.identity.map { row[$0] } }
        let keys = Set(stretch.states.joined().map(key)).sorted { "\($0)" < "\($1)" }
        return (0..<5).map { _ in
            keys.compactMap { one in stretch.states.randomElement(using: &random)?.first { key($0) == one } }
        }
    }

    @Test func aRowThatMovedAndKeepsValuesIsTold() throws {
        let (a, b) = (RawCell.value("a"), RawCell.value("b"))
        var buffer = ChangeBuffer(columnCount: 2, identity: [0])
        try buffer.take(.update(old: nil, new: [a, .absent]))
        #expect(!buffer.hasPartialKeyChange)
        try buffer.take(.update(old: [a, .absent], new: [b, .absent]))
        #expect(buffer.hasPartialKeyChange)
        _ = buffer.takeNet()
        #expect(!buffer.hasPartialKeyChange)
        // What it keeps came before.
        try buffer.take(.insert([a, .value("x")]))
        try buffer.take(.update(old: [a, .absent], new: [b, .absent]))
        #expect(!buffer.hasPartialKeyChange)
    }

    @Test func bytesThatNoRowNeedsAreForgotten() throws {
        let long = RawCell.value(String(repeating: "x", count: 1000))
        var buffer = ChangeBuffer(columnCount: 3, identity: [0])
        for number in 0..<100 {
            try buffer.take(.update(old: nil, new: [.value("\(number % 5)"), long, .absent]))
        }
        try buffer.take(.delete([.value("0"), .absent, .absent]))
        #expect(buffer.byteCount > 100_000)
        buffer.compact()
        #expect(buffer.byteCount < 5000)
        let net = buffer.takeNet()
        #expect(net.patched.flatMap(\.rows.rawRows).map { $0[1] } == Array(repeating: long, count: 4))
        #expect(net.removed.flatMap(\.rawRows) == [[.value("0")]])
    }

    private func counts(_ rows: [RawRow]) -> [RawRow: Int] {
        rows.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
