/// Rows that do not lie below a place in the order of some columns, together with those that have a null in one of
/// them.
public struct RowBound: Hashable, Sendable {
    /// Indexes into the table's columns, the one that counts most first. Their types have one order everywhere
    /// (``ColumnType/isOrderedAlike``).
    public var columns: [Int]
    /// The place, by the first of these columns or by all of them.
    public var lower: [Value]

    public init(columns: [Int], lower: [Value]) {
        self.columns = columns
        self.lower = lower
    }

    /// The condition that a row is one of these.
    ///
    /// - Parameters:
    ///   - name: A column as a statement writes it, by its index.
    ///   - literal: A value of that column.
    public func condition<Failure: Error>(
        name: (Int) -> String,
        literal: (_ value: Value, _ column: Int) throws(Failure) -> String
    ) throws(Failure) -> String {
        var isAbove: String?
        for (column, place) in zip(columns, lower).reversed() {
            let (name, value) = (name(column), try literal(place, column))
            isAbove = isAbove.map { "(\(name) > \(value) OR (\(name) = \(value) AND \($0)))" } ?? "\(name) >= \(value)"
        }
        return ([isAbove ?? "true"] + columns.map { "\(name($0)) IS NULL" }).joined(separator: " OR ")
    }
}

extension ColumnType {
    /// Whether every database puts values in the same order: text has as many as there are collations.
    public var isOrderedAlike: Bool {
        switch self {
        case .int16, .int32, .int64, .decimal, .date, .timestamp, .timestampTZ, .uuid: true
        case .bool, .float32, .float64, .text, .json, .bytes, .time, .timeTZ, .interval, .list: false
        }
    }
}
