/// A table's name in the database that holds it.
public struct TableName: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var schema: String
    public var table: String

    public init(schema: String, table: String) {
        self.schema = schema
        self.table = table
    }

    /// `schema.table`, for people: names that hold dots are not told apart.
    public var description: String { "\(schema).\(table)" }

    public static func < (a: TableName, b: TableName) -> Bool { (a.schema, a.table) < (b.schema, b.table) }
}
