import TandemRows
import Testing

/// Random histories: what is left of their changes makes the same table.
@Suite struct ChangeBufferPropertyTests {
    /// A table, and how its source sends changes.
    struct Kind: CustomTestStringConvertible, Sendable {
        let columnCount: Int
        let identity: [Int]
        let oldRows: ChangeHistory.OldRows
        var testDescription: String { "\(columnCount) columns, identity \(identity), old rows: \(oldRows)" }
    }

    static let kinds: [Kind] =
        ChangeHistory.OldRows.allCases.flatMap { oldRows in
            [(3, [0]), (1, [0]), (5, [3, 1]), (4, [2, 0, 1])].map {
                Kind(columnCount: $0.0, identity: $0.1, oldRows: oldRows)
            }
        } + [1, 2, 4].map { Kind(columnCount: $0, identity: [], oldRows: .all) }

    @Test(arguments: kinds) func netChangesMakeTheSameTable(_ kind: Kind) throws {
        for seed in UInt64(0)..<100 {
            var history = ChangeHistory(
                seed: seed,
                columnCount: kind.columnCount,
                identity: kind.identity,
                oldRows: kind.oldRows,
                values: [2, 4, 12, 40][Int(seed % 4)]
            )
            var buffer = ChangeBuffer(columnCount: kind.columnCount, identity: kind.identity)
            var table = NetTable(identity: kind.identity)
            for stretch in 0..<6 {
                var count = 0
                for change in (0..<[1, 5, 60][Int(seed + UInt64(stretch)) % 3]).flatMap({ _ in history.next() }) {
                    try buffer.take(change)
                    count += 1
                }
                let net = buffer.takeNet()
                #expect(net.changeCount == count)
                try #require(try table.isRight(after: net, as: history.rows), "seed \(seed), stretch \(stretch)")
            }
        }
    }
}

extension NetTable {
    /// Applies `net`, where that is the same also twice, and tells whether the table has `expected` then.
    fileprivate mutating func isRight(after net: NetTuples, as expected: [RawRow]) throws -> Bool {
        try apply(net)
        guard counts(rows) == counts(expected) else { return false }
        let keepTheirKeys = net.patched.allSatisfy { $0.keys.rawRows == $0.rows.rawRows.map(key) }
        guard !identity.isEmpty && keepTheirKeys else { return true }
        try apply(net)
        return counts(rows) == counts(expected)
    }

    private func counts(_ rows: [RawRow]) -> [RawRow: Int] {
        rows.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
