import TandemRows

/// What the rows of a relation are to the copy of its table.
struct ResolvedRelation {
    /// The table as it is from here on, with the columns that are copied.
    var schema: TableSchema
    /// Where the cell of each of those columns stands in a row of the stream; -1 for one that does not come.
    var places: [Int]
    var decoders: [TextDecoder]
    /// What rows that were there before have in columns that are new, by number.
    var missing: [Int: Value]
    /// The numbers of columns that are new, with the transaction of the first row that came with them.
    var arrivals: [Int: UInt64]
    /// The numbers of columns that rows have and that are not copied.
    var leftOut: Set<Int>
    /// How old rows come.
    var identity: StreamRelation.Identity?
}

/// A table cannot be followed further: what comes after "copying the table again, because".
struct NeedsCopy: Error, Hashable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}
