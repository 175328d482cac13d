package import TandemCore
package import TandemRows

extension SyncRun {
    /// Compares both ends. Tables that are followed are brought to one moment of the source first, and compared with
    /// the source as it was then, while it goes on.
    ///
    /// - Parameters:
    ///   - isWanted: Which of the sync's copies to compare.
    ///   - report: Called with each result as it comes.
    package func verify(
        of isWanted: (CopiedTable) -> Bool = { _ in true },
        report: (Verification.TableResult) -> Void = { _ in }
    ) async throws -> [Verification.TableResult] {
        let folding = destination.nameFolding
        let names = sync.namesByTarget(folding)
        let verification = Verification(
            of: sync.name,
            source: source,
            destination: destination,
            unfit: sync.unfitValues,
            readers: readers,
            findsDeletes: sync.deletes == .compare,
            isChosen: { [sync] column, table, target in
                let name = names[target.folded(folding)] ?? table
                return TableSelection(of: name, in: sync).columnRule?.columns?.includes(column) ?? true
            }
        )
        var results: [Verification.TableResult] = []
        var compared: Set<TableName> = []
        for follower in try await followers(of: destination.tables(of: sync.name)) {
            guard let (snapshot, _) = try await moment(for: follower, readers: readers) else { continue }
            let settled: [TableName: Verification.Verdict]
            do { settled = try await self.settled() } catch {
                await snapshot.close()
                throw error
            }
            results += try await verification.run(
                at: snapshot,
                of: { $0.stream == follower.id && isWanted($0) },
                settled: settled,
                observe: report
            )
            compared.formUnion(results.map(\.copy.target))
        }
        let rest = try await destination.tables(of: sync.name).filter { !compared.contains($0.target) && isWanted($0) }
        guard !rest.isEmpty else { return results }
        let settled = try await settled()
        return results
            + (try await verification.run(
                of: { !compared.contains($0.target) && isWanted($0) },
                settled: settled,
                observe: report
            ))
    }

    /// What is to be said of copies that the sync brings up to date no more, by target.
    private func settled() async throws -> [TableName: Verification.Verdict] {
        let plan = try await Planner.plan(sync, from: source, to: destination)
        var settled: [TableName: Verification.Verdict] = [:]
        let folding = destination.nameFolding
        let targets = Set(
            plan.tables.flatMap { [$0.target] + [$0.retires].compactMap(\.self) }.map { $0.folded(folding) }
        )
        let skipped = Dictionary(plan.skipped.map { ($0.name, $0) }) { first, _ in first }
        for copy in try await destination.tables(of: sync.name) where !targets.contains(copy.target.folded(folding)) {
            let orphan = plan.orphans.first { $0.copy.target == copy.target }
            let skip = orphan?.table.flatMap { skipped[$0] }
            // What is left out on purpose has no remedy.
            if let skip, skip.remedy != nil {
                settled[copy.target] = .stale("it is not copied any more: \(skip.reason)")
            } else if orphan?.table != nil, skip == nil {
                settled[copy.target] = .stale("`tandem plan \(sync.name)` says why it is not copied any more")
            } else {
                let moved = "The sync sends \(copy.schema.name) elsewhere now; this copy stays until you drop it."
                settled[copy.target] = .kept(orphan?.reason ?? moved)
            }
        }
        return settled
    }

    /// A table that the sync selects, and that is not at the destination.
    package struct UncopiedTable: Sendable {
        package var source: TableName
        /// Where it is to go; `nil` for one that cannot be copied.
        package var target: TableName?
        /// One sentence.
        package var reason: String
        package var remedy: Remedy?
    }

    /// The tables that the sync selects and of which there is no copy, but for those that are left out on purpose.
    package func uncopied() async throws -> [UncopiedTable] {
        let plan = try await Planner.plan(sync, from: source, to: destination)
        let folding = destination.nameFolding
        let copies = try await destination.tables(of: sync.name)
        let targets = Set(copies.map { $0.target.folded(folding) })
        let sources = Set(copies.map(\.schema.name))
        let waiting = plan.tables.filter { table in
            !targets.contains(table.target.folded(folding))
                && !(table.retires.map { targets.contains($0.folded(folding)) } ?? false)
        }
        return waiting.map { table in
            UncopiedTable(
                source: table.schema.name,
                target: table.target,
                reason: "It has not been copied to \(table.target) yet.",
                remedy: Remedy("`tandem run \(sync.name)` copies it, or says why it cannot.")
            )
        }
            + plan.skipped.filter { $0.remedy != nil && !sources.contains($0.name) }.map {
                UncopiedTable(source: $0.name, target: nil, reason: $0.reason, remedy: $0.remedy)
            }
    }
}
