package import TandemRows

/// A table whose changes triggers are to note, as the catalog has it now.
package struct TriggerTable: Sendable {
    struct KeyColumn: Hashable, Sendable {
        /// In `pg_attribute`.
        var number: Int
        var name: String
        /// As `quote_ident` writes it.
        var quotedName: String
        /// Its type's number.
        var type: UInt32
        /// The type of one value in the log: without its domain, and without a length.
        var logType: String
        /// The same with its schema, where the column's own is a domain.
        var baseType: String?
    }

    struct Part: Hashable, Sendable {
        var number: UInt32
        var name: TableName
    }

    package var relation: UInt32
    package var name: TableName
    /// In the key's order; never empty.
    var key: [KeyColumn]
    /// The unique index over these columns.
    var keyIndex: UInt32
    var isPartitioned = false
    /// Its partitions at every depth.
    var parts: [Part] = []
    /// Whether statement-level triggers would not see all of its changes, or changes of others.
    var isByRow: Bool
    /// Whether a subscription brings rows of it now.
    var isFed = false
    /// Whether the one who asks may act as its owner.
    var isOwner = true

    /// Whether the server, before 10, fails where it is asked for an index that is gone.
    var isIndexUnsure = false

    /// The places of what a log row says, `k1, k2`.
    var logColumns: String { key.indices.map(TriggerNames.keyColumn).joined(separator: ", ") }
}
