/// A table's name in the database that holds it.
///
/// Names are equal whose bytes are, as databases have it; to Swift texts are equal that differ in their Unicode form.
public struct TableName: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var schema: String
    public var table: String

    public init(schema: String, table: String) {
        self.schema = schema
        self.table = table
    }

    /// `schema.table`, for people: names that hold dots are not told apart.
    public var description: String { "\(schema).\(table)" }

    public static func == (a: TableName, b: TableName) -> Bool {
        a.table.isExactly(b.table) && a.schema.isExactly(b.schema)
    }

    public func hash(into hasher: inout Hasher) {
        for name in [schema, table] {
            var name = name
            name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(UInt8.max)
        }
    }

    public static func < (a: TableName, b: TableName) -> Bool {
        guard a.schema.isExactly(b.schema) else { return a.schema.utf8.lexicographicallyPrecedes(b.schema.utf8) }
        return a.table.utf8.lexicographicallyPrecedes(b.table.utf8)
    }
}
