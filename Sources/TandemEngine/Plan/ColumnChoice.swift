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

    /// - Parameters:
    ///   - decimals: What columns become that hold decimals of any number of digits.
    ///   - excluded: ``Exclusions/columns(of:called:)``.
    init(
        of table: CatalogTable,
        rule: ColumnRule?,
        decimals: ColumnType = .text,
        excluded: [ColumnID: ExcludedColumn] = [:]
    ) {
        schema = table.schema
        for index in schema.columns.indices where table.decimals.contains(schema.columns[index].id) {
            schema.columns[index].type = decimals
        }
        let whole = schema
        let includes = { (name: String, id: ColumnID) in rule?.includes(name) ?? true && excluded[id] == nil }
        for column in table.omitted where includes(column.name, column.id) {
            let remedy = column.remedy.map { " \($0.text)" } ?? ""
            notes.append("Column \(column.name) is left out: \(column.reason)\(remedy)")
        }
        for column in schema.columns where rule?.includes(column.name) ?? true {
            guard let former = excluded[column.id] else { continue }
            // A column does not come in by a rename of which the rule does not know.
            let isElsewhere = former.name == column.name || rule?.includes(former.name) ?? true
            notes.append(
                "Column \(column.name) stays left out: it was \(isElsewhere ? "" : "called ")\(former.name)"
                    + (isElsewhere ? " of \(former.tableName)" : "")
                    + ", which `columns` excludes. To have it copied, take that out."
            )
        }
        let chosen = schema.columns.indices.filter { includes(schema.columns[$0].name, schema.columns[$0].id) }
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
