import TandemCore
import TandemRows

/// Tables that are read by a cursor: from where their copy is, or whole.
extension Planner {
    func settleCursor(of table: inout TablePlan, with former: SyncedTable) {
        guard let cursor = table.cursor else { return }
        // A table that goes elsewhere by now may have two copies.
        let target = folded(table.target)
        let copy = copied.first { folded($0.target) == target && $0.schema.id == table.schema.id } ?? former
        if let reason = obstacle(to: copy, table, cursor) {
            table.notes.append("Copied whole, because \(reason).")
        } else {
            table.cursor?.copy = copy
        }
    }

    /// Why `copy` cannot be brought up to date: what follows "because".
    private func obstacle(to copy: SyncedTable, _ table: TablePlan, _ cursor: CursorPlan) -> String? {
        guard let state = copy.cursor else { return "it has not been read by a cursor before" }
        guard copy.schema.id == table.schema.id else { return "it was made anew at the source" }
        guard folded(copy.target) == folded(table.target) || table.retires == copy.target else {
            return "it goes elsewhere from now on"
        }
        guard state.columns == cursor.ids else { return "it had another cursor" }
        guard state.last != nil else {
            return "no row had a value in its cursor, or transactions were open that had written to it"
        }
        guard copy.schema.key == table.schema.key else { return "it had another key" }
        switch copy.departure(from: table.source, by: .incremental) {
        case .changed(let reason): return reason
        case .unclear(let files, _, isLikely: true) where !files.isEmpty: return TableDefinition.rewritten
        case .none, .unclear: break
        }
        guard table.accepts(copy) else { return "its columns have other types, or others were chosen" }
        let types = copy.schema.columns.filter { cursor.ids.contains($0.id) }.map(\.type)
        guard !copy.schema.identity.isEmpty || types.allSatisfy(\.isOrderedAlike) else {
            return "its cursor is kept as text"
        }
        return nil
    }
}

extension TableSchema {
    /// The key's columns.
    fileprivate var key: [ColumnID] { identity.map { columns[$0].id } }
}
