import FoundationEssentials
package import TandemRows

/// A table's schema as the destination remembers it: JSON, for people to query.
package struct StoredSchema {
    /// `[{"name": …, "type": …, "native_type": …, "id": …}, …]`
    package var columns: String
    /// The names of the key's columns.
    package var key: String

    private struct StoredColumn: Codable {
        var name: String
        var type: String
        var native_type: String
        var id: ColumnID

        var columnType: ColumnType {
            get throws {
                if let known = ColumnType(type) { return known }
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "there is no type \(type)"))
            }
        }
    }

    package init(columns: String, key: String) {
        self.columns = columns
        self.key = key
    }

    package init(_ schema: TableSchema) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let columns = schema.columns.map {
            StoredColumn(name: $0.name, type: $0.type.description, native_type: $0.nativeType, id: $0.id)
        }
        self.columns = String(decoding: try encoder.encode(columns), as: UTF8.self)
        key = String(decoding: try encoder.encode(schema.identity.map { schema.columns[$0].name }), as: UTF8.self)
    }

    /// - Throws: `DecodingError` for what this version does not know.
    package func schema(name: TableName, id: TableID) throws -> TableSchema {
        let decoder = JSONDecoder()
        let columns = try decoder.decode([StoredColumn].self, from: Data(columns.utf8)).map {
            ColumnSchema(name: $0.name, type: try $0.columnType, nativeType: $0.native_type, id: $0.id)
        }
        let identity = try decoder.decode([String].self, from: Data(key.utf8)).compactMap { name in
            columns.firstIndex { $0.name == name }
        }
        return TableSchema(name: name, id: id, columns: columns, identity: identity)
    }
}
