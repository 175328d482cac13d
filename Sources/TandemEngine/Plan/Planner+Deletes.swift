import TandemCore
import TandemRows

/// What becomes of rows that are deleted at the source.
extension Planner {
    /// Says that rows stay. Nothing can be marked in a table that is replaced as a whole, or where deletes are not
    /// seen.
    func settleDeletes(_ plan: inout SyncPlan) {
        guard sync.deletes == .soft else { return }
        let whole = plan.tables.filter { $0.method == .fullTable }
        let read = plan.tables.filter { $0.method == .incremental }
        guard !whole.isEmpty || !read.isEmpty else {
            return plan.notes.append("Deleted rows stay, with the time in \(MetadataColumns.deletedAtName).")
        }
        let reasons = [
            (whole, "FULL_TABLE, which replaces the whole table, so that no row is left to mark"),
            (read, "INCREMENTAL, which does not see deletes"),
        ]
        for (tables, reason) in reasons where !tables.isEmpty {
            plan.problems.append(
                PlanProblem(
                    line: sync.line,
                    message: "`deletes: soft` does not go with \(reason): \(names(of: tables)).",
                    remedy: Remedy(
                        "See with \(ProgramCommand("discover", sync.from)) why LOG_BASED cannot be used, and give the table a "
                            + "replica identity; or leave it out of sync \"\(sync.name)\"."
                    ),
                    tables: Set(tables.map(\.schema.name))
                )
            )
        }
    }

    /// Says of which tables deleted rows stay although nobody asked for that.
    func noteUnseenDeletes(_ plan: inout SyncPlan) {
        let tables = plan.tables.filter { $0.method == .incremental }
        guard sync.deletes == .compare else {
            guard !tables.isEmpty else { return }
            return plan.notes.append(
                "INCREMENTAL does not see deletes, so rows that are deleted at the source stay: \(names(of: tables)). "
                    + "`deletes: compare` finds them."
            )
        }
        let keyless = tables.filter { $0.schema.identity.isEmpty }
        guard !keyless.isEmpty else { return }
        plan.notes.append("Without a key no deleted row can be found, so they stay: \(names(of: keyless)).")
    }

    private func names(of tables: [TablePlan]) -> String {
        tables.map { "\($0.schema.name)" }.joined(separator: ", ")
    }
}
