package import TandemCore
package import TandemRows

/// Something that must be settled before a sync can run.
package struct PlanProblem: Hashable, Sendable {
    /// Where the configuration says it, counted from one.
    package var line: Int?
    package var message: String
    package var remedy: Remedy?
    /// The tables of the source that it keeps from being copied; empty where it is about all of them.
    package var tables: Set<TableName> = []

    package init(line: Int? = nil, message: String, remedy: Remedy? = nil, tables: Set<TableName> = []) {
        self.line = line
        self.message = message
        self.remedy = remedy
        self.tables = tables
    }
}

/// Everything that keeps a sync from running. Nothing has been touched.
package struct PlanProblems: ExplainedError, Hashable {
    package var sync: String
    /// Never none.
    package var problems: [PlanProblem]

    package init(sync: String, problems: [PlanProblem]) {
        self.sync = sync
        self.problems = problems
    }

    package var isTransient: Bool { false }
    package var description: String { problems.map { "sync \(sync): \($0.message)" }.joined(separator: "\n") }
    /// The remedies of all problems in one.
    package var remedy: Remedy? {
        let remedies = problems.compactMap(\.remedy)
        guard !remedies.isEmpty else { return nil }
        // Several problems often have one remedy.
        var texts: [String] = []
        for remedy in remedies where !texts.contains(remedy.text) { texts.append(remedy.text) }
        return Remedy(texts.joined(separator: " "), sql: remedies.flatMap(\.sql))
    }
}
