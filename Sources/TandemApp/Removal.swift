package import TandemCore
import TandemEngine

/// Removes what was made for syncs at their ends. Whose it is stands at the destinations.
package struct Removal {
    /// What became of what was there, at one connection.
    package struct Report: Sendable {
        package var connection: String
        /// What is gone, each a few words.
        package var removed: [String] = []
        /// What stays, and why.
        package var left: [Finding] = []
    }

    private let workspace: Workspace

    init(_ workspace: Workspace) { self.workspace = workspace }

    /// Slots keep log until they are dropped, so the source comes first.
    func run(of sync: SyncConfiguration) async throws -> [Report] {
        let lock = try workspace.lock(sync.name)
        defer { withExtendedLifetime(lock) {} }
        return try await workspace.withDestination(sync.to) { destination in
            try await workspace.refuseAnothers(sync, at: destination)
            let atSource = try await tearDownSource(sync.from, of: [sync], knownTo: [destination])
            var there = Report(connection: sync.to)
            let known = try await destination.tables(of: sync.name)
            try await forget(sync, at: destination)
            if !known.isEmpty { there.removed.append("what was remembered of \(Amounts.tables(known.count))") }
            try await removeMemory(at: destination, &there)
            return [atSource, there]
        }
    }

    /// All that the configuration's syncs have at a connection, and syncs of this project that it does not name any
    /// more. Of other projects' nothing.
    func run(of connection: ConnectionConfiguration) async throws -> Report {
        let reading = workspace.configuration.syncs.filter { $0.from == connection.name }
        var report = Report(connection: connection.name)
        if !reading.isEmpty {
            var destinations: [any Destination] = []
            try await withCleanup {
                for destination in destinations { await destination.close() }
            } after: {
                for name in Set(reading.map(\.to)).sorted() { destinations.append(try workspace.destination(name)) }
                let there = try await tearDownSource(
                    connection.name,
                    of: reading,
                    withUnnamed: true,
                    knownTo: destinations
                )
                report.removed += there.removed
                report.left += there.left
            }
        }
        guard let destination = try workspace.ends(of: connection.name).destination else { return report }
        try await withCleanup(destination.close) {
            for sync in workspace.configuration.syncs where sync.to == connection.name {
                do {
                    try await workspace.refuseAnothers(sync, at: destination)
                    try await forget(sync, at: destination)
                } catch let problems as PlanProblems {
                    let finding = Finding(.note, "sync \(sync.name)", problems.sentence, remedy: problems.remedy)
                    report.left.append(finding)
                }
            }
            try await removeMemory(at: destination, &report)
        }
        return report
    }

    private func forget(_ sync: SyncConfiguration, at destination: any Destination) async throws {
        try await destination.forget(sync.name, tables: nil)
        let known = try await destination.made(of: sync.name).filter { !$0.kind.isAtSource }
        if !known.isEmpty { try await destination.note(made: [], gone: known) }
    }

    /// - Parameter withUnnamed: Whether also what this project's syncs have there that the configuration does not name.
    private func tearDownSource(
        _ name: String,
        of syncs: [SyncConfiguration],
        withUnnamed: Bool = false,
        knownTo destinations: [any Destination]
    ) async throws -> Report {
        var report = Report(connection: name)
        var records: [SourceRecord] = []
        for destination in destinations {
            let made = try await destination.made(of: nil)
            let unnamed = made.filter { object in
                withUnnamed && object.project == workspace.configuration.project
                    && workspace.configuration.sync(object.sync) == nil
            }
            for sync in Set(syncs.map(\.name) + unnamed.map(\.sync)).sorted() {
                records.append(try await destination.sourceRecord(of: sync))
            }
        }
        // What made nothing there does not need it to be there.
        let isFollowed = syncs.contains {
            $0.method == .auto || $0.asks(for: .logBased) || $0.asks(for: .triggerBased)
        }
        guard isFollowed || records.contains(where: { !$0.made.isEmpty || !$0.streams.isEmpty }) else { return report }
        let source = try workspace.source(name)
        try await withCleanup(source.close) {
            let there = try await source.teardown(records)
            for destination in destinations {
                let known = try await destination.made(of: nil)
                let gone = there.gone.filter(known.contains)
                if !gone.isEmpty { try await destination.note(made: [], gone: gone) }
            }
            report.removed = there.removed
            report.left = there.left
        }
        return report
    }

    /// What a destination remembers goes with the last sync that it remembers anything of.
    private func removeMemory(at destination: any Destination, _ report: inout Report) async throws {
        let owners = Set(try await destination.owners().values)
        let made = try await destination.made(of: nil)
        let others = owners.union(made.filter { $0.kind != .sync }.map(\.sync)).sorted()
        guard others.isEmpty else {
            let names = others.map { "\"\($0)\"" }.joined(separator: ", ")
            return report.left.append(Finding(.note, "schema tandem", "It still has what is remembered of \(names)."))
        }
        report.removed += try await destination.teardown()
    }
}

extension Workspace {
    /// Removes all that was made for a sync or at a connection of this name, but for the copies. While it works on a
    /// sync no other run of that can begin.
    package func teardown(_ name: String) async throws -> [Removal.Report] {
        let removal = Removal(self)
        if let sync = configuration.sync(name) { return try await removal.run(of: sync) }
        return [try await removal.run(of: connection(name))]
    }
}
