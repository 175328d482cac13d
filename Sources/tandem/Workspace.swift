import Foundation
import TandemConnectors
import TandemCore
import TandemEngine
import TandemRows
import TandemState

/// A configuration, and what it leads to.
struct Workspace {
    let configuration: Configuration
    /// The folder of the configuration, from which relative paths start.
    let folder: String
    private let statePath: String
    /// Whether notes are kept back.
    private var isQuiet = false

    /// - Throws: ``ConfigurationProblems`` with everything that is wrong.
    init(_ options: ConfigurationOptions) throws {
        // What is made from here on, such as a warehouse with all its files, is for nobody else to read.
        umask(0o077)
        if options.showValues { WithheldWords.reveal { Terminal.error("note: the database's own words: " + $0) } }
        let file = options.config ?? Self.standardConfiguration
        let location = URL(fileURLWithPath: file).standardizedFileURL
        folder = location.deletingLastPathComponent().path
        statePath = options.state ?? Self.statePath(in: folder)
        configuration = try Configuration.load(
            file: file,
            environment: ProcessInfo.processInfo.environment,
            connectors: ConnectorDirectory(Registry.all)
        )
    }

    /// The same, whose connections tell nothing in passing where that is wanted.
    func quiet(_ isQuiet: Bool) -> Workspace {
        var workspace = self
        workspace.isQuiet = isQuiet
        return workspace
    }

    static var standardConfiguration: String { ProcessInfo.processInfo.environment["TANDEM_CONFIG"] ?? "tandem.yaml" }

    static func statePath(in folder: String) -> String { folder + "/.tandem/state.sqlite" }

    /// What has happened before. `nil`, with a warning, where it cannot be opened: it is history and never the truth.
    func openState() -> StateStore? {
        do throws(StateError) {
            return try StateStore.open(at: statePath)
        } catch {
            Terminal.error(
                (["warning: this leaves no history: \(error)"] + RemedyText.lines(error.remedy)).joined(separator: "\n")
            )
            return nil
        }
    }

    /// What has happened before, if anything has, to be changed.
    func openStateIfPresent() throws -> StateStore? { try StateStore.openIfPresent(at: statePath) }

    /// What has happened before, if anything has; nothing is written to where it is kept.
    func readState() throws -> StateStore? { try StateStore.read(at: statePath) }

    /// Keeps other runs of `sync` away for as long as it is held. `nil` where no lock can be made, which is no reason
    /// not to run.
    func lock(_ sync: String, follows: Bool = false) throws -> SyncLock? {
        do throws(StateError) {
            return try SyncLock(sync: sync, folder: stateFolder, follows: follows)
        } catch {
            if case .running = error { throw error }
            return nil
        }
    }

    /// The same, where a run of `sync` that follows gives way meanwhile.
    func turn(of sync: String) async throws -> SyncLock? {
        do {
            return try await SyncLock(takingTurnOf: sync, folder: stateFolder) { Terminal.error("note: " + $0) }
        } catch let error as StateError {
            if case .running = error { throw error }
            return nil
        }
    }

    private var stateFolder: String { URL(fileURLWithPath: statePath).deletingLastPathComponent().path }
    /// Which ends of syncs a command opens.
    enum Ends { case both, destination, none }

    /// The syncs of these names, or all where there are none.
    ///
    /// - Parameter ends: What of them is to be opened, which may lack what is needed for it.
    func syncs(_ names: [String], opening ends: Ends = .both) throws -> [SyncConfiguration] {
        let syncs = try names.isEmpty ? configuration.syncs : names.map { try sync($0) }
        switch ends {
        case .both: try require(syncs.flatMap { [$0.from, $0.to] })
        case .destination: try require(syncs.map(\.to))
        case .none: break
        }
        return syncs
    }

    private func sync(_ name: String) throws -> SyncConfiguration {
        guard let sync = configuration.sync(name) else {
            throw unknown("sync", name, known: configuration.syncs.map(\.name))
        }
        return sync
    }

    /// - Throws: ``ConfigurationProblems`` where settings of these connections come from variables that are not set.
    func require(_ connections: [String]) throws {
        if let problems = configuration.unset(of: connections) { throw problems }
    }

    /// The sync of this name, or the only one there is.
    func onlySync(_ name: String?) throws -> SyncConfiguration {
        let chosen = try syncs(name.map { [$0] } ?? [])
        guard let first = chosen.first, chosen.count == 1 else {
            throw UsageError(
                description: "\(configuration.file) has \(chosen.count) syncs.",
                remedy: Remedy("Name one of these: \(chosen.map(\.name).joined(separator: ", ")).")
            )
        }
        return first
    }

