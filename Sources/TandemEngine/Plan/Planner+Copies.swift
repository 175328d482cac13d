import TandemCore
import TandemRows

/// What earlier runs have left at the destination.
extension Planner {
    /// Matches tables with their earlier copies: renames, columns that stay text, and copies that have no table any
    /// more.
    func settleCopies(_ plan: inout SyncPlan) {
        let names = Set(catalog.tables.map(\.schema.name))
        let targets = Set(plan.tables.map { folded($0.target) })
        var settled: Set<TableName> = []
        for index in plan.tables.indices {
            let table = plan.tables[index]
            guard let copy = earlierCopy(of: table.source.schema, names: names) else { continue }
            settled.insert(copy.target)
            if copy.schema.name != table.schema.name {
                plan.tables[index].notes.append("Renamed at the source; it was \(copy.schema.name).")
                if !targets.contains(folded(copy.target)) {
                    plan.tables[index].retires = copy.target
                    plan.tables[index].notes.append("Its copy \(copy.target) is replaced by \(table.target).")
                }
            } else if folded(copy.target) != folded(table.target) {
                plan.tables[index].notes.append(
                    "Goes to \(table.target) from now on; the copy at \(copy.target) stays as it is."
                )
            }
            settleColumns(of: &plan.tables[index], with: copy)
        }
        for copy in copied where !settled.contains(copy.target) && !targets.contains(folded(copy.target)) {
            plan.orphans.append(OrphanTable(copy: copy, reason: departure(of: copy, plan)))
        }
    }

    private func earlierCopy(of schema: TableSchema, names: Set<TableName>) -> CopiedTable? {
        copied.first { $0.schema.name == schema.name } ?? copied.first { isRenamed($0, to: schema, names: names) }
    }

    /// Whether `copy` is of the same table under another name.
    ///
    /// Numbers mean something within one database only, and a restored one
    /// gives them anew. So the old name must be gone, and half of the columns
    /// must be what they were.
    private func isRenamed(_ copy: CopiedTable, to schema: TableSchema, names: Set<TableName>) -> Bool {
        guard schema.id != 0, copy.schema.id == schema.id, !names.contains(copy.schema.name) else { return false }
        let current = Dictionary(schema.columns.map { ($0.id, $0) }) { first, _ in first }
        let same = copy.schema.columns.count { current[$0.id].map(\.name) == $0.name }
        return 2 * same >= copy.schema.columns.count
    }

    private func settleColumns(of table: inout TablePlan, with copy: CopiedTable) {
        let byID = copy.schema.id == table.schema.id && copy.schema.id != 0
        var gone = copy.schema.columns
        for index in table.schema.columns.indices {
            let column = table.schema.columns[index]
            let name = table.targetNames[index]
            guard let place = gone.firstIndex(where: { byID && $0.id != 0 ? $0.id == column.id : $0.name == name })
            else { continue }
            let earlier = gone.remove(at: place)
            if earlier.name != name { table.notes.append("Column \(earlier.name) is called \(name) now.") }
            if earlier.type == .text, column.type != .text, earlier.nativeType == column.nativeType,
                sync.unfitValues == .text
            {
                table.schema.columns[index].type = .text
                table.notes.append(
                    "Column \(name) stays text because a value did not fit \(column.nativeType); "
                        + "`tandem reset \(sync.name) --table \(table.schema.name.argument)` tries again."
                )
            }
        }
        if !gone.isEmpty {
            let names = gone.map(\.name).joined(separator: ", ")
            table.notes.append("The copy loses \(names): no longer at the source, or not chosen.")
        }
    }

    private func departure(of copy: CopiedTable, _ plan: SyncPlan) -> String {
        let name = copy.schema.name
        let names = Set(catalog.tables.map(\.schema.name))
        let stays =
            "Its last copy stays until you drop it; then `tandem reset \(sync.name) --table \(name.argument)` forgets it."
        if let skipped = plan.skipped.first(where: { $0.name == name }) {
            return "No longer copied: \(skipped.reason) \(stays)"
        }
        if names.contains(name) { return "No longer copied. \(stays)" }
        if let renamed = catalog.tables.first(where: { isRenamed(copy, to: $0.schema, names: names) }) {
            return "Renamed to \(renamed.schema.name) at the source, which the sync does not select. \(stays)"
        }
        return "Dropped at the source. \(stays)"
    }
}
