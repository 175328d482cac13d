package import TandemRows

/// The columns of a table, and those that tell its rows apart, as destinations store them.
package struct StoredSchema: Codable {
    private struct StoredColumn: Codable {
        var name: String
        var type: String
        var native_type: String
        var id: ColumnID
    }

    private var columns: [StoredColumn]
    /// The names of the key's columns.
    private var key: [String]

    package init(_ schema: TableSchema) {
        columns = schema.columns.map {
            StoredColumn(name: $0.name, type: $0.type.description, native_type: $0.nativeType, id: $0.id)
        }
        key = schema.identity.map { schema.columns[$0].name }
    }

    /// - Throws: `DecodingError` for what this version does not know.
    package func schema(name: TableName, id: TableID) throws -> TableSchema {
        let columns = try columns.map { column in
            guard let type = ColumnType(column.type) else {
                let problem = "there is no type \(column.type)"
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: problem))
            }
            return ColumnSchema(name: column.name, type: type, nativeType: column.native_type, id: column.id)
        }
        let identity = key.compactMap { name in columns.firstIndex { $0.name.isExactly(name) } }
        return TableSchema(name: name, id: id, columns: columns, identity: identity)
    }
}
