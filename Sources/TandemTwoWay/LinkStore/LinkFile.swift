import Dispatch
import Foundation
import GRDB
import TandemCore

/// The SQLite file of a ``LinkStore``, and a connection to it.
struct LinkFile: Sendable {
    let path: String
    let database: DatabaseQueue
    private let queue: DispatchQueue

    private init(path: String, database: DatabaseQueue, queue: DispatchQueue) {
        (self.path, self.database, self.queue) = (path, database, queue)
    }

    /// To write; made with its folder if there is none, readable by its owner only.
    ///
    /// - Parameter sync: Whose links it holds, or is to hold.
    static func open(at path: String, sync: String) async throws(LinkStoreError) -> LinkFile {
        try await open(at: path, label: "tandem.links") {
            try makeFile(path)
            var configuration = GRDB.Configuration()
            configuration.journalMode = .wal
            configuration.busyMode = .timeout(10)
            // What is stored stays in one transaction until it is to be durable.
            configuration.allowsUnsafeTransactions = true
            configuration.label = "tandem.links"
            let database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { db in
                try checkIntegrity(db, path)
                for pragma in pragmas { try db.execute(sql: "PRAGMA " + pragma) }
            }
            let migrator = LinkSchema.migrator(sync)
            guard try !database.read(migrator.hasBeenSuperseded) else { throw LinkStoreError.newer(path: path) }
            try migrator.migrate(database)
            return database
        }
    }

    /// To read what is durable, beside a run that writes; `nil` where there is no file.
    static func read(at path: String) async throws(LinkStoreError) -> LinkFile? {
        guard access(path, F_OK) == 0 else { return nil }
        return try await open(at: path, label: "tandem.links.reading") {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let database = try DatabaseQueue(path: path, configuration: configuration)
            guard try database.read({ try $0.tableExists("store") }) else {
                throw LinkStoreError.corrupt(path: path, reason: "it has other tables")
            }
            guard try !database.read(LinkSchema.migrator("").hasBeenSuperseded) else {
                throw LinkStoreError.newer(path: path)
            }
            return database
        }
    }

    private static func open(
        at path: String,
        label: String,
        _ body: @escaping @Sendable () throws -> DatabaseQueue
    ) async throws(LinkStoreError) -> LinkFile {
        let queue = DispatchQueue(label: label)
        let database = try await wait(for: queue, path, body)
        return LinkFile(path: path, database: database, queue: queue)
    }

    /// Waits for the disk on a thread of its own, also where the task is cancelled.
    func perform<Thing: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Thing
    ) async throws(LinkStoreError) -> Thing {
        try await Self.wait(for: queue, path) { try database.writeWithoutTransaction(body) }
    }

    /// Calls `body`, which sees what is durable at one moment.
    func snapshot<Thing: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Thing
    ) async throws(LinkStoreError) -> Thing {
        try await Self.wait(for: queue, path) { try database.read(body) }
    }

    private static func wait<Thing: Sendable>(
        for queue: DispatchQueue,
        _ path: String,
        _ body: @escaping @Sendable () throws -> Thing
    ) async throws(LinkStoreError) -> Thing {
        let result: Result<Thing, LinkStoreError> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { try body() }.mapError { LinkStoreError($0, path: path) })
            }
        }
        return try result.get()
    }

    /// Random pages are what is written most: a large log has each of them come into the file less often.
    private static let pragmas = [
        "synchronous = FULL", "wal_autocheckpoint = 16000", "cache_size = -32000", "journal_size_limit = 67108864",
    ]

    private static func checkIntegrity(_ db: Database, _ path: String) throws {
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard try tables == 0 || db.tableExists("store") else {
            throw LinkStoreError.corrupt(path: path, reason: "it has other tables")
        }
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        guard verdict == "ok" else {
            throw LinkStoreError.corrupt(path: path, reason: "SQLite finds its pages damaged")
        }
    }

    /// SQLite gives its journals the rights of the file itself.
    static func makeFile(_ path: String) throws(LinkStoreError) {
        let folder = URL(filePath: path).deletingLastPathComponent()
        try? FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        close(descriptor)
    }
}
