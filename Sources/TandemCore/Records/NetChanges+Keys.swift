import TandemRows

extension NetChanges {
    /// Calls `body` with the key of each row that was written, or is gone.
    ///
    /// - Returns: `false` where a row has none.
    func eachKey(_ schema: TableSchema, _ body: (RowKey) -> Void) -> Bool {
        let places = Array(schema.identity.indices)
        let bare = removed + patched.map(\.keys) + deleted.map(\.rows)
        for (batch, columns) in bare.map({ ($0, places) }) + written.map({ ($0, schema.identity) }) {
            for row in 0..<batch.rowCount {
                guard let key = RowKey(row, of: batch, columns: columns) else { return false }
                body(key)
            }
        }
        for rows in patched.map(\.rows) {
            for row in 0..<rows.rowCount {
                // Those that keep their key do not tell it.
                if let key = RowKey(row, of: rows, columns: schema.identity) { body(key) }
            }
        }
        return true
    }
}
