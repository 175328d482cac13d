/// What a source knows something of its own by for as long as it is there, whatever it is called meanwhile: an object
/// number, or its name where the source has nothing steadier. Opaque to all but the source, and
/// of no meaning at another one.
///
/// Equal where the bytes are.
public struct SourceID<Subject>: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ text: String) { description = text }
    public init(_ number: some FixedWidthInteger) { description = String(number) }

    public static func == (a: Self, b: Self) -> Bool { a.description.isExactly(b.description) }

    public func hash(into hasher: inout Hasher) {
        var text = description
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Shorter ones first, so that numbers are in their order.
    public static func < (a: Self, b: Self) -> Bool {
        let (first, second) = (a.description.utf8, b.description.utf8)
        return first.count == second.count ? first.lexicographicallyPrecedes(second) : first.count < second.count
    }
}

/// A table, or a part of one.
public typealias TableID = SourceID<TableSchema>
/// A column among those of its table.
public typealias ColumnID = SourceID<ColumnSchema>

extension TableID {
    /// That of a source which tells tables by nothing but their names.
    public init(named name: TableName) {
        func quoted(_ part: String) -> String { "\"" + part.replacing(bytes: "\"", with: "\"\"") + "\"" }
        self.init(quoted(name.schema) + "." + quoted(name.table))
    }
}

/// How long what tells tables apart lasts.
public enum IdentityStability: Hashable, Sendable {
    /// It outlives a new name, and no other table has it.
    case steady
    /// It is the name, which another table may have by now.
    case names
}
