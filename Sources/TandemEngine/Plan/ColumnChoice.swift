import TandemCore
import TandemRows

/// The columns of a table that are copied.
struct ColumnChoice {
    /// The chosen columns in the source's order.
    var schema: TableSchema
    /// Columns left out and why, a sentence each.
    var notes: [String] = []
    /// The columns that the rule excludes, by number, with the names by which it does.
    var excluded: [Int: String] = [:]
    /// Why no sensible choice is possible, a sentence.
    var problem: String?

    /// - Parameters:
    ///   - decimals: What columns become that hold decimals of any number of digits.
    ///   - excludedBefore: As ``excluded``, of the copy that is there.
    init(of table: CatalogTable, rule: ColumnRule?, decimals: ColumnType = .text, excludedBefore: [Int: String] = [:]) {
        schema = table.schema
        for index in schema.columns.indices where table.decimals.contains(schema.columns[index].id) {
            schema.columns[index].type = decimals
        }
        let whole = schema
        for column in table.omitted where rule?.includes(column.name) ?? true {
            let remedy = column.remedy.map { " \($0.text)" } ?? ""
            notes.append("Column \(column.name) is left out: \(column.reason)\(remedy)")
        }
        guard let rule else { return }
        let names = schema.columns.map { column in
            // A column does not come in by a rename of which the rule does not know.
            guard case .except = rule, let former = excludedBefore[column.id], !rule.includes(former) else {
                return column.name
            }
            return former
        }
        let chosen = schema.columns.indices.filter { rule.includes(names[$0]) }
        for (column, name) in zip(schema.columns, names) where !rule.includes(name) {
            excluded[column.id] = name
            guard name != column.name, rule.includes(column.name) else { continue }
            notes.append(
                "Column \(column.name) stays left out: it was called \(name), which `columns` excludes. To have it "
                    + "copied, take that out."
            )
        }
        let left = schema.columns.indices.filter { !chosen.contains($0) }.map { schema.columns[$0].name }
        guard !left.isEmpty else { return }
        guard !chosen.isEmpty else {
            problem = "`columns` leaves no column of \(schema.name) to copy."
            return
        }
        notes.append("Left out by the configuration: \(left.joined(separator: ", ")).")
        let places = Dictionary(uniqueKeysWithValues: chosen.enumerated().map { ($0.element, $0.offset) })
        let identity = schema.identity.compactMap { places[$0] }
        if identity.count < schema.identity.count {
            let key = schema.identity.map { schema.columns[$0].name }.joined(separator: ", ")
            notes.append("The copy has no key: not all of (\(key)) is copied.")
        }
        schema.identity = identity.count < schema.identity.count ? [] : identity
        schema.columns = chosen.map { whole.columns[$0] }
    }
}

extension ColumnRule {
    func includes(_ column: String) -> Bool {
        switch self {
        case .only(let patterns): patterns.contains { $0.matches(column) }
        case .except(let patterns): !patterns.contains { $0.matches(column) }
        }
    }
}
