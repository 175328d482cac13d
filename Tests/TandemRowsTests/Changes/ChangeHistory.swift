import TandemRows
import TandemTesting

/// A table at its source, and the changes that it sends while it lives through a random history.
struct ChangeHistory {
    /// Which part of a row as it was comes along.
    enum OldRows: CaseIterable {
        /// The key, where it changes.
        case changedKey
        case key
        /// Every value.
        case all
    }

    let columnCount: Int
    let identity: [Int]
    let oldRows: OldRows
    var rows: [RawRow] = []
    private var random: SeededGenerator
    private let values: Int

    init(seed: UInt64, columnCount: Int, identity: [Int], oldRows: OldRows, values: Int) {
        self.columnCount = columnCount
        self.identity = identity
        self.oldRows = identity.isEmpty ? .all : oldRows
        self.values = values
        random = SeededGenerator(seed: seed)
    }

    func key(_ row: RawRow) -> RawRow { identity.map { row[$0] } }

    /// The next few changes, which belong together.
    mutating func next() -> [RawChange] {
        switch pick(100) {
        case 0..<30: return insert(row())
        case 30..<60: return update(pick(max(rows.count, 1)), changingKey: false)
        case 60..<72: return update(pick(max(rows.count, 1)), changingKey: true)
        case 72..<80: return swap()
        case 80..<97: return delete(pick(max(rows.count, 1)))
        default:
            guard pick(4) == 0 else { return [] }
            rows = []
            return [.truncate]
        }
    }

    private mutating func insert(_ row: RawRow) -> [RawChange] {
        guard isFree(key(row)) else { return [] }
        rows.append(row)
        return [.insert(row)]
    }

    private mutating func delete(_ at: Int) -> [RawChange] {
        guard at < rows.count else { return [] }
        return [.delete(shown(rows.remove(at: at)))]
    }

    private mutating func update(_ at: Int, changingKey: Bool) -> [RawChange] {
        guard at < rows.count else { return [] }
        var new = row()
        for column in 0..<columnCount where pick(2) == 0 && !identity.contains(column) {
            new[column] = rows[at][column]
        }
        if !changingKey { for column in identity { new[column] = rows[at][column] } }
        guard key(new) == key(rows[at]) || isFree(key(new)) else { return [] }
        return [change(at, to: new)]
    }

    /// Two rows change their keys for each other's, by way of a third.
    private mutating func swap() -> [RawChange] {
        let (one, other) = (pick(max(rows.count, 1)), pick(max(rows.count, 1)))
        let free = row()
        guard one < rows.count, other < rows.count, one != other, isFree(key(free)) else { return [] }
        let keys = (rows[one], rows[other])
        return [
            change(one, to: withKey(of: free, rows[one])), change(other, to: withKey(of: keys.0, rows[other])),
            change(one, to: withKey(of: keys.1, rows[one])),
        ]
    }

    private func withKey(of other: RawRow, _ row: RawRow) -> RawRow {
        row.indices.map { identity.contains($0) ? other[$0] : row[$0] }
    }

    private mutating func change(_ at: Int, to new: RawRow) -> RawChange {
        let old = rows[at]
        rows[at] = new
        let hasSameKey = key(old) == key(new)
        let hasOld = oldRows != .changedKey || !hasSameKey
        var sent = new
        for column in 0..<columnCount where old[column] == new[column] && old[column] != .null && pick(2) == 0 {
            if hasOld || !identity.contains(column) { sent[column] = .absent }
        }
        return .update(old: hasOld ? shown(old) : nil, new: sent)
    }

    /// What is sent of a row as it was.
    private mutating func shown(_ row: RawRow) -> RawRow {
        row.indices.map { oldRows == .all || identity.contains($0) ? row[$0] : .absent }
    }

    private func isFree(_ key: RawRow) -> Bool { key.isEmpty || !rows.contains { self.key($0) == key } }

    private mutating func row() -> RawRow {
        (0..<columnCount).map { column in
            if identity.contains(column) { return .value("\(pick(values))") }
            switch pick(8) {
            case 0: return .null
            case 1: return .value("")
            case 2: return .value(String(repeating: "long ", count: pick(20)))
            default: return .value("v\(pick(values))")
            }
        }
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
}
