package import TandemCore
package import TandemRows

extension Planner {
    /// The schema and the start of table names that destinations keep their own things in.
    private static let ownSchema = "tandem"
    private static let loadPrefix = "_tandem_load_"

    func isReserved(_ target: TableName) -> Bool {
        folding.fold(target.schema) == Self.ownSchema || folding.fold(target.table).hasPrefix(Self.loadPrefix)
    }

    static let reserved = "Its name is one that Tandem keeps for itself."

    /// Says which tables are left out for their names, though nobody has asked for that.
    func noteReserved(_ plan: inout SyncPlan) {
        let names = plan.skipped.filter { $0.reason == Self.reserved }.map(\.name)
        guard let first = names.first else { return }
        let more = names.count > 1 ? " and \(names.count - 1) more" : ""
        plan.notes.append(
            "\(first)\(more) left out: at the destination Tandem keeps such names for itself. "
                + "To have it, give it another one: `{name: \(first.entry), target: …}`, or set `into`."
        )
    }

    /// Whether the configuration itself sends every table to what Tandem keeps for itself.
    var isIntoOwnSchema: Bool { sync.into.map(folding.fold) == Self.ownSchema }

    /// The copies that lie in `source` itself, each with the sync that wrote it: those of `destination`, where both are
    /// one database.
    package static func copies(
        in source: any Source,
        of destination: any Destination
    ) async throws -> [TableName: String] {
        guard let there = try await destination.origin(), try await source.origin() == there else { return [:] }
        return try await destination.owners()
    }

    /// Why a table that is a copy is not copied again, unless another sync's is named.
    func copyReason(of name: TableName, _ selection: TableSelection) -> String? {
        guard let writer = copies[name] else { return nil }
        if writer != sync.name, selection.naming != nil { return nil }
        return "It is a copy that sync \(writer) has written."
    }

    func folded(_ name: TableName) -> TableName { folding.fold(name) }

    /// Targets that Tandem needs for itself, that another sync writes, and that several tables would share.
    func targetProblems(of tables: [TablePlan]) -> [PlanProblem] {
        tables.filter { isReserved($0.target) }.map(reservedProblem) + ownerProblems(of: tables)
            + sharedProblems(of: tables)
    }

    private func reservedProblem(of table: TablePlan) -> PlanProblem {
        PlanProblem(
            line: sync.line,
            message: "\(table.schema.name) cannot go to \(table.target): the schema \(Self.ownSchema) and table names "
                + "that start with \(Self.loadPrefix) are Tandem's own.",
            remedy: Remedy("Choose another `into` or `target`."),
            tables: [table.schema.name]
        )
    }

    private func ownerProblems(of tables: [TablePlan]) -> [PlanProblem] {
        let taken = Dictionary(owners.map { (folded($0.key), $0.value) }) { first, _ in first }
        return tables.compactMap { table in
            guard let owner = taken[folded(table.target)], owner != sync.name else { return nil }
            return PlanProblem(
                line: sync.line,
                message: "\(table.target) is written by sync \"\(owner)\" already.",
                remedy: Remedy(
                    "If it is \"\(sync.name)\" under the name it had, run \(ProgramCommand("rename", owner, sync.name)); else choose another `into` or `target`, or let \(ProgramCommand("reset", owner)) forget its tables."
                ),
                tables: [table.schema.name]
            )
        }
    }

    private func sharedProblems(of tables: [TablePlan]) -> [PlanProblem] {
        let groups = Dictionary(grouping: tables) { folded($0.target) }.values.filter { $0.count > 1 }
        return groups.sorted { $0[0].schema.name < $1[0].schema.name }.map { group in
            let names = group.map { "\($0.schema.name)" }.joined(separator: " and ")
            let target = group[0].target
            let isCase = group.contains { $0.target != target }
            let last = group[group.count - 1].schema.name
            return PlanProblem(
                line: sync.line,
                message: "\(names) would \(group.count == 2 ? "both" : "all") become \(target)"
                    + (isCase ? ", because \"\(sync.to)\" does not tell upper from lower case." : "."),
                remedy: Remedy("Give one of them another name: `{name: \(last.entry), target: …}`."),
                tables: Set(newcomers(in: group).map(\.schema.name))
            )
        }
    }

    /// Those that come to where another one has been before, which goes on.
    private func newcomers(in group: [TablePlan]) -> [TablePlan] {
        let newcomers = group.filter { table in
            !copied.contains { copy in
                folded(copy.target) == folded(table.target)
                    && (copy.schema.id == table.schema.id
                        || copy.schema.name == table.schema.name)
            }
        }
        return newcomers.count == group.count - 1 ? newcomers : group
    }

    /// The columns' names at the destination: their own, or with a number behind where the destination takes two for
    /// one.
    func targetNames(of schema: TableSchema, notes: inout [String]) -> [String] {
        var taken = Set(schema.columns.map { folding.fold($0.name) })
        var used: Set<String> = []
        return schema.columns.map { column in
            guard !used.insert(folding.fold(column.name)).inserted else { return column.name }
            var number = 2
            while !taken.insert(folding.fold("\(column.name)_\(number)")).inserted { number += 1 }
            let isOtherForm = schema.columns.contains { $0.name == column.name && !$0.name.isExactly(column.name) }
            let reason = isOtherForm ? "" : "\"\(sync.to)\" does not tell upper from lower case, and "
            notes.append(
                "Column \(column.name) becomes \(column.name)_\(number): \(reason)another column has the name"
                    + (isOtherForm ? ", in another Unicode form." : ".")
            )
            return "\(column.name)_\(number)"
        }
    }
}
