import TandemCore
import TandemRows

/// The cursor that a configuration names for a table, and whether the table can be read by it.
struct CursorChoice {
    private var columns: [ColumnSchema] = []
    private var lookback: Lookback?
    private var obstacle: (reason: String, remedy: Remedy?)?

    /// What is read again of times unless a configuration says otherwise.
    private static let standardLookback = Lookback.seconds(300)

    /// - Parameter schema: What of the table is copied.
    init(of table: CatalogTable, copying schema: TableSchema, _ selection: TableSelection) {
        for name in selection.cursor where obstacle == nil {
            if let column = table.schema.columns.first(where: { $0.name == name }) {
                obstacle =
                    columns.contains(column) ? ("Its cursor names \(name) twice.", nil) : column.disorder(in: table)
                columns.append(column)
            } else {
                obstacle = Self.missing(name, in: table)
            }
        }
        guard obstacle == nil, let first = columns.first else { return }
        lookback = selection.lookback ?? (first.type.isTime ? Self.standardLookback : nil)
        if lookback == .number(0) { lookback = nil }
        if let lookback, !first.takes(lookback) {
            let fitting = first.type.isTime ? "a time such as 10m" : "a number, if it is one itself"
            obstacle = ("`lookback` \(lookback) does not go with \(first.nativeType): it takes \(fitting).", nil)
        } else if schema.identity.isEmpty {
            obstacle = keylessObstacle(copying: schema)
        }
    }

    private static func missing(_ name: String, in table: CatalogTable) -> (String, Remedy?) {
        if let omitted = table.omitted.first(where: { $0.name == name }) {
            return ("Its cursor \(name) cannot be read: \(omitted.reason)", omitted.remedy)
        }
        let hint = Spelling.hint(for: name, among: table.schema.columns.map(\.name))
        return ("It has no column \(name), which its cursor names; \(hint)", nil)
    }

    /// Rows without a key are replaced from a place on at both ends.
    private func keylessObstacle(copying schema: TableSchema) -> (String, Remedy?)? {
        for column in columns {
            guard column.type.isOrderedAlike else {
                return (
                    "It has no key, so rows are replaced from a place on, and \(column.name) (\(column.nativeType)) is not "
                        + "in the same order everywhere.",
                    Remedy(
                        "Name a timestamp, a date, an integer, a numeric of up to 38 digits or a uuid; or add a key."
                    )
                )
            }
            guard schema.columns.contains(where: { $0.name == column.name }) else {
                return ("It has no key, and its cursor \(column.name) is not copied.", Remedy("Choose the column too."))
            }
        }
        return nil
    }

    /// The methods of `table`, with what its cursor says of INCREMENTAL.
    func methods(of table: CatalogTable) -> [Method: Eligibility] {
        var methods = table.methods
        guard case .usable = methods[.incremental] else { return methods }
        if let obstacle {
            methods[.incremental] = .unusable(reason: obstacle.reason, remedy: obstacle.remedy)
        } else if columns.isEmpty {
            let name = table.schema.name.entry
            methods[.incremental] = .unusable(
                reason: "INCREMENTAL needs a cursor, and none is named for it.",
                remedy: table.cursorColumns.first.map { Remedy("Name one: `{name: \(name), cursor: \($0)}`.") }
            )
        } else if case .usable(let note) = methods[.fullTable] {
            // What is to be known of reading it; that it needs a cursor is known.
            methods[.incremental] = .usable(note: note)
        }
        return methods
    }

    /// What is to be said of a table that is not read by it.
    func idleNote(under method: Method) -> String {
        if let obstacle { return "Its cursor cannot be used. \(obstacle.reason)" }
        return "Its cursor is not used: \(method.rawValue) needs none."
    }

    func plan(comparingEvery every: Int?) -> CursorPlan {
        CursorPlan(columns: columns, lookback: lookback, compareEvery: every)
    }
}

extension ColumnType {
    fileprivate var isTime: Bool { [.timestamp, .timestampTZ, .date].contains(self) }
}

extension ColumnSchema {
    /// Why it cannot be read by.
    fileprivate func disorder(in table: CatalogTable) -> (reason: String, remedy: Remedy?)? {
        guard !table.cursorColumns.contains(name) else { return nil }
        let others = table.cursorColumns.prefix(5).joined(separator: ", ")
        return (
            "Its cursor \(name) is \(nativeType), which has no order to read by.",
            others.isEmpty ? nil : Remedy("Name another: \(others).")
        )
    }

    fileprivate func takes(_ lookback: Lookback) -> Bool {
        switch (lookback, type) {
        case (.seconds, _): type.isTime
        case (.number, .int16), (.number, .int32), (.number, .int64), (.number, .decimal): true
        case (.number, _): nativeType.hasPrefix("numeric")
        }
    }
}
