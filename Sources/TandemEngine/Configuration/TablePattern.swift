package import TandemCore
package import TandemRows

/// Which tables are meant: `public.orders`, `public.*`, `"odd.schema"."Ta ble"`. A name without a dot is looked for in
/// ``defaultSchema``; `*` alone is every table of every schema.
package struct TablePattern: Hashable, Sendable, CustomStringConvertible {
    package static let defaultSchema = "public"

    package var schema: NamePattern
    package var table: NamePattern
    /// As it was written.
    package var description: String

    package func matches(_ name: TableName) -> Bool { schema.matches(name.schema) && table.matches(name.table) }

    /// The table, where the pattern matches one name only.
    package var literal: TableName? {
        guard let schema = schema.literal, let table = table.literal else { return nil }
        return TableName(schema: schema, table: table)
    }
}

extension TablePattern {
    /// - Throws: ``PatternError``.
    package init(_ text: String) throws(PatternError) {
        let pieces = try NamePattern.split(text)
        switch pieces.count {
        case 1 where text == "*": self.init(schema: pieces[0], table: pieces[0], description: text)
        case 1: self.init(schema: NamePattern(literal: Self.defaultSchema), table: pieces[0], description: text)
        case 2: self.init(schema: pieces[0], table: pieces[1], description: text)
        default:
            throw PatternError(
                "\"\(text)\" has more than one dot; write schema.table, and a name that holds a dot in double quotes"
            )
        }
    }
}
