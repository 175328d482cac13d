public import TandemRows

/// How far a table has been read that is read by a cursor: columns whose values grow with every insert and update.
public struct CursorState: Hashable, Sendable, Codable {
    /// Its columns, the one that counts most first.
    public var columns: [ColumnID]
    /// The place that was come to, a value for each column as the source writes it; no row that is below it will be
    /// new. `nil` where that is not known, and the table is to be copied whole.
    public var last: [String]?
    /// Reads since the keys of both sides were compared last, to find rows that were deleted.
    public var reads: Int

    public init(columns: [ColumnID], last: [String]?, reads: Int = 0) {
        self.columns = columns
        self.last = last
        self.reads = reads
    }
}

/// How far before the last place reading begins, for what was committed late.
public enum Lookback: Hashable, Sendable {
    /// For cursors that are times or dates.
    case seconds(Int)
    /// For cursors that are numbers.
    case number(Int)
}

extension Lookback: CustomStringConvertible {
    /// As it is written in a configuration.
    public var description: String {
        switch self {
        case .number(let number): return "\(number)"
        case .seconds(let seconds):
            let units = [(86_400, "d"), (3600, "h"), (60, "m")]
            let unit = units.first { seconds.isMultiple(of: $0.0) } ?? (1, "s")
            return "\(seconds / unit.0)\(unit.1)"
        }
    }
}
