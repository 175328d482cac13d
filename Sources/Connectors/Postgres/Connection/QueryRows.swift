/// What a statement answered, every value as text.
package struct QueryRows: Sendable {
    package var columns: [String]
    /// The columns' types, by OID.
    package var types: [UInt32]
    /// And their modifiers, -1 where there is none.
    package var modifiers: [Int]
    package var rows: [[String?]]
    /// How many rows a statement that returns none has written.
    package var affected: Int

    package init(
        columns: [String] = [],
        types: [UInt32] = [],
        modifiers: [Int] = [],
        rows: [[String?]] = [],
        affected: Int = 0
    ) {
        self.affected = affected
        self.columns = columns
        self.types = types
        self.modifiers = modifiers
        self.rows = rows
    }

    /// The first value of the first row. `nil` when it is null, or there is none.
    package var value: String? { rows.first?.first ?? nil }
}
