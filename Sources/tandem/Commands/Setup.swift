import ArgumentParser
import Foundation
import TandemCore
import TandemEngine
import TandemRows

struct Setup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the SQL an administrator runs so that Tandem may read or write.",
        discussion: """
            Covers the schemas of the tables that the syncs using the connection select, and what writing takes where \
            one of them writes to it; for TRIGGER_BASED, the triggers on their tables. Nothing is run unless --apply is \
            given.
            """
    )

    @Argument(help: "A connection of the configuration.", completion: .connections)
    var connection: String
    @Flag(name: .long, help: "Run the SQL: as the connection's user, or as --admin-url.")
    var apply = false
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The administrator to run it as, and to look at the database with; - reads it from standard input. Others see command lines: TANDEM_ADMIN_URL, in the environment, is the place for one with a password.",
            valueName: "url"
        )
    )
    var adminURL: String?
    @Flag(name: .long, help: "Print the connection's password in the SQL instead of a placeholder.")
    var showPassword = false
    @Option(
        name: .long,
        help: "LOG_BASED or TRIGGER_BASED: what that takes, too. By default as the syncs say.",
        completion: .list([Method.logBased, .triggerBased].map(\.rawValue))
    )
    var method: String?
    @Option(
        name: .long,
        help: "What is to decode the log: pgoutput, or wal2json with a slot made by hand.",
        completion: .list(["pgoutput", "wal2json"])
    )
    var plugin: String?
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func validate() throws {
        if let method, Method(rawValue: method) == nil {
            let methods = Method.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--method is one of \(methods), not \"\(method)\".")
        }
        if let plugin, !["pgoutput", "wal2json"].contains(plugin) {
            throw ValidationError("--plugin is pgoutput or wal2json, not \"\(plugin)\".")
        }
    }

    func run() async throws {
        let workspace = try Workspace(options)
        let source = try workspace.source(connection)
        let request = SetupRequest(
            schemas: await schemas(of: source, in: workspace),
            targets: await targets(in: workspace),
            uses: uses(in: workspace),
            following: await following(of: source, in: workspace),
            noting: await noting(of: source, in: workspace),
            plugin: plugin,
            showPassword: showPassword,
            apply: apply,
            adminURL: try administrator
        )
        let script = try await source.setup(request)
        await source.close()
        if report.json { return Terminal.out(try JSON.text(SetupJSON(script))) }
        for step in script.steps { Terminal.out("-- \(step.comment)\n\(step.sql);\n") }
        for advice in script.advice { Terminal.out("-- " + advice.split(separator: "\n").joined(separator: "\n-- ")) }
        if script.applied {
            Terminal.error(script.steps.isEmpty ? "Nothing was missing." : "Done: all of the above has been run.")
        }
    }

    private var administrator: String? {
        get throws {
            guard adminURL == "-" else { return adminURL ?? ProcessInfo.processInfo.environment["TANDEM_ADMIN_URL"] }
            if isatty(STDIN_FILENO) == 1 {
                guard let typed = getpass("Administrator's URL (it is not shown): ") else { return nil }
                return String(cString: typed)
            }
            guard let line = readLine(), !line.isEmpty else {
                throw UsageError(description: "--admin-url - reads a URL from standard input, and there is none.")
            }
            return line
        }
    }

    /// What the syncs do with the connection; reading, where none uses it.
    private func uses(in workspace: Workspace) -> Set<SetupRequest.Use> {
        let syncs = workspace.configuration.syncs
        let isWritten = syncs.contains { $0.to == connection }
        let isRead = syncs.contains { $0.from == connection } || !isWritten
        return Set(SetupRequest.Use.allCases.filter { $0 == .reading ? isRead : isWritten })
    }

    /// By sync, the tables whose changes are to be followed, also those that the user may not read yet.
    private func following(of source: any Source, in workspace: Workspace) async -> [String: [TableName]] {
        let syncs = workspace.configuration.syncs.filter { $0.from == connection }
        let isAsked = method == Method.logBased.rawValue
        guard isAsked || method == nil else { return [:] }
        let catalog = try? await source.catalog()
        let kinds = Dictionary((catalog?.tables ?? []).map { ($0.schema.name, $0.kind) }) { first, _ in first }
        var following: [String: [TableName]] = [:]
        for sync in syncs where isAsked || sync.asks(for: .logBased) {
            var names: [TableName] = []
            if let catalog {
                let plan = await workspace.plan(sync, reading: catalog, of: source)
                names = plan.tables.filter { isAsked || $0.method == .logBased }.map(\.schema.name)
                names += plan.skipped.filter {
                    $0.remedy != nil && (isAsked || sync.asks(for: .logBased, of: $0.name))
                }.map(\.name)
            }
            following[sync.name] = names.filter { kinds[$0] == .table || kinds[$0] == .partitionedTable }
        }
        // Asked for a connection that no sync reads from.
        return following.isEmpty && isAsked ? [connection: []] : following
    }

    /// The tables whose changes are to be noted by triggers: where that is asked for, all that a sync selects.
    private func noting(of source: any Source, in workspace: Workspace) async -> [TableName] {
        let isAsked = method == Method.triggerBased.rawValue
        guard isAsked || method == nil else { return [] }
        let syncs = workspace.configuration.syncs.filter { $0.from == connection }
        guard let catalog = try? await source.catalog() else {
            if isAsked || syncs.contains(where: { $0.asks(for: .triggerBased) }) {
                Terminal.error(
                    "note: TRIGGER_BASED: the triggers come with a second `tandem setup`, once the user can log in."
                )
            }
            return []
        }
        var names: [TableName] = []
        for sync in syncs {
            var sync = sync
            // As if they were there already.
            sync.autoSetup = true
            let plan = await workspace.plan(sync, reading: catalog, of: source)
            let chosen = plan.tables.filter { isAsked || $0.method == .triggerBased }.map(\.schema.name)
            let skipped = plan.skipped.filter {
                $0.remedy != nil && (isAsked || sync.asks(for: .triggerBased, of: $0.name))
            }.map(\.name)
            names += (chosen + skipped).filter { !names.contains($0) }
        }
        let kinds = Dictionary(catalog.tables.map { ($0.schema.name, $0.kind) }) { first, _ in first }
        return names.filter { kinds[$0] == .table || kinds[$0] == .partitionedTable }
    }

    /// The schemas that syncs put their tables into here, as far as their sources can be asked.
    private func targets(in workspace: Workspace) async -> [String] {
        var schemas: Set<String> = []
        for sync in workspace.configuration.syncs where sync.to == connection {
            guard let source = try? workspace.source(sync.from) else { continue }
            if let catalog = try? await source.catalog() {
                let plan = await workspace.plan(sync, reading: catalog, of: source)
                schemas.formUnion(plan.tables.map(\.target.schema))
            }
            await source.close()
        }
        return schemas.sorted()
    }

    /// The schemas the syncs read from, or none for all, where the user may not see them yet.
    private func schemas(of source: any Source, in workspace: Workspace) async -> [String] {
        let syncs = workspace.configuration.syncs.filter { $0.from == connection }
        guard !syncs.isEmpty, let catalog = try? await source.catalog() else { return [] }
        var schemas: Set<String> = []
        for sync in syncs {
            schemas.formUnion(await workspace.plan(sync, reading: catalog, of: source).tables.map(\.schema.name.schema))
        }
        return schemas.sorted()
    }
}

private struct SetupJSON: Encodable {
    struct Step: Encodable {
        var comment: String
        var sql: String
    }

    var steps: [Step]
    var advice: [String]
    var applied: Bool

    init(_ script: SetupScript) {
        steps = script.steps.map { Step(comment: $0.comment, sql: $0.sql) }
        advice = script.advice
        applied = script.applied
    }
}

extension SyncConfiguration {
    /// Whether the sync or one of its rules names `method`.
    func asks(for method: Method) -> Bool {
        self.method == .fixed(method) || tables.contains { $0.method == .fixed(method) }
    }
}