    func connection(_ name: String) throws -> ConnectionConfiguration {
        guard let connection = configuration.connection(name) else {
            throw unknown("connection", name, known: configuration.connections.map(\.name))
        }
        return connection
    }

    func source(_ name: String) throws -> any Source {
        guard let source = try open(name, { try $0.source($1, in: $2) }) else {
            throw UsageError(description: "Connection \(name) is of a kind that cannot be read from.")
        }
        return source
    }

    func destination(_ name: String) throws -> any Destination {
        guard let destination = try open(name, { try $0.destination($1, in: $2) }) else {
            throw UsageError(description: "Connection \(name) is of a kind that cannot be written to.")
        }
        return destination
    }

    /// As a source, as a destination, or as both.
    func ends(of name: String) throws -> (source: (any Source)?, destination: (any Destination)?) {
        (try open(name) { try $0.source($1, in: $2) }, try open(name) { try $0.destination($1, in: $2) })
    }

    /// Refuses to change what `destination` remembers of another project's sync of the same name.
    func refuseAnothers(_ sync: SyncConfiguration, at destination: any Destination) async throws {
        try await SyncTenure.check(sync, at: destination) {
            let source = try source(sync.from)
            do {
                let origin = try await source.origin()
                await source.close()
                return origin
            } catch {
                await source.close()
                throw error
            }
        }
    }

    /// What a run of `sync` would read from a source with `catalog`, and by which methods.
    ///
    /// The destination may not be there yet. It is asked only where the configuration excludes columns, or names tables
    /// that the source has not, for they may be copied already and have been renamed since.
    func plan(_ sync: SyncConfiguration, reading catalog: Catalog, of source: any Source) async -> SyncPlan {
        let destination = try? destination(sync.to)
        var copies: [TableName: String] = [:]
        if let destination { copies = (try? await Planner.copies(in: source, of: destination)) ?? [:] }
        var exclusions: Exclusions?
        if sync.hasExclusions, let made = try? await destination?.made(of: sync.name) {
            exclusions = try? await Exclusions(of: sync, from: source, made: made)
        }
        let plan = { copied, folding in
            Planner(
                sync: sync,
                catalog: catalog,
                copied: copied,
                copies: copies,
                folding: folding,
                exclusions: exclusions
            ).plan()
        }
        let first = plan([], .exact)
        let copied = first.problems.isEmpty ? nil : try? await destination?.tables(of: sync.name)
        await destination?.close()
        guard let copied, !copied.isEmpty, let folding = destination?.nameFolding else { return first }
        return plan(copied, folding)
    }

    private func unknown(_ what: String, _ name: String, known: [String]) -> UsageError {
        UsageError(
            description: "There is no \(what) \"\(name)\" in \(configuration.file).",
            remedy: known.isEmpty ? nil : Remedy("Name one of these: \(known.joined(separator: ", ")).")
        )
    }

    /// The same for connections that reach one and the same place.
    func place(of name: String) throws -> String {
        try open(name) { $0.place($1, in: $2) } ?? name
    }

    /// Swift opens the connector's type here, once, so that each keeps its own type of configuration.
    private func open<End>(
        _ name: String,
        _ make: (any Opener, [String: String], ConnectionContext) throws -> End?
    ) throws -> End? {
        let connection = try connection(name)
        try require([name])
        guard let connector = Registry.all.first(where: { $0.name == connection.type }) else { return nil }
        let syncs = configuration.syncs.filter { $0.from == name }.map(\.name)
        let (isQuiet, project) = (isQuiet, configuration.project)
        let context = ConnectionContext(name: name, folder: folder, syncs: syncs, project: project) { note in
            if !isQuiet { Terminal.error("note: " + note) }
        }
        return try make(opener(connector), connection.settings, context)
    }

    private func opener<C: Connector>(_ connector: C.Type) -> any Opener { ConnectorOpener<C>() }
}

/// A connector whose configuration's type is of no interest to the caller.
private protocol Opener {
    func place(_ settings: [String: String], in context: ConnectionContext) -> String
    func source(_ settings: [String: String], in context: ConnectionContext) throws -> (any Source)?
    func destination(_ settings: [String: String], in context: ConnectionContext) throws -> (any Destination)?
}

private struct ConnectorOpener<C: Connector>: Opener {
    func place(_ settings: [String: String], in context: ConnectionContext) -> String {
        C.place(C.configure(settings).config, in: context)
    }

    func source(_ settings: [String: String], in context: ConnectionContext) throws -> (any Source)? {
        try C.source(C.configure(settings).config, in: context)
    }

    func destination(_ settings: [String: String], in context: ConnectionContext) throws -> (any Destination)? {
        try C.destination(C.configure(settings).config, in: context)
    }
}
