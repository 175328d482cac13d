/// Statements that change rows.
extension RandomHistory {
    mutating func rowStatements(for number: Int) -> [String] {
        let table = tables[number]
        let choice = text.pick(100)
        if choice < 1 && text.chance(0.5) { return [truncation(of: table)] }
        if choice < 2 { return ["DO $$ BEGIN PERFORM pg_logical_emit_message(true, 'history', 'note'); END $$"] }
        if choice < 30 || table.identity == .nothing { return [insert(into: table)] }
        if choice < 33 { return [bulkInsert(into: table)] }
        if choice < 65 || table.keys.isEmpty && choice < 85 { return [update(table)] }
        if choice < 78 { return [keyChange(in: table)] }
        if choice < 85 { return swap(in: table) }
        return ["DELETE FROM \(table.sql) WHERE \(condition(on: table))"]
    }

    private mutating func truncation(of table: HistoryTable) -> String {
        guard text.chance(0.4), let other = text.pick(of: tables), other.name != table.name else {
            return "TRUNCATE \(table.sql) CASCADE"
        }
        return "TRUNCATE \(table.sql), \(other.sql) CASCADE"
    }

    mutating func insert(into table: HistoryTable) -> String {
        let columns = insertedColumns(of: table)
        let rows = (0...(text.chance(0.8) ? 0 : text.pick(5))).map { _ in
            "(" + columns.map { value(for: $0, of: table) }.joined(separator: ", ") + ")"
        }
        return insert(columns, into: table) + " VALUES \(rows.joined(separator: ", ")) ON CONFLICT DO NOTHING"
    }

    private mutating func bulkInsert(into table: HistoryTable) -> String {
        let columns = insertedColumns(of: table)
        let first = text.pick(100...600)
        let last = first + text.pick(10...200)
        let values = columns.map { column in
            switch column.role {
            case .key, .selector: column.kind.key("g")
            default: value(for: column, of: table)
            }
        }
        return insert(columns, into: table) + " SELECT \(values.joined(separator: ", "))"
            + " FROM generate_series(\(first), \(last)) g ON CONFLICT DO NOTHING"
    }

    private func insert(_ columns: [HistoryColumn], into table: HistoryTable) -> String {
        "INSERT INTO \(table.sql) (\(columns.map { SQLText.quoted($0.name) }.joined(separator: ", ")))"
    }

    /// Most columns; the others take their defaults.
    private mutating func insertedColumns(of table: HistoryTable) -> [HistoryColumn] {
        var columns: [HistoryColumn] = []
        for column in table.columns where column.role != .value || column.isRequired || !text.chance(0.1) {
            columns.append(column)
        }
        return columns
    }

    /// Sets one column or a few; often none that is large.
    private mutating func update(_ table: HistoryTable) -> String {
        let candidates = table.columns.filter { $0.role == .value || $0.role == .reference || $0.role == .selector }
        var set: [String: String] = [:]
        for _ in 0...text.pick(2) {
            guard let column = text.pick(of: candidates), set[column.name] == nil else { continue }
            let name = SQLText.quoted(column.name)
            set[column.name] = "\(name) = \(text.chance(0.1) ? name : value(for: column, of: table))"
        }
        guard !set.isEmpty else { return insert(into: table) }
        let list = set.sorted { $0.key < $1.key }.map(\.value).joined(separator: ", ")
        return "UPDATE \(table.sql) SET \(list) WHERE \(condition(on: table))"
    }

    /// Gives a row a key that no row has.
    private mutating func keyChange(in table: HistoryTable) -> String {
        guard let column = text.pick(of: table.keys) else { return update(table) }
        var others: [String] = []
        for other in table.keys where other.name != column.name {
            others.append("\(SQLText.quoted(other.name)) = \(value(for: other, of: table))")
        }
        var set = ""
        if text.chance(0.5), let number = text.pick(of: table.values) {
            let changed = table.columns[number]
            set = ", \(SQLText.quoted(changed.name)) = \(value(for: changed, of: table))"
        }
        let (old, new) = (value(for: column, of: table), value(for: column, of: table))
        return move(column, from: old, to: new, others: others, set: set, in: table)
    }

    /// Two rows change their keys for each other's, or more of them in a circle.
    private mutating func swap(in table: HistoryTable) -> [String] {
        guard let column = table.keys.first(where: { $0.role == .key }) else { return [update(table)] }
        var others: [String] = []
        for other in table.keys where other.name != column.name {
            others.append("\(SQLText.quoted(other.name)) = \(value(for: other, of: table))")
        }
        let free = column.kind.key("\(1_000_000 + nextNumber())")
        let keys = (0...(1 + text.pick(2))).map { _ in column.kind.key("\(text.pick(1...12))") }
        let steps = zip(keys + [free], [free] + keys)
        return steps.map { move(column, from: $0, to: $1, others: others, set: "", in: table) }
    }

    private func move(
        _ column: HistoryColumn,
        from old: String,
        to new: String,
        others: [String],
        set: String,
        in table: HistoryTable
    ) -> String {
        let name = SQLText.quoted(column.name)
        let isOld = (["\(name) = \(old)"] + others).joined(separator: " AND ")
        let isNew = (["\(name) = \(new)"] + others).joined(separator: " AND ")
        return "UPDATE \(table.sql) SET \(name) = \(new)\(set) WHERE \(isOld)"
            + " AND NOT EXISTS (SELECT FROM \(table.sql) WHERE \(isNew))"
    }

    /// A row or a few.
    private mutating func condition(on table: HistoryTable) -> String {
        guard let column = table.selector else { return "false" }
        let name = SQLText.quoted(column.name)
        let first = text.number()
        guard text.chance(0.3), column.kind != .text else {
            return "\(name) IN (\((0...text.pick(3)).map { column.kind.key("\(first + $0)") }.joined(separator: ", ")))"
        }
        let last = first + text.pick(first < 100 ? 4 : 60)
        return "\(name) BETWEEN \(column.kind.key("\(first)")) AND \(column.kind.key("\(last)"))"
    }

    mutating func value(for column: HistoryColumn, of table: HistoryTable) -> String {
        switch column.role {
        case .key where column.kind == .text: return column.kind.key("\(text.pick(1...3))")
        case .key, .selector: return column.kind.key("\(text.number())")
        case .region: return "'\(text.pick(of: table.regions) ?? "")'"
        case .reference:
            guard let target = tables.first, let key = target.keys.first, !text.chance(0.2) else { return "NULL" }
            let name = SQLText.quoted(key.name)
            return "(SELECT \(name) FROM \(target.sql) WHERE \(name) = \(text.number()))"
        case .value: return text.value(column)
        }
    }
}
