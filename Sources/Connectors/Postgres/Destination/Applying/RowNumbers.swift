import TandemCore
import TandemRows

/// The rows of a merge by the numbers they were staged with, and their keys.
struct RowNumbers {
    private struct Part {
        let first: Int
        let batch: RowBatch
        /// The columns of the key in it.
        let columns: [Int]
        /// Of patched rows, the keys that they had.
        var before: RowBatch?
    }

    private var parts: [Part] = []
    private let schema: TableSchema

    /// - Parameter merge: One of a table with a key.
    init(_ merge: StageMerge) {
        schema = merge.stage.target.schema
        let (key, keys) = (schema.identity, Array(schema.identity.indices))
        var next = 0
        for batch in merge.removed { add(batch, keys, nil, &next) }
        for batch in merge.changes.written { add(batch, key, nil, &next) }
        for deleted in merge.changes.deleted { add(deleted.rows, keys, nil, &next) }
        for patched in merge.changes.patched { add(patched.rows, key, patched.keys, &next) }
    }

    private mutating func add(_ batch: RowBatch, _ columns: [Int], _ before: RowBatch?, _ next: inout Int) {
        parts.append(Part(first: next, batch: batch, columns: columns, before: before))
        next += batch.rowCount
    }

    /// - Parameter isDeletion: Whether the row is to go, and so has the key that it had.
    func key(of number: Int, isDeletion: Bool) -> (key: RowKey?, text: String)? {
        guard let part = parts.last(where: { $0.first <= number }), number - part.first < part.batch.rowCount else {
            return nil
        }
        let row = number - part.first
        let (batch, columns) =
            if isDeletion, let before = part.before {
                (before, Array(schema.identity.indices))
            } else {
                (part.batch, part.columns)
            }
        let text = RowKey.text(row, of: batch, columns: columns, schema: schema)
        return (RowKey(row, of: batch, columns: columns), text)
    }
}
