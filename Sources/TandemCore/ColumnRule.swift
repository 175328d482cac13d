/// Which columns of a table are copied. New columns of the table are, unless only some are named.
public enum ColumnRule: Hashable, Sendable {
    case only([NamePattern])
    case except([NamePattern])

    /// All columns.
    public static let every = ColumnRule.except([])

    public var patterns: [NamePattern] {
        switch self {
        case .only(let patterns), .except(let patterns): patterns
        }
    }

    public func includes(_ column: String) -> Bool {
        switch self {
        case .only(let patterns): patterns.contains { $0.matches(column) }
        case .except(let patterns): !patterns.contains { $0.matches(column) }
        }
    }
}
