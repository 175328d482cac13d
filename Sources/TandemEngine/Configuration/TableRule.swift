package import TandemCore

/// One entry of a sync's `tables:`.
package struct TableRule: Hashable, Sendable {
    package var pattern: TablePattern
    /// Whether the tables that match are left out.
    package var excludes: Bool
    package var columns: ColumnRule?
    package var method: MethodChoice?
    /// The columns of its cursor, the one that counts most first. None where it has no cursor.
    package var cursor: [String]
    /// `nil` for what suits the cursor's type.
    package var lookback: Lookback?
    /// Where the table goes; the schema is the sync's where it is `nil`.
    package var target: TargetRule?
    /// Counted from one.
    package var line: Int

    package init(
        _ pattern: TablePattern,
        excludes: Bool = false,
        columns: ColumnRule? = nil,
        method: MethodChoice? = nil,
        cursor: [String] = [],
        lookback: Lookback? = nil,
        target: TargetRule? = nil,
        line: Int = 0
    ) {
        self.pattern = pattern
        self.excludes = excludes
        self.columns = columns
        self.method = method
        self.cursor = cursor
        self.lookback = lookback
        self.target = target
        self.line = line
    }
}

/// A table's name at the destination.
package struct TargetRule: Hashable, Sendable {
    package var schema: String?
    package var table: String

    package init(schema: String? = nil, table: String) {
        self.schema = schema
        self.table = table
    }
}
