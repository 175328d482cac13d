package import TandemCore
import TandemEngine
import TandemRows

extension Workspace {
    /// Whether everything is ready: what there is to find at connections, and in the tables that the syncs using them
    /// select. Changes nothing.
    ///
    /// - Parameter names: Of syncs or connections; all where there are none.
    /// - Returns: By connection, in their order in the configuration.
    package func check(_ names: [String]) async throws -> [(connection: String, finding: Finding)] {
        try await Inspection(workspace: self).run(names)
    }
}

/// One look at everything that a run would need.
private struct Inspection {
    let workspace: Workspace

    func run(_ names: [String]) async throws -> [(connection: String, finding: Finding)] {
        let connections = try connections(names)
        try workspace.require(connections)
        let syncs = workspace.configuration.syncs.filter {
            connections.contains($0.from) || connections.contains($0.to)
        }
        let plans = await plans(of: syncs)
        var findings: [(connection: String, finding: Finding)] = []
        for connection in connections {
            let found = try await check(connection, with: plans.compactMapValues { try? $0.get() })
            findings += found.map { (connection, $0) }
        }
        for sync in syncs {
            guard let plan = plans[sync.name] else { continue }
            // Of a connection that was not asked for, nothing is said.
            if case .failure = plan, ![sync.from, sync.to].allSatisfy(connections.contains) { continue }
            findings += self.findings(of: sync, plan, beside: findings).filter { connections.contains($0.connection) }
        }
        let errors = findings.filter { $0.finding.severity == .error }
        findings.removeAll { one in
            one.finding.severity == .warning
                && errors.contains { $0.connection == one.connection && $0.finding.subject == one.finding.subject }
        }
        var seen = Set<Finding>()
        findings.removeAll { $0.finding.severity != .ok && !seen.insert($0.finding).inserted }
        let order = Dictionary(uniqueKeysWithValues: connections.enumerated().map { ($1, $0) })
        findings = findings.enumerated().sorted {
            (order[$0.element.connection] ?? 0, $0.offset) < (order[$1.element.connection] ?? 0, $1.offset)
        }.map(\.element)
        return findings
    }

    /// The plans of `syncs`, by name, as runs of all of them would find things.
    private func plans(of syncs: [SyncConfiguration]) async -> [String: Result<SyncPlan, any Error>] {
        var foresight = Foresight()
        var plans: [String: Result<SyncPlan, any Error>] = [:]
        for sync in syncs {
            do {
                plans[sync.name] = .success(try await workspace.plan(sync, with: &foresight))
            } catch { plans[sync.name] = .failure(error) }
        }
        return plans
    }

    /// What will fail in a run of `sync`.
    private func findings(
        of sync: SyncConfiguration,
        _ plan: Result<SyncPlan, any Error>,
        beside known: [(connection: String, finding: Finding)]
    ) -> [(connection: String, finding: Finding)] {
        switch plan {
        case .success(let plan):
            let name = "sync \(sync.name)"
            return plan.obstacles.map { (sync.to, $0) }
                + plan.failures.map {
                    let failure = $0.failure
                    return (
                        sync.from, Finding(.error, "\($0.table.schema.name)", failure.message, remedy: failure.remedy)
                    )
                }
                + plan.problems.map { (sync.from, Finding(.error, name, $0.message, remedy: $0.remedy)) }
                + plan.refused.map { method, reason, remedy in
                    let message = "auto takes another method than \(method.rawValue): \(reason)"
                    return (sync.from, Finding(.note, name, message, remedy: remedy))
                }
        case .failure(let error):
            let isTold = known.contains {
                $0.finding.severity == .error && [sync.from, sync.to].contains($0.connection)
            }
            let remedy = (error as? any ExplainedError)?.remedy
            return isTold ? [] : [(sync.to, Finding(.error, "sync \(sync.name)", "\(error)", remedy: remedy))]
        }
    }

    /// The connections that `names` mean, each once.
    private func connections(_ names: [String]) throws -> [String] {
        let all = workspace.configuration.connections.map(\.name)
        guard !names.isEmpty else { return all }
        var chosen = Set<String>()
        for name in names {
            if let sync = workspace.configuration.sync(name) {
                chosen.formUnion([sync.from, sync.to])
            } else {
                chosen.insert(try workspace.connection(name).name)
            }
        }
        return all.filter(chosen.contains)
    }

    private func check(_ name: String, with plans: [String: SyncPlan]) async throws -> [Finding] {
        let ends = try workspace.ends(of: name)
        let syncs = workspace.configuration.syncs
        var findings: [Finding] = []
        if let source = ends.source, syncs.contains(where: { $0.from == name }) || ends.destination == nil {
            findings += await checkSource(source, of: syncs.filter { $0.from == name }, plans)
            await source.close()
        }
        if let destination = ends.destination, syncs.contains(where: { $0.to == name }) || ends.source == nil {
            findings += await destination.check()
            await destination.close()
        }
        return findings
    }

    /// What a setup would make of tables that `auto` cannot follow as they are.
    private func advice(on plan: SyncPlan) -> Finding? {
        let waiting = plan.tables.filter(\.isAutomatic).compactMap { table -> (table: TablePlan, remedy: Remedy?)? in
            guard !table.method.isFollowed, case .needsSetup(_, let remedy) = table.source.methods[.triggerBased] else {
                return nil
            }
            return (table, remedy)
        }
        guard let first = waiting.first else { return nil }
        let more = waiting.count > 1 ? " and \(waiting.count - 1) more" : ""
        return Finding(
            .note,
            "sync \(plan.sync)",
            "Of \(first.table.schema.name)\(more) the log cannot be read; triggers could note what changes.",
            remedy: first.remedy
        )
    }

    private func checkSource(
        _ source: any Source,
        of syncs: [SyncConfiguration],
        _ plans: [String: SyncPlan]
    ) async -> [Finding] {
        do {
            let catalog = try await source.catalog()
            var findings: [Finding] = []
            var tables: [TableName] = []
            var following: [String: [TableName]] = [:]
            var left: [TableName] = []
            for sync in syncs {
                let plan = await workspace.plan(sync, reading: catalog, of: source)
                tables += plan.tables.map(\.schema.name).filter { !tables.contains($0) }
                let methods = plans[sync.name].flatMap { $0.problems.isEmpty ? $0 : nil } ?? plan
                let followed = methods.tables.filter { $0.method == .logBased }.map(\.schema.name)
                if !followed.isEmpty || sync.method == .fixed(.logBased) { following[sync.name] = followed }
                if let advice = advice(on: plan) { findings.append(advice) }
                left += plan.skipped.filter { $0.remedy != nil }.map(\.name) + plan.failures.map(\.table.schema.name)
                // What is excluded on purpose has no remedy and is no finding.
                findings += plan.skipped.filter { $0.remedy != nil }.map {
                    Finding(
                        .warning,
                        "\($0.name)",
                        "Sync \"\(sync.name)\" leaves it out: \($0.reason)",
                        remedy: $0.remedy
                    )
                }
                findings += plan.problems.map { Finding(.error, "sync \(sync.name)", $0.message, remedy: $0.remedy) }
            }
            return await source.check(TableUses(read: tables, followed: following, left: left)) + findings
        } catch {
            // Without a catalog the source's own check says what keeps it from being reached.
            let findings = await source.check(TableUses())
            guard !findings.contains(where: { $0.severity == .error }) else { return findings }
            return findings + [
                Finding(.error, "catalog", "\(error)", remedy: (error as? any ExplainedError)?.remedy)
            ]
        }
    }
}
