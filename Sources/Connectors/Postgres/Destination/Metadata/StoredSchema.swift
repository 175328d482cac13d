import FoundationEssentials
import TandemRows

/// A table's schema as the destination remembers it: JSON, for people to query.
struct StoredSchema {
    /// `[{"name": …, "type": …, "native_type": …, "id": …}, …]`
    var columns: String
    /// The names of the key's columns.
    var key: String

    private struct StoredColumn: Codable {
        var name: String
        var type: String
        var native_type: String
        var id: Int
    }

    init(columns: String, key: String) {
        self.columns = columns
        self.key = key
    }

    init(_ schema: TableSchema) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let columns = schema.columns.map {
            StoredColumn(name: $0.name, type: $0.type.description, native_type: $0.nativeType, id: $0.id)
        }
        self.columns = String(decoding: try encoder.encode(columns), as: UTF8.self)
        key = String(decoding: try encoder.encode(schema.identity.map { schema.columns[$0].name }), as: UTF8.self)
    }

    /// - Throws: ``UnreadableCell`` for what this version does not know.
    func schema(name: TableName, id: UInt32) throws -> TableSchema {
        let decoder = JSONDecoder()
        let columns = try decoder.decode([StoredColumn].self, from: Data(columns.utf8)).map {
            ColumnSchema(name: $0.name, type: try ColumnType(stored: $0.type), nativeType: $0.native_type, id: $0.id)
        }
        let identity = try decoder.decode([String].self, from: Data(key.utf8)).compactMap { name in
            columns.firstIndex { $0.name == name }
        }
        return TableSchema(name: name, id: id, columns: columns, identity: identity)
    }
}

extension ColumnType {
    /// The type whose ``description`` is `text`.
    fileprivate init(stored text: String) throws(UnreadableCell) {
        let simple: [ColumnType] = [
            .bool, .int16, .int32, .int64, .float32, .float64, .text, .json, .bytes, .date, .time, .timeTZ, .timestamp,
            .timestampTZ, .interval, .uuid,
        ]
        if let type = simple.first(where: { $0.description == text }) {
            self = type
        } else if text.hasSuffix("[]") {
            self = .list(try ColumnType(stored: String(text.dropLast(2))))
        } else {
            let parts = text.split { "(,)".contains($0) }
            guard parts.count == 3, parts[0] == "decimal", let precision = Int(parts[1]), let scale = Int(parts[2]),
                (1...38).contains(precision), (0...precision).contains(scale)
            else { throw UnreadableCell() }
            self = .decimal(precision: precision, scale: scale)
        }
    }
}
