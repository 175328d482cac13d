import Foundation
import TandemConnectors
package import TandemCore
package import TandemEngine
import TandemState

/// A configuration, and what can be done with it: what the commands and a server stand on.
///
/// One value serves as many callers at once as there are. Nothing here prints, ends the process, or looks at the
/// environment: what is worth telling in passing goes to ``notify``, everything else is returned or thrown, as an
/// `ExplainedError` where somebody has to do something about it. Work stops when its task is cancelled.
///
/// | to | call |
/// |---|---|
/// | run a sync | ``run(_:as:observe:)`` |
/// | say how syncs stand | ``status(of:)`` |
/// | look before a run | ``plan(_:)``, ``check(_:)`` |
/// | prepare a database | ``setup(_:)`` |
/// | compare both ends | ``verify(_:tables:observe:)`` |
/// | see to rows that were refused | ``issues(_:)``, ``retry(_:_:)``, ``ignore(_:_:)`` |
/// | begin anew, rename, remove | ``reset(_:tables:)``, ``rename(_:to:)``, ``teardown(_:)`` |
/// | look into a connection | ``catalog(of:)``, ``query(_:sql:take:)`` |
package struct Workspace: Sendable {
    package let configuration: Configuration
    /// The folder of the configuration, from which relative paths start.
    let folder: String
    private let statePath: String
    /// By which everything is timed.
    let clock: RunClock
    /// Gets what is worth telling in passing, from any thread.
    package var notify: @Sendable (Notice) -> Void

    /// Reads a configuration. No connection is opened.
    ///
    /// - Parameters:
    ///   - file: The configuration.
    ///   - state: Where the history is kept; ``statePath(in:)`` of the configuration's folder where `nil`.
    ///   - environment: The variables that the configuration may name.
    /// - Throws: ``ConfigurationProblems`` with everything that is wrong.
    package init(
        file: String,
        state: String? = nil,
        environment: [String: String],
        clock: RunClock = .system,
        notify: @escaping @Sendable (Notice) -> Void = { _ in }
    ) throws {
        let location = URL(fileURLWithPath: file).standardizedFileURL
        folder = location.deletingLastPathComponent().path
        statePath = state ?? Self.statePath(in: folder)
        configuration = try Configuration.load(
            file: file,
            environment: environment,
            connectors: ConnectorDirectory(Registry.all)
        )
        self.clock = clock
        self.notify = notify
    }

    package static func statePath(in folder: String) -> String { folder + "/.tandem/state.sqlite" }

    // MARK: History

    /// What has happened before. `nil`, with a notice, where it cannot be opened: it is history and never the truth.
    func openState() -> StateStore? {
        do throws(StateError) {
            return try StateStore.open(at: statePath, clock: clock)
        } catch {
            notify(.noHistory(error))
            return nil
        }
    }

    /// What has happened before, if anything has, to be changed.
    func openStateIfPresent() throws -> StateStore? { try StateStore.openIfPresent(at: statePath, clock: clock) }

    /// What has happened before, if anything has; nothing is written to where it is kept.
    func readState() throws -> StateStore? { try StateStore.read(at: statePath, clock: clock) }

    // MARK: Locks

    /// Keeps other runs of `sync` away for as long as it is held. `nil` where no lock can be made, which is no reason
    /// not to run.
    func lock(_ sync: String, follows: Bool = false) throws -> SyncLock? {
        do throws(StateError) {
            return try SyncLock(sync: sync, folder: stateFolder, follows: follows, clock: clock)
        } catch {
            if case .running = error { throw error }
            return nil
        }
    }

    /// The same, where a run of `sync` that follows gives way meanwhile.
    func turn(of sync: String) async throws -> SyncLock? {
        do {
            return try await SyncLock(takingTurnOf: sync, folder: stateFolder, clock: clock) { notify(.waiting($0)) }
        } catch let error as StateError {
            if case .running = error { throw error }
            return nil
        }
    }

    private var stateFolder: String { URL(fileURLWithPath: statePath).deletingLastPathComponent().path }

    // MARK: What the configuration names

    /// Which ends of syncs are going to be opened.
    package enum Ends { case both, destination, none }

    /// The syncs of these names, or all where there are none.
    ///
    /// - Parameter ends: What of them is to be opened, which may lack what is needed for it.
    package func syncs(_ names: [String], opening ends: Ends = .both) throws -> [SyncConfiguration] {
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

    /// The sync of this name, or the only one there is.
    package func onlySync(_ name: String?) throws -> SyncConfiguration {
        let chosen = try syncs(name.map { [$0] } ?? [])
        guard let first = chosen.first, chosen.count == 1 else {
            throw UsageError(
                description: "\(configuration.file) has \(chosen.count) syncs.",
                remedy: Remedy("Name one of these: \(chosen.map(\.name).joined(separator: ", ")).")
            )
        }
        return first
    }

    package func connection(_ name: String) throws -> ConnectionConfiguration {
        guard let connection = configuration.connection(name) else {
            throw unknown("connection", name, known: configuration.connections.map(\.name))
        }
        return connection
    }

    /// - Throws: ``ConfigurationProblems`` where settings of these connections come from variables that are not set.
    func require(_ connections: [String]) throws {
        if let problems = configuration.unset(of: connections) { throw problems }
    }

    private func unknown(_ what: String, _ name: String, known: [String]) -> UsageError {
        UsageError(
            description: "There is no \(what) \"\(name)\" in \(configuration.file).",
            remedy: known.isEmpty ? nil : Remedy("Name one of these: \(known.joined(separator: ", ")).")
        )
    }
}
