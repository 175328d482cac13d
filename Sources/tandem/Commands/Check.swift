import ArgumentParser
import TandemCore
import TandemEngine
import TandemRows

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Is everything ready? Every finding with its remedy.",
        discussion: "Looks at each connection, and at the tables that the syncs using it select. Changes nothing."
    )

    @Argument(
        help: ArgumentHelp("Syncs or connections; all of them by default.", valueName: "name"),
        completion: .syncsAndConnections
    )
    var names: [String] = []
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @Flag(name: .shortAndLong, help: "Show also what is in order.")
    var verbose = false

    func run() async throws {
        let workspace = try Workspace(options)
        var findings: [(connection: String, finding: Finding)] = []
        var foresight = Foresight()
        let connections = try connections(in: workspace)
        try workspace.require(connections)
        for connection in connections {
            for finding in try await check(connection, in: workspace) { findings.append((connection, finding)) }
        }
        for sync in workspace.configuration.syncs where connections.contains(where: [sync.from, sync.to].contains) {
            findings += await foreseen(sync, &foresight, beside: findings, in: workspace)
                .filter { connections.contains($0.connection) }
        }
        var seen = Set<Finding>()
        findings.removeAll { $0.finding.severity != .ok && !seen.insert($0.finding).inserted }
        let order = Dictionary(uniqueKeysWithValues: connections.enumerated().map { ($1, $0) })
        findings = findings.enumerated().sorted {
            (order[$0.element.connection] ?? 0, $0.offset) < (order[$1.element.connection] ?? 0, $1.offset)
        }.map(\.element)
        if report.json {
            Terminal.out(try JSON.text(findings.map { FindingJSON($0.finding, of: $0.connection) }))
        } else {
            show(findings)
        }
        if findings.contains(where: { $0.finding.severity == .error }) { throw CommandOutcome(status: .failed) }
    }

    /// What will fail in a run of `sync`.
    private func foreseen(
        _ sync: SyncConfiguration,
        _ foresight: inout Foresight,
        beside known: [(connection: String, finding: Finding)],
        in workspace: Workspace
    ) async -> [(connection: String, finding: Finding)] {
        do {
            let plan = try await foresight.plan(sync, in: workspace)
            return plan.obstacles.map { (sync.to, $0) }
                + plan.failures.map {
                    let name = "\($0.table.schema.name)"
                    return (sync.from, Finding(.error, name, $0.failure.message, remedy: $0.failure.remedy))
                }
                + plan.problems.map {
                    (sync.from, Finding(.error, "sync \(sync.name)", $0.message, remedy: $0.remedy))
                }
        } catch {
            let isTold = known.contains {
                $0.finding.severity == .error && [sync.from, sync.to].contains($0.connection)
            }
            let remedy = (error as? any ExplainedError)?.remedy
            return isTold ? [] : [(sync.to, Finding(.error, "sync \(sync.name)", "\(error)", remedy: remedy))]
        }
    }

    /// The connections that `names` mean, each once.
    private func connections(in workspace: Workspace) throws -> [String] {
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

    private func check(_ name: String, in workspace: Workspace) async throws -> [Finding] {
        let ends = try workspace.ends(of: name)
        let syncs = workspace.configuration.syncs
        var findings: [Finding] = []
        if let source = ends.source, syncs.contains(where: { $0.from == name }) || ends.destination == nil {
            findings += await checkSource(source, of: syncs.filter { $0.from == name }, in: workspace)
            await source.close()
        }
        if let destination = ends.destination, syncs.contains(where: { $0.to == name }) || ends.source == nil {
            findings += await destination.check()
            await destination.close()
        }
        return findings
    }

    /// What a setup would make of tables that `auto` cannot follow as they are.
    private static func advice(on plan: SyncPlan) -> Finding? {
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
        in workspace: Workspace
    ) async -> [Finding] {
        do {
            let catalog = try await source.catalog()
            var findings: [Finding] = []
            var tables: [TableName] = []
            var following: [String: [TableName]] = [:]
            for sync in syncs {
                let plan = await workspace.plan(sync, reading: catalog, of: source)
                tables += plan.tables.map(\.schema.name).filter { !tables.contains($0) }
                let followed = plan.tables.filter { $0.method == .logBased }.map(\.schema.name)
                if !followed.isEmpty || sync.method == .fixed(.logBased) { following[sync.name] = followed }
                if let advice = Self.advice(on: plan) { findings.append(advice) }
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
            return await source.check(tables, following: following) + findings
        } catch {
            // Without a catalog the source's own check says what keeps it from being reached.
            let findings = await source.check([])
            guard !findings.contains(where: { $0.severity == .error }) else { return findings }
            return findings + [
                Finding(.error, "catalog", "\(error)", remedy: (error as? any ExplainedError)?.remedy)
            ]
        }
    }

    private func show(_ findings: [(connection: String, finding: Finding)]) {
        var current: String?
        for (connection, finding) in findings where verbose || finding.severity != .ok {
            if connection != current {
                Terminal.out((current == nil ? "" : "\n") + connection)
                current = connection
            }
            Terminal.out("  \(Self.mark(finding.severity)) \(finding.subject): \(finding.message)")
            for line in RemedyText.lines(finding.remedy, indent: "      ") { Terminal.out(line) }
        }
        func count(_ severity: Finding.Severity) -> Int { findings.count { $0.finding.severity == severity } }
        let counts =
            [Finding.Severity.error, .warning, .note].map { Amounts.counted(count($0), $0.rawValue) }
            .joined(separator: ", ") + ", \(count(.ok)) in order"
        Terminal.out((current == nil ? "" : "\n") + counts)
    }

    private static func mark(_ severity: Finding.Severity) -> String {
        switch severity {
        case .ok: "✓"
        case .note: "·"
        case .warning: "!"
        case .error: "✗"
        }
    }
}
