import TandemRows

/// One change to a ``SampleTable``.
public enum SampleChange: Sendable {
    /// The row is there from now on, in the place of the one with its key, if there is one.
    case write(SampleTable.Row)
    /// The same of a row that is there and has another amount, by a change that does not name the note.
    case update(SampleTable.Row)
    /// A row that is there comes to have another key and other values.
    case move(Int64, to: SampleTable.Row)
    case delete(Int64)
    /// All rows go.
    case empty
}

/// Random transactions on some sample tables, and what these hold after them.
struct SampleHistory {
    private(set) var tables: [TableName: [Int64: SampleTable.Row]] = [:]
    private let names: [TableName]
    private let empties: Bool
    private var random: SeededGenerator

    /// - Parameter empties: Whether tables are emptied, too.
    init(_ samples: [SampleTable], seed: UInt64, empties: Bool = true) {
        self.empties = empties
        names = samples.map(\.schema.name)
        random = SeededGenerator(seed: seed)
        for sample in samples {
            tables[sample.schema.name] = Dictionary(sample.rows.map { ($0.id, $0) }) { first, _ in first }
        }
    }

    mutating func number(_ range: Range<Int>) -> Int { .random(in: range, using: &random) }

    mutating func transaction() -> [(table: TableName, change: SampleChange)] {
        (0..<number(1..<7)).map { _ in
            let name = names[number(0..<names.count)]
            let change = change(of: tables[name] ?? [:])
            tables[name, default: [:]].apply(change)
            return (name, change)
        }
    }

    private mutating func change(of rows: [Int64: SampleTable.Row]) -> SampleChange {
        let known = rows.keys.sorted()
        let fresh = row(under: Int64(number(0..<60)))
        guard !known.isEmpty else { return .write(fresh) }
        let id = known[number(0..<known.count)]
        switch number(0..<20) {
        case 0..<8: return .write(fresh)
        case 8..<12:
            guard var row = rows[id] else { return .delete(id) }
            row.amount = fresh.amount
            return .update(row)
        case 12..<15: return rows[fresh.id] == nil ? .move(id, to: fresh) : .delete(id)
        case 15..<19: return .delete(id)
        default: return empties ? .empty : .delete(id)
        }
    }

    private mutating func row(under id: Int64) -> SampleTable.Row {
        // The last is too long for a row to hold, so that sources may leave it out.
        let notes = [nil, "", "plain", "q\"u\\o't\te\n", "é😀", String(repeating: "\(number(0..<10))x", count: 3000)]
        return SampleTable.Row(id: id, note: notes[number(0..<notes.count)], amount: Int32(number(0..<1000)))
    }
}

extension [Int64: SampleTable.Row] {
    mutating func apply(_ change: SampleChange) {
        switch change {
        case .write(let row), .update(let row): self[row.id] = row
        case .move(let id, let row):
            self[id] = nil
            self[row.id] = row
        case .delete(let id): self[id] = nil
        case .empty: self = [:]
        }
    }

    /// Rows as they were read.
    init(_ batches: [RowBatch]) {
        self.init(SampleTable.rows(in: batches).map { ($0.id, $0) }) { first, _ in first }
    }
}
