import TandemCore
import TandemRows

extension Planner {
    /// The names that rules have for tables which are called otherwise by now: a rule that names a table means it
    /// whatever becomes of that name, as long as no other table has it.
    var configuredNames: [TableName: TableName] {
        let present = Set(catalog.tables.map(\.schema.name))
        let gone = sync.namesByTarget(folding) { !present.contains($0) }
        guard !gone.isEmpty else { return [:] }
        let earlier = EarlierCopies(copied, catalog: catalog)
        var names: [TableName: TableName] = [:]
        for table in catalog.tables {
            guard let copy = earlier[table.schema], let name = gone[folded(copy.target)], !isNamed(table.schema.name)
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
    /// The tables that rules name, of those that `isWanted`, by where their copies are.
    func namesByTarget(
        _ folding: NameFolding,
        where isWanted: (TableName) -> Bool = { _ in true }
    ) -> [TableName: TableName] {
        let names = tables.filter { !$0.excludes }.compactMap(\.pattern.literal).filter(isWanted)
        let targets = names.map { folding.fold(TableSelection(of: $0, in: self).target(of: $0, in: self)) }
        return Dictionary(zip(targets, names)) { first, _ in first }
    }
}
