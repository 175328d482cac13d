import TandemRows

/// The condition that rows with one of some keys meet.
enum KeyCondition {
    /// - Returns: `nil` for keys that cannot be written as constants.
    static func text(of keys: [RowKey], in schema: TableSchema) -> String? {
        let columns = schema.identity.map { schema.columns[$0] }
        guard !keys.isEmpty, let batch = RowBatch(keys, as: columns.map(\.type)) else { return nil }
        let rows = (0..<batch.rowCount).map { row in
            // Untyped constants take the types of the columns that they are compared with.
            let values = zip(batch.columns, columns).map { SQL.literal($0.text(row, as: $1.type) ?? "") }
            return values.count == 1 ? values[0] : "(\(values.joined(separator: ", ")))"
        }
        let names = columns.map { SQL.identifier($0.name) }.joined(separator: ", ")
        return "\(columns.count == 1 ? names : "(\(names))") IN (\(rows.joined(separator: ", ")))"
    }
}
