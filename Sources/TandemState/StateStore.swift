import Dispatch
import Foundation
import GRDB
package import TandemCore

/// What Tandem remembers of its runs, in one SQLite file. Several processes may use it at a time.
///
/// It is history, never the truth about data: that is in the destination.
package final class StateStore: Sendable {
    /// The runs kept of each sync.
    static let runLimit = 1000

    private let database: DatabaseQueue
    private let queue = DispatchQueue(label: "tandem.state")
    private let path: String
    let clock: RunClock

    private init(_ database: DatabaseQueue, path: String, clock: RunClock) {
        self.database = database
        self.path = path
        self.clock = clock
    }

    /// The store at `path`, made with its folder if there is none, readable by its owner only.
    package static func open(
        at path: String,
        clock: RunClock = .system
    ) throws(StateError) -> StateStore {
        try makeFolder(folder(of: path))
        try makeFile(path)
        // Two processes that make the file at once would both try to fill it.
        let lock: FileLock
        do throws(FileLock.Failure) { lock = try FileLock(path: path + ".lock", waiting: true) } catch {
            throw .unwritable(path: path, reason: "its lock file cannot be made")
        }
        defer { lock.release() }
        return try store(path: path, clock: clock) { (configuration) throws(any Error) in
            try DatabaseQueue(path: path, configuration: configuration)
        }
    }

    /// The store at `path`, or `nil` if nothing has been run yet.
    package static func openIfPresent(
        at path: String,
        clock: RunClock = .system
    ) throws(StateError) -> StateStore? {
        access(path, F_OK) == 0 ? try open(at: path, clock: clock) : nil
    }

    /// A store that ends with the process.
    package static func inMemory(clock: RunClock = .system) throws(StateError) -> StateStore {
        try store(path: "the state in memory", clock: clock) { (configuration) throws(any Error) in
            try DatabaseQueue(configuration: configuration)
        }
    }

    /// A store over the database that `open` makes, brought to this version's tables.
    static func store(
        path: String,
        clock: RunClock,
        _ open: (GRDB.Configuration) throws -> DatabaseQueue
    ) throws(StateError) -> StateStore {
        var configuration = GRDB.Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(10)
        configuration.label = "tandem.state"
        do {
            let database = try open(configuration)
            guard try !database.read(StateSchema.migrator.hasBeenSuperseded) else { throw StateError.newer(path: path) }
            try StateSchema.migrator.migrate(database)
            return StateStore(database, path: path, clock: clock)
        } catch let error as StateError {
            throw error
        } catch {
            throw StateError(error, path: path)
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// SQLite gives its journals the rights of the file itself.
    private static func makeFile(_ path: String) throws(StateError) {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        close(descriptor)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateError) -> Value {
        try await perform { try self.database.write(body) }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(StateError) -> Value
    {
        try await perform { try self.database.read(body) }
    }

    /// Waits for the disk on a thread of its own, also where the task is cancelled: an interrupted run is noted too.
    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(StateError) -> Value {
        let path = path
        let result: Result<Value, StateError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { try body() }.mapError { StateError($0, path: path) })
            }
        }
        return try result.get()
    }
}
