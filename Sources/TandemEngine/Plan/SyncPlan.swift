package import TandemCore
package import TandemRows

/// What a run of a sync will do, and why. Made by ``Planner``, shown by `tandem plan`, done by ``FullCopy``.
package struct SyncPlan: Sendable {
    package var sync: String
    package var unfit: UnfitPolicy
    /// In the order they are copied.
    package var tables: [TablePlan]
    /// Tables of the source that this sync leaves alone.
    package var skipped: [SkippedTable]
    /// Tables the destination holds from earlier runs that have no table at the source any more, or none that is
    /// selected. They stay as they are.
    package var orphans: [OrphanTable]
    /// What stands in the way. Nothing is copied while there is one.
    package var problems: [PlanProblem]

    package init(
        sync: String, unfit: UnfitPolicy, tables: [TablePlan], skipped: [SkippedTable] = [], orphans: [OrphanTable] = [],
        problems: [PlanProblem] = []
    ) {
        self.sync = sync
        self.unfit = unfit
        self.tables = tables
        self.skipped = skipped
        self.orphans = orphans
        self.problems = problems
    }
}

/// What a run will do with one table.
package struct TablePlan: Sendable {
    /// As the source describes it, every readable column included.
    package var source: CatalogTable
    package var target: TableName
    package var method: Method
    /// Why this method, one sentence.
    package var reason: String
    /// The chosen columns in the source's order, under the source's names. A type may be text where an earlier run met
    /// a value that did not fit.
    package var schema: TableSchema
    /// The name of each of these columns at the destination.
    package var targetNames: [String]
    /// The name the table has at the destination from earlier runs, where it has been renamed since.
    package var retires: TableName?
    /// What the user should know: columns left out, renames, columns kept as text.
    package var notes: [String]

    package init(
        source: CatalogTable, target: TableName, method: Method, reason: String, schema: TableSchema,
        targetNames: [String], retires: TableName? = nil, notes: [String] = []
    ) {
        self.source = source
        self.target = target
        self.method = method
        self.reason = reason
        self.schema = schema
        self.targetNames = targetNames
        self.retires = retires
        self.notes = notes
    }
}

package struct SkippedTable: Sendable {
    package var name: TableName
    package var reason: String

    package init(name: TableName, reason: String) {
        self.name = name
        self.reason = reason
    }
}

package struct OrphanTable: Sendable {
    package var copy: CopiedTable
    package var reason: String

    package init(copy: CopiedTable, reason: String) {
        self.copy = copy
        self.reason = reason
    }
}

package struct PlanProblem: Sendable {
    package var message: String
    package var remedy: Remedy?

    package init(message: String, remedy: Remedy? = nil) {
        self.message = message
        self.remedy = remedy
    }
}
