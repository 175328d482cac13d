import TandemCore
import TandemRows

/// What earlier runs have left at the destination.
extension Planner {
    /// Matches tables with their earlier copies: renames, columns that stay text, and copies that have no table any
    /// more.
    func settleCopies(_ plan: inout SyncPlan) {
        let earlier = EarlierCopies(copied, catalog: catalog)
        let targets = Set(plan.tables.map { folded($0.target) })
        var settled = Set(plan.failures.compactMap { earlier[$0.table.source.schema]?.target })
        for index in plan.tables.indices {
            let table = plan.tables[index]
            guard let copy = earlier[table.source.schema] else { continue }
            settled.insert(copy.target)
            let former = earlier.remainder(of: table.source.schema) ?? copy
            settled.insert(former.target)
            if former.schema.name != table.schema.name {
                plan.tables[index].notes.append("Renamed at the source; it was \(former.schema.name).")
            }
            let goesAlong = former.schema.name != table.schema.name || copy.stream != nil && table.method.isFollowed
            if goesAlong, former.target != table.target, !targets.contains(folded(former.target)) {
                plan.tables[index].retires = former.target
                plan.tables[index].notes.append("Its copy \(former.target) is replaced by \(table.target).")
            } else if !goesAlong, folded(copy.target) != folded(table.target) {
                plan.tables[index].notes.append(
                    "Goes to \(table.target) from now on; the copy at \(copy.target) stays as it is."
                )
            }
            settleColumns(of: &plan.tables[index], with: copy)
            settleCursor(of: &plan.tables[index], with: copy)
        }
        let orphans = copied.filter { !settled.contains($0.target) && !targets.contains(folded($0.target)) }
        guard !orphans.isEmpty else { return }
        let present = Dictionary(
            catalog.tables.compactMap { table in earlier[table.schema].map { ($0.target, table.schema.name) } }
        ) { first, _ in first }
        let reasons = Dictionary(plan.skipped.map { ($0.name, $0.reason) }) { first, _ in first }
        plan.orphans = orphans.map { copy in
            let name = present[copy.target]
            return OrphanTable(
                copy: copy,
                reason: departure(of: copy, now: name, because: name.flatMap { reasons[$0] }),
                table: name
            )
        }
    }

    private func settleColumns(of table: inout TablePlan, with copy: SyncedTable) {
        let byID = copy.schema.id == table.schema.id
        var gone = copy.schema.columns
        for index in table.schema.columns.indices {
            let column = table.schema.columns[index]
            let name = table.targetNames[index]
            guard let place = gone.firstIndex(where: { byID ? $0.id == column.id : $0.name == name })
            else { continue }
            let earlier = gone.remove(at: place)
            if earlier.name != name { table.notes.append("Column \(earlier.name) is called \(name) now.") }
            let again = ProgramCommand("reset", sync.name, options: ["--table": "\(table.schema.name)"])
            if table.source.decimals.contains(column.id), earlier.nativeType == column.nativeType {
                // What has been copied with another `numeric` stays so, but where all is copied each time. Text stays
                // text there too: a value may not have fitted.
                guard earlier.type != column.type, earlier.type == .text || table.method != .fullTable else { continue }
                table.schema.columns[index].type = earlier.type
                table.notes.append(
                    "Column \(name) stays \(earlier.type), as it was copied; \(again) copies it as \(column.type)."
                )
            } else if earlier.type == .text, column.type != .text, earlier.nativeType == column.nativeType,
                sync.unfitValues == .text || table.schema.identity.contains(index)
            {
                table.schema.columns[index].type = .text
                table.notes.append(
                    "Column \(name) stays text because a value did not fit \(column.nativeType); \(again) tries again."
                )
            }
        }
        if !gone.isEmpty {
            let names = gone.map(\.name).joined(separator: ", ")
            table.notes.append("The copy loses \(names): no longer at the source, or not chosen.")
        }
    }

    /// - Parameters:
    ///   - present: The table's name at the source today, if it is still there.
    ///   - reason: Why it is not copied.
    private func departure(of copy: SyncedTable, now present: TableName?, because reason: String?) -> String {
        let name = copy.schema.name
        let command = ProgramCommand("reset", sync.name, options: ["--table": "\(name)"])
        let stays = "Its last copy stays until you drop it; then \(command) forgets it."
        guard let present else { return "Dropped at the source. \(stays)" }
        guard present == name else {
            return "Renamed to \(present) at the source, which the sync does not select. \(stays)"
        }
        return "No longer copied\(reason.map { ": \($0)" } ?? ".") \(stays)"
    }
}
