import TandemCore
import TandemRows

/// What of a sync that has run before has become impossible. Its source has changed, and not its configuration: whoever
/// is concerned is told by name, and all others go on.
extension Planner {
    /// Whether the sync has copies, so that it could be run as it is configured.
    var isEstablished: Bool { !copied.isEmpty }

    /// Whether there is a copy of `table`.
    func hasCopy(_ table: CatalogTable) -> Bool {
        copied.contains { $0.schema.name == table.schema.name || $0.schema.id == table.schema.id }
    }

    /// Takes tables that have problems out of the plan of an established sync.
    func settleFailures(_ plan: inout SyncPlan) {
        guard isEstablished else { return }
        for problem in plan.problems where !problem.tables.isEmpty {
            for table in plan.tables where problem.tables.contains(table.schema.name) {
                plan.failures.append(
                    FailedTable(table, TableFailure(message: problem.message, remedy: problem.remedy))
                )
            }
        }
        plan.problems.removeAll { !$0.tables.isEmpty }
        let failed = Set(plan.failures.map(\.table.schema.name))
        plan.tables.removeAll { failed.contains($0.schema.name) }
        var told: Set<TableName> = []
        plan.failures.removeAll { !told.insert($0.table.schema.name).inserted }
    }

    /// A table that took the name of one which cannot be followed any more: the copy of that one is where it would go,
    /// and stays.
    func keepFailedCopies(_ plan: inout SyncPlan) {
        for failed in plan.failures {
            guard let copy = copied.first(where: { $0.schema.id == failed.table.schema.id }) else {
                continue
            }
            let newcomer = plan.tables.firstIndex { table in
                table.method.isFollowed && folded(table.target) == folded(copy.target)
                    && table.schema.id != copy.schema.id
            }
            guard let newcomer else { continue }
            let name = failed.table.schema.name
            let message =
                "The copy of \(name), which had this name before, is at \(copy.target), and \(name) cannot be copied now."
            let again = ProgramCommand("reset", sync.name, options: ["--table": "\(name)"])
            let remedy = Remedy(
                "See to what is said of \(name): then its copy gets its new name. Or give up that copy with \(again)."
            )
            plan.failures.append(
                FailedTable(plan.tables.remove(at: newcomer), TableFailure(message: message, remedy: remedy))
            )
        }
    }

    /// A table that cannot be copied by any method that is asked for, or is not there.
    func failure(
        of table: CatalogTable,
        called name: TableName,
        _ selection: TableSelection,
        reason: String,
        remedy: Remedy?
    ) -> FailedTable {
        let planned = TablePlan(
            source: table,
            target: selection.target(of: name, in: sync),
            method: .fullTable,
            reason: reason,
            schema: table.schema,
            targetNames: table.schema.columns.map(\.name)
        )
        return FailedTable(planned, TableFailure(message: reason, remedy: remedy))
    }

    /// A table that a rule names and that is not there.
    func absent(_ name: TableName, _ problem: PlanProblem) -> FailedTable {
        let table = CatalogTable(
            schema: TableSchema(name: name, columns: [], identity: []),
            kind: .table,
            methods: [:]
        )
        return failure(
            of: table,
            called: name,
            TableSelection(of: name, in: sync),
            reason: problem.message,
            remedy: problem.remedy
        )
    }
}
