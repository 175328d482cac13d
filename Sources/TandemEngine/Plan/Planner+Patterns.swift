import TandemCore
import TandemRows

/// Patterns that match nothing: slips of the hand that would lose a table, or copy what was to be left out.
extension Planner {
    /// - Parameter renamed: What rules call tables that have other names now.
    func checkPatterns(_ plan: inout SyncPlan, renamed: Set<TableName>) {
        let names = catalog.tables.map(\.schema.name)
        for rule in sync.tables where !names.contains(where: rule.pattern.matches) {
            if let name = rule.pattern.literal, renamed.contains(name) { continue }
            // A table that was there is reported with its copy.
            if !rule.excludes, copied.contains(where: { rule.pattern.matches($0.schema.name) }) { continue }
            let nearest = nearest(to: rule.pattern, names)
            let hint = nearest.map { "; did you mean \($0)?" } ?? "."
            let remedy = Remedy("See all tables with \(ProgramCommand("discover", sync.from)).")
            if !rule.excludes {
                let problem = PlanProblem(
                    line: rule.line,
                    message: "No table matches \(rule.pattern)\(hint)",
                    remedy: remedy
                )
                switch rule.pattern.literal {
                case let name? where isEstablished: plan.failures.append(absent(name, problem))
                case nil where isEstablished: plan.notes.append(problem.message)
                default: plan.problems.append(problem)
                }
            } else if let nearest, rule.pattern.literal != nil, !isCopied(nearest) {
                plan.problems.append(
                    PlanProblem(
                        line: rule.line,
                        message: "No table matches !\(rule.pattern), which leaves none out\(hint)",
                        remedy: remedy
                    )
                )
            } else {
                plan.notes.append("No table matches !\(rule.pattern), which leaves none out.")
            }
        }
    }

    /// Whether there is a copy of a table, so that it is nothing new that it is copied.
    private func isCopied(_ name: String) -> Bool { copied.contains { $0.schema.name.description == name } }

    /// The same table in another schema, a table or a schema of a similar name.
    private func nearest(to pattern: TablePattern, _ names: [TableName]) -> String? {
        if let literal = pattern.literal {
            return names.first { $0.table == literal.table }?.description
                ?? Spelling.nearest(to: literal.description, among: names.map(\.description))
        }
        guard let schema = pattern.schema.literal, !names.contains(where: { $0.schema == schema }) else { return nil }
        return Spelling.nearest(to: schema, among: Set(names.map(\.schema))).map { "\($0).\(pattern.table)" }
    }

    /// Columns that rules name and that no table has.
    ///
    /// - Parameter names: What rules call tables that have other names now.
    func checkColumnRules(_ plan: inout SyncPlan, _ names: [TableName: TableName]) {
        let tables = Dictionary(grouping: plan.tables) { table in
            TableSelection(of: names[table.schema.name] ?? table.schema.name, in: sync).columnRule
        }
        for rule in sync.tables {
            guard let columns = rule.columns, let tables = tables[rule] else { continue }
            let readable = Set(tables.flatMap { $0.source.schema.columns.map(\.name) })
            let omitted = tables.flatMap(\.source.omitted)
            let former = Set(tables.flatMap { plan.excluded[$0.schema.id]?.values.map(\.name) ?? [] })
            for name in columns.patterns.compactMap(\.literal) where !readable.contains(name) && !former.contains(name)
            {
                let known = omitted.first { $0.name == name }
                switch columns {
                case .except where known != nil: continue
                case .except where Spelling.nearest(to: name, among: readable) == nil:
                    plan.notes.append("\(rule.pattern) has no column \(name), which `columns` leaves out.")
                default:
                    plan.problems.append(missingColumn(name, of: rule, tables, known: known, readable: readable))
                }
            }
        }
    }

    private func missingColumn(
        _ name: String,
        of rule: TableRule,
        _ tables: [TablePlan],
        known: OmittedColumn?,
        readable: Set<String>
    ) -> PlanProblem {
        let names = Set(tables.map(\.schema.name))
        if let known {
            let message = "Column \(name) of \(rule.pattern) cannot be read: \(known.reason)"
            return PlanProblem(line: rule.line, message: message, remedy: known.remedy, tables: names)
        }
        let hint = Spelling.hint(for: name, among: readable.sorted())
        return PlanProblem(
            line: rule.line,
            message: "\(rule.pattern) has no column \(name); \(hint)",
            tables: names
        )
    }
}
