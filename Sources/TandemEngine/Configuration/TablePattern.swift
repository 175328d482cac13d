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
