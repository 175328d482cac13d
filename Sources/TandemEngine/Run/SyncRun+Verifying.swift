package import TandemCore
package import TandemRows

/// What `verify` has found.
package struct VerifiedTables: Sendable {
    package var results: [Verification.TableResult] = []
    /// Tables that the sync selects and of which there is no copy, but for those that are left out on purpose.
    package var absent: [AbsentTable] = []
}

/// A table that the sync selects, and that is not at the destination.
package struct AbsentTable: Sendable {
    package var source: TableName
    /// Where it is to go; `nil` for one that cannot be copied.
    package var target: TableName?
    /// One sentence or more.
    package var reason: String
    package var remedy: Remedy?
}

extension SyncRun {
    /// Compares both ends. Tables that are followed are brought to one moment of the source first, and compared with
    /// the source as it was then, while it goes on.
    ///
    /// - Parameters:
    ///   - isWanted: Which of the sync's copies to compare.
    ///   - report: Called with each result as it comes.
    package func verify(
        of isWanted: (SyncedTable) -> Bool = { _ in true },
        report: (Verification.TableResult) -> Void = { _ in }
    ) async throws -> VerifiedTables {
        try await remembering().compare(isWanted, report)
    }

    private func compare(
        _ isWanted: (SyncedTable) -> Bool,
        _ report: (Verification.TableResult) -> Void
    ) async throws -> VerifiedTables {
        try await refuseAnothers()
        let verification = try await verification()
        var verified = VerifiedTables()
        var compared: Set<TableName> = []
        var last: Standing?
        for follower in try await followers(of: destination.tables(of: sync.name)) {
            guard let (snapshot, plan) = try await moment(for: follower, readers: context.readers) else { continue }
            var standing: Standing
            do {
                standing = try await self.standing()
                for copy in try await destination.tables(of: sync.name) {
                    guard let failed = plan.failures.first(where: { $0.table.isSource(of: copy) }) else { continue }
                    standing.settled[copy.target] = .stale(failed.failure.message, failed.failure.remedy)
                }
            } catch {
                await snapshot.close()
                throw error
            }
            verified.results += try await verification.run(
                at: snapshot,
                of: { $0.stream == follower.id && isWanted($0) },
                settled: standing.settled,
                observe: report
            )
            compared.formUnion(verified.results.map(\.copy.target))
            last = standing
        }
        let standing = if let last { last } else { try await self.standing() }
        verified.absent = standing.absent
        let rest = try await destination.tables(of: sync.name).filter { !compared.contains($0.target) && isWanted($0) }
        guard !rest.isEmpty else { return verified }
        verified.results += try await verification.run(
            of: { !compared.contains($0.target) && isWanted($0) },
            settled: standing.settled,
            observe: report
        )
        return verified
    }

    private func verification() async throws -> Verification {
        let folding = destination.nameFolding
        let names = sync.namesByTarget(folding)
        let made = try await destination.made(of: sync.name)
        let exclusions = try await Exclusions(of: sync, from: source, made: made)
        return Verification(
            context,
            isChosen: { column, table, target in
                exclusions.includes(column, of: table, called: names[folding.fold(target)] ?? table.schema.name)
            }
        )
    }

    // MARK: What there is nothing to compare with

    private struct Standing {
        /// What is to be said of copies that the sync brings up to date no more, by target.
        var settled: [TableName: Verification.Verdict] = [:]
        var absent: [AbsentTable] = []
    }

    private func standing() async throws -> Standing {
        let plan = try await Foresight.plan(sync, from: source, to: destination)
        let folding = destination.nameFolding
        let copies = try await destination.tables(of: sync.name)
        var standing = Standing()
        let kept = Set(plan.tables.flatMap { [$0.target, $0.retires].compactMap(\.self) }.map { folding.fold($0) })
        for copy in copies where !kept.contains(folding.fold(copy.target)) {
            standing.settled[copy.target] = verdict(of: copy, plan)
        }
        let present = Set(copies.map { folding.fold($0.target) })
        let isAbsent = { (table: TablePlan) in
            !([table.target, table.retires].compactMap(\.self).contains { present.contains(folding.fold($0)) })
        }
        standing.absent = plan.tables.filter(isAbsent).map { table in
            AbsentTable(
                source: table.schema.name,
                target: table.target,
                reason: "It has not been copied to \(table.target) yet.",
                remedy: Remedy("\(ProgramCommand("run", sync.name)) copies it, or says why it cannot.")
            )
        }
        // What is left out on purpose has no remedy.
        let left =
            plan.failures.map { ($0.table.schema.name, $0.failure.message, $0.failure.remedy) }
            + plan.skipped.filter { $0.remedy != nil }.map { ($0.name, $0.reason, $0.remedy) }
        let copied = Set(copies.map(\.schema.name))
        for (name, reason, remedy) in left where !copied.contains(name) {
            standing.absent.append(AbsentTable(source: name, target: nil, reason: reason, remedy: remedy))
        }
        return standing
    }

    /// Why the sync brings `copy` up to date no more.
    private func verdict(of copy: SyncedTable, _ plan: SyncPlan) -> Verification.Verdict {
        if let failed = plan.failures.first(where: { $0.table.isSource(of: copy) }) {
            return .stale(failed.failure.message, failed.failure.remedy)
        }
        let orphan = plan.orphans.first { $0.copy.target == copy.target }
        if let skipped = orphan?.table.flatMap({ name in plan.skipped.first { $0.name == name } }),
            skipped.remedy != nil
        {
            return .stale("It is not copied any more: \(skipped.reason)", skipped.remedy)
        }
        let moved = "The sync sends \(copy.schema.name) elsewhere now; this copy stays until you drop it."
        return .kept(orphan?.reason ?? moved)
    }
}

extension TablePlan {
    /// Whether `copy` is of this table, whatever it was called.
    fileprivate func isSource(of copy: SyncedTable) -> Bool {
        schema.id == copy.schema.id || schema.name == copy.schema.name
    }
}
