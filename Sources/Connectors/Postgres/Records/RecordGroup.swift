import TandemCore
import TandemRows

/// Writes that one statement does: neighbours of one table and kind that set the same fields.
struct RecordGroup {
    enum Kind: Hashable { case create, update, delete }

    struct Row {
        var id: WriteID
        /// `nil` for a new one.
        var record: Record?
        /// In the order of ``RecordGroup/fields``.
        var values: [Value]
        var version: UInt32 = 0
    }

    var kind: Kind
    var shape: RecordShape
    /// Indexes into the shape's, ascending.
    var fields: [Int]
    var rows: [Row]

    /// Groups of writes, in their order. What is between two writes to different tables, or of different kinds, stays
    /// between them: it may be what the second one needs.
    static func groups(of writes: [RecordWrite]) -> [RecordGroup] {
        var groups: [RecordGroup] = []
        // Groups of the table and kind of the last write, by their fields.
        var open: [[Int]: Int] = [:]
        for write in writes {
            let (kind, record, values) = write.change.parts
            let fields = values.keys.sorted()
            if let last = groups.last, last.kind != kind || last.shape != write.shape { open = [:] }
            let row = Row(
                id: write.id,
                record: record,
                values: fields.map { values[$0] ?? .null },
                version: record?.version.flatMap { UInt32($0) } ?? 0
            )
            if let place = open[fields] {
                groups[place].rows.append(row)
            } else {
                open[fields] = groups.count
                groups.append(RecordGroup(kind: kind, shape: write.shape, fields: fields, rows: [row]))
            }
        }
        return groups
    }
}

extension RecordWrite.Change {
    fileprivate var parts: (RecordGroup.Kind, Record?, [Int: Value]) {
        switch self {
        case .create(_, let fields): (.create, nil, fields)
        case .update(let record, let fields): (.update, record, fields)
        case .delete(let record): (.delete, record, [:])
        }
    }
}
