package import TandemRows

/// One change to a table in memory.
package enum MemoryChange: Sendable {
    /// Rows that are there from now on, in the place of those with their keys. A table without a key gets them added.
    case write([RowBatch])
    /// Rows that go, by their values in the columns of ``TableSchema/identity``, in its order; whole rows where there
    /// is none.
    case delete(RowBatch)
    /// All rows go.
    case empty

    /// How many rows are concerned, or one for all of them.
    var count: Int {
        switch self {
        case .write(let batches): batches.reduce(0) { $0 + $1.rowCount }
        case .delete(let keys): keys.rowCount
        case .empty: 1
        }
    }

    /// What it comes to for a copy that has the columns of `wanted`.
    ///
    /// - Parameters:
    ///   - stored: The table as it was changed.
    ///   - deletedAt: When that was, where rows are to be marked that are deleted.
    func net(
        of stored: TableSchema,
        as wanted: TableSchema,
        deletedAt: Double? = nil
    ) throws(MemoryError) -> NetChanges {
        var changes = NetChanges()
        switch self {
        case .write(let batches):
            for batch in batches {
                let rows = try batch.columns(of: stored, as: wanted)
                changes.written.append(rows)
                changes.changeCount += rows.rowCount
                guard !wanted.identity.isEmpty else { continue }
                let keys = wanted.identity.map { rows.columns[$0] }
                changes.removed.append(RowBatch(rowCount: rows.rowCount, columns: keys, byteCount: 0))
            }
        case .delete(let keys):
            let gone = try keys.columns(of: stored.keys, as: wanted.keys)
            changes.changeCount = gone.rowCount
            if let deletedAt {
                changes.deleted = [DeletedRows(gone, times: Array(repeating: deletedAt, count: gone.rowCount))]
            } else {
                changes.removed = [gone]
            }
        case .empty:
            changes.isEmptied = true
            changes.emptiedAt = deletedAt
            changes.changeCount = 1
        }
        return changes
    }
}

extension TableSchema {
    /// The columns that tell rows apart, in the order of ``identity``: all of them where nothing does.
    fileprivate var keys: TableSchema {
        var keys = self
        if !identity.isEmpty { keys.columns = identity.map { columns[$0] } }
        return keys
    }
}
