import TandemCore
import TandemRows

/// The columns of a table that are copied.
struct ColumnChoice {
    /// The chosen columns in the source's order.
    var schema: TableSchema
    /// Columns left out and why, a sentence each.
    var notes: [String] = []
    /// Why no sensible choice is possible, a sentence.
    var problem: String?

    init(of table: CatalogTable, rule: ColumnRule?) {
        schema = table.schema
        for column in table.omitted where rule?.includes(column.name) ?? true {
            let remedy = column.remedy.map { " \($0.text)" } ?? ""
            notes.append("Column \(column.name) is left out: \(column.reason)\(remedy)")
        }
        guard let rule else { return }
        let chosen = schema.columns.indices.filter { rule.includes(schema.columns[$0].name) }
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
        schema.columns = chosen.map { table.schema.columns[$0] }
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
