public import Foundation
import Synchronization

/// A throw-away Postgres server, for tests and the demo: its own folder, a free port of the loopback address, user
/// `postgres` without a password, and no fsync.
///
/// Its keeper is a small shell of the unprivileged user that stops the server and removes the folder when this process
/// ends, in whatever way.
public final class PostgresServer: Sendable {
    /// How a server ends: letting transactions go, or as if it had crashed.
    public enum StopMode: String, Sendable {
        case fast, immediate
    }

    public struct Failure: Error, CustomStringConvertible {
        public var description: String
        public init(description: String) { self.description = description }
    }

    public let programs: PostgresPrograms
    public let port: Int
    public let folder: URL
    private let keeper: Mutex<PostgresKeeper?>
    public static let host = "127.0.0.1"
    public static let user = "postgres"

    /// Makes and starts a server.
    ///
    /// - Parameters:
    ///   - settings: For `postgresql.conf`, by name, values as written there.
    ///   - access: Lines of `pg_hba.conf`, which go before the one that trusts every local connection.
    public convenience init(programs: PostgresPrograms, settings: [String: String] = [:], access: [String] = []) throws
    {
        try self.init(programs, settings: settings, access: access) { folder in
            let arguments = [
                "-D", folder.appending(path: "data").path, "-U", Self.user, "-A", "trust", "-N", "-E", "UTF8",
                "--locale=C.UTF-8",
            ]
            try programs.run("initdb", arguments)
        }
    }

    /// A server whose data folder `fill` makes.
    init(
        _ programs: PostgresPrograms,
        settings: [String: String],
        access: [String],
        fill: (URL) throws -> Void
    ) throws {
        self.programs = programs
        port = try PostgresPrograms.freePort()
        folder = FileManager.default.temporaryDirectory.appending(
            path: "tandem-postgres-\(UUID().uuidString.prefix(8))"
        )
        try PostgresPrograms.makeFolder(folder)
        keeper = Mutex(nil)
        do {
            try fill(folder)
            try configure(settings, access: access)
            try start()
        } catch {
            _ = try? PostgresPrograms.runAsOwner("/bin/rm", ["-rf", folder.path])
            throw error
        }
    }

    public var data: URL { folder.appending(path: "data") }

    /// Starts it, again on the same port after ``stop(_:)`` or ``kill()``. Returns once it takes connections.
    public func start() throws {
        try keeper.withLock { keeper in
            guard keeper == nil else { return }
            keeper = try PostgresKeeper(self)
        }
    }

    /// Stops it, and returns once it has ended.
    public func stop(_ mode: StopMode = .immediate) {
        keeper.withLock { keeper in
            keeper?.stop(mode)
            keeper = nil
        }
    }

    /// Kills it without a word, as a failing machine would.
    public func kill() {
        if let text = try? String(contentsOf: data.appending(path: "postmaster.pid"), encoding: .utf8),
            let pid = text.split(whereSeparator: \.isNewline).first.flatMap({ pid_t($0) })
        {
            Glibc.kill(pid, SIGKILL)
        }
        stop(.immediate)
    }

    public func restart() throws {
        stop(.fast)
        try start()
    }

    /// Copies the data folder of a server that is stopped, as a snapshot of its disk would.
    public func saveDisk() throws {
        try PostgresPrograms.runAsOwner("/bin/rm", ["-rf", savedDisk.path])
        try PostgresPrograms.runAsOwner("/bin/cp", ["-a", data.path, savedDisk.path])
    }

    /// Puts the data folder of a server that is stopped back to what was saved last.
    public func restoreDisk() throws {
        try PostgresPrograms.runAsOwner("/bin/rm", ["-rf", data.path])
        try PostgresPrograms.runAsOwner("/bin/cp", ["-a", savedDisk.path, data.path])
    }

    private var savedDisk: URL { folder.appending(path: "saved") }

    /// Stops it and removes its folder.
    public func remove() {
        stop(.immediate)
        _ = try? PostgresPrograms.runAsOwner("/bin/rm", ["-rf", folder.path])
    }

    /// What it wrote to its log.
    public var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }

    private func configure(_ settings: [String: String], access: [String]) throws {
        var lines = Self.standard
        lines["port"] = String(port)
        // Servers that have this setting load no output plugin which it does not name.
        if try programs.run("postgres", ["--describe-config"]).contains(Self.pluginSetting) {
            lines[Self.pluginSetting] = "'pgoutput, test_decoding, wal2json'"
        }
        lines.merge(settings) { $1 }
        let text = lines.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: "\n") + "\n"
        try PostgresPrograms.write(text, to: data.appending(path: "postgresql.auto.conf"))
        let trusted = [
            "local all all trust", "host all all 127.0.0.1/32 trust", "host all all ::1/128 trust",
            "host replication all 127.0.0.1/32 trust",
        ]
        try PostgresPrograms.write(
            (access + trusted).joined(separator: "\n") + "\n",
            to: data.appending(path: "pg_hba.conf")
        )
    }

    private static let pluginSetting = "output_plugin_libraries"

    private static let standard = [
        "listen_addresses": "'127.0.0.1'", "unix_socket_directories": "''", "fsync": "off", "full_page_writes": "off",
        "synchronous_commit": "off", "shared_buffers": "'64MB'", "max_connections": "100", "wal_level": "logical",
        "max_wal_senders": "50", "max_replication_slots": "100", "autovacuum": "off", "log_min_messages": "warning",
        "max_wal_size": "'1GB'",
    ]
}
