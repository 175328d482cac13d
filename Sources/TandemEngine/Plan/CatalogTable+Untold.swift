import TandemCore
import TandemRows

extension CatalogTable {
    /// Those of `methods` that tell of every change in the columns of `schema`; of others, which columns they lack.
    func telling(_ schema: TableSchema, of methods: [Method: Eligibility]) -> [Method: Eligibility] {
        var methods = methods
        for (method, columns) in untold {
            guard case .usable = methods[method] else { continue }
            let lacking = columns.filter { column in
                schema.columns.contains { $0.id == column.id }
            }
            guard let first = lacking.first else { continue }
            let names = lacking.map(\.name)
            let patterns = names.map { "\"!\($0)\"" }.joined(separator: ", ")
            let leaving = "Leave \(names.count == 1 ? "it" : "them") out: `{name: \(self.schema.name.entry), "
            let other = first.remedy.map { "; or: \($0.text)" } ?? ""
            methods[method] = .unusable(
                reason: "Changes of its column \(names.joined(separator: ", ")) would not come: \(first.reason)",
                remedy: Remedy(leaving + "columns: [\(patterns)]}`\(other)", sql: first.remedy?.sql ?? [])
            )
        }
        return methods
    }
}
