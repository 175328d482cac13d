package import TandemCore
package import TandemRows

/// What a sync's rules say of one table.
struct TableSelection: Hashable {
    /// Why the table is not selected, a sentence. `nil` where it is.
    var exclusion: String?
    /// The rule that names this very table and no other, if one does.
    var naming: TableRule?
    /// The rule whose `columns` hold.
    var columnRule: TableRule?
    var method: MethodChoice
    /// The line that says the method.
    var methodLine: Int
    var cursor: [String] = []
    var lookback: Lookback?
    var target: TargetRule?

    /// Later rules replace what earlier ones say. Everything is selected to begin with if there are no rules, or if
    /// the first one leaves something out.
    init(of table: TableName, in sync: SyncConfiguration) {
        method = sync.method
        methodLine = sync.line
        exclusion = sync.tables.first.map(\.excludes) ?? true ? nil : "No pattern of the sync matches it."
        for rule in sync.tables where rule.pattern.matches(table) {
            if rule.excludes {
                exclusion = "The sync leaves it out by \"!\(rule.pattern)\"."
                naming = nil
                continue
            }
            exclusion = nil
            if rule.pattern.literal != nil { naming = rule }
            if rule.columns != nil { columnRule = rule }
            if let method = rule.method { (self.method, methodLine) = (method, rule.line) }
            if !rule.cursor.isEmpty { (cursor, lookback) = (rule.cursor, rule.lookback) }
            target = rule.target ?? target
        }
    }

    /// Where the copy of `table` goes.
    func target(of table: TableName, in sync: SyncConfiguration) -> TableName {
        TableName(schema: target?.schema ?? sync.into ?? table.schema, table: target?.table ?? table.table)
    }
}

extension SyncConfiguration {
    /// Whether `method` is what the configuration asks for to read `table`.
    package func asks(for method: Method, of table: TableName) -> Bool {
        TableSelection(of: table, in: self).method == .fixed(method)
    }
}
