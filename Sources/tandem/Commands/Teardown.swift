import ArgumentParser
import TandemCore
import TandemEngine

struct Teardown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all that Tandem created in a database.",
        discussion: """
            The copied tables are yours and stay. At the source, the slot and publications of LOG_BASED go, and the triggers \
            and logs of TRIGGER_BASED; what an administrator made stays. A full copy creates nothing there.
            """
    )

    @Argument(
        help: ArgumentHelp("A sync or a connection of the configuration.", valueName: "sync|connection"),
        completion: .syncsAndConnections
    )
    var name: String
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let workspace = try Workspace(options)
        var removed: [(connection: String, what: [String])] = []
        if let sync = workspace.configuration.sync(name) {
            removed.append((sync.from, try await tearDownSource(of: sync, in: workspace)))
            removed.append((sync.to, try await tearDown(sync, in: workspace)))
        } else {
            let connection = try workspace.connection(name).name
            let ends = try workspace.ends(of: connection)
            let atSource = try await (ends.source as? any ChangeSource)?.teardown(syncs: nil) ?? []
            await ends.source?.close()
            removed.append((connection, try await atSource + (ends.destination?.teardown() ?? [])))
            await ends.destination?.close()
        }
        if report.json {
            return Terminal.out(try JSON.text(removed.map { RemovedJSON(connection: $0.connection, removed: $0.what) }))
        }
        for (connection, what) in removed {
            if what.isEmpty { Terminal.out("\(connection): nothing had been created there") }
            for item in what { Terminal.out("\(connection): removed \(item)") }
        }
    }

    /// Slots keep log until they are dropped, so the source comes first.
    private func tearDownSource(of sync: SyncConfiguration, in workspace: Workspace) async throws -> [String] {
        // What made nothing there does not need it to be there.
        guard sync.method == .auto || sync.asks(for: .logBased) || sync.asks(for: .triggerBased) else { return [] }
        let source = try workspace.source(sync.from)
        let removed = try await (source as? any ChangeSource)?.teardown(syncs: [sync.name]) ?? []
        await source.close()
        return removed
    }

    /// What other syncs have there stays.
    private func tearDown(_ sync: SyncConfiguration, in workspace: Workspace) async throws -> [String] {
        let destination = try workspace.destination(sync.to)
        let known = try await destination.tables(of: sync.name)
        try await destination.forget(sync.name, tables: nil)
        var removed = known.isEmpty ? [] : ["what was remembered of \(Amounts.tables(known.count))"]
        if try await destination.owners().isEmpty { removed += try await destination.teardown() }
        await destination.close()
        return removed
    }
}

private struct RemovedJSON: Encodable {
    var connection: String
    var removed: [String]
}
