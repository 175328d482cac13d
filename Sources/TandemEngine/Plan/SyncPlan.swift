package import TandemCore
package import TandemRows

/// What a run of a sync will do, and why. Made by ``Planner``, shown by `tandem plan`, done by ``FullCopy``.
package struct SyncPlan: Sendable {
    package var sync: String
    package var unfit: UnfitPolicy
    /// What columns become that hold decimals of any number of digits: text, or a decimal.
    package var decimals: ColumnType
    /// In the order they are copied.
    package var tables: [TablePlan]
    /// Tables of the source that this sync leaves alone.
    package var skipped: [SkippedTable]
    /// Tables the destination holds from earlier runs that have no table at the source any more, or none that is
    /// selected. They stay as they are.
    package var orphans: [OrphanTable]
    /// Tables that are selected and cannot be copied now, of a sync that has run before: others go on meanwhile.
    package var failures: [FailedTable] = []
    /// What the user should know that is about no single table.
    package var notes: [String]
    /// What stands in the way. Nothing is copied while there is one.
    package var problems: [PlanProblem]
    /// What will fail in a run, as far as that was looked for (``Foresight``); the rest of it goes on.
    package var obstacles: [Finding] = []
    /// Methods that `auto` would take and the source does not offer, with the reason, as far as that was looked for.
    package var refused: [(method: Method, reason: String, remedy: Remedy?)] = []
    /// What the destination is to remember of whose the sync is, where it does not yet.
    package var claim: MadeObject?
    /// The columns that the configuration keeps out, by the numbers of their tables and their own.
    var excluded: [TableID: [ColumnID: ExcludedColumn]] = [:]
    /// What the destination is to learn of these before anything is copied.
    var news: (made: [MadeObject], gone: [MadeObject]) = ([], [])

    package init(
        sync: String,
        unfit: UnfitPolicy,
        decimals: ColumnType = .text,
        tables: [TablePlan],
        skipped: [SkippedTable] = [],
        orphans: [OrphanTable] = [],
        notes: [String] = [],
        problems: [PlanProblem] = []
    ) {
        self.sync = sync
        self.unfit = unfit
        self.decimals = decimals
        self.tables = tables
        self.skipped = skipped
        self.orphans = orphans
        self.notes = notes
        self.problems = problems
    }

    /// The plan for some of its tables.
    package func part(_ isChosen: (TablePlan) -> Bool) -> SyncPlan {
        var plan = self
        plan.tables.removeAll { !isChosen($0) }
        return plan
    }

    /// The problems as one error, if there are any.
    package var refusal: PlanProblems? { problems.isEmpty ? nil : PlanProblems(sync: sync, problems: problems) }
}

/// A table of the source that is not copied, and why.
package struct SkippedTable: Hashable, Sendable {
    package var name: TableName
    package var reason: String
    package var remedy: Remedy?
    /// Whether the sync's patterns match it: then each run says so.
    package var isSelected: Bool

    package init(name: TableName, reason: String, remedy: Remedy? = nil, isSelected: Bool = false) {
        self.name = name
        self.reason = reason
        self.remedy = remedy
        self.isSelected = isSelected
    }
}

extension SyncPlan {
    /// Sentences about tables that the sync's patterns match and that are left out; the first few by name.
    package var leftOutNotes: [String] {
        let selected = skipped.filter(\.isSelected)
        let notes = selected.prefix(5).map { "\($0.name): Left out: \($0.reason)" }
        guard selected.count > notes.count else { return notes }
        let command = ProgramCommand("plan", sync)
        return notes + ["\(selected.count - notes.count) more tables are left out; \(command) says which, and why."]
    }
}

/// A table that is selected and cannot be copied. What there is of it stays as it is.
package struct FailedTable: Sendable {
    package var table: TablePlan
    package var failure: TableFailure

    package init(_ table: TablePlan, _ failure: TableFailure) {
        self.table = table
        self.failure = failure
    }
}

/// A table that was copied before and is not any more.
package struct OrphanTable: Hashable, Sendable {
    package var copy: SyncedTable
    /// What became of it and of its copy.
    package var reason: String
    /// Its table, where that is still at the source.
    package var table: TableName?

    package init(copy: SyncedTable, reason: String, table: TableName? = nil) {
        self.copy = copy
        self.reason = reason
        self.table = table
    }
}
