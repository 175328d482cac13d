/// What becomes of a value that its column's type cannot hold, such as a year past 294247 or an array of two
/// dimensions. A column of the key always becomes text: rows are known by their keys, so each has to be exact.
public enum UnfitPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// The whole column travels as text, in which every value is exact.
    case text
    /// The nearest value the type holds takes its place, or null where there is none.
    case clamp
    /// The row is left out and becomes an issue.
    case issue
}

/// Columns that hold a value their type cannot hold, met under ``UnfitPolicy/text`` or in a key.
public struct UnfitValues: Error, Hashable, CustomStringConvertible {
    /// Indexes into the schema that was read, ascending.
    public var columns: [Int]

    public init(columns: [Int]) { self.columns = columns }

    public var description: String { "a value does not fit its column's type" }
}
