import TandemCore
import TandemRows

extension Planner {
    /// The names that rules have for tables which are called otherwise by now: a rule that names a table means it
    /// whatever becomes of that name, as long as no other table has it.
    var configuredNames: [TableName: TableName] {
        let present = Set(catalog.tables.map(\.schema.name))
        let earlier = EarlierCopies(copied, catalog: catalog)
        var names: [TableName: TableName] = [:]
        for table in catalog.tables where !isNamed(table.schema.name) {
            guard let copy = earlier[table.schema], let name = sync.nameInRules(of: copy, folding),
                !present.contains(name)
            else { continue }
            names[table.schema.name] = name
        }
        return names
    }

    /// Whether a rule names `table` itself, or leaves it out.
    private func isNamed(_ table: TableName) -> Bool {
        sync.tables.contains { $0.pattern.literal == table || $0.excludes && $0.pattern.matches(table) }
    }
}

extension SyncConfiguration {
    /// The table that a rule names and whose copy `copy` is: it is where that rule puts it.
    func nameInRules(of copy: CopiedTable, _ folding: NameFolding) -> TableName? {
        tables.lazy.filter { !$0.excludes }.compactMap(\.pattern.literal).first { name in
            let target = TableSelection(of: name, in: self).target(of: name, in: self)
            return target.folded(folding) == copy.target.folded(folding)
        }
    }
}
