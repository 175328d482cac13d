public import Foundation

/// The programs of one Postgres, run by a user who may run them.
public struct PostgresPrograms: Sendable {
    /// Postgres refuses to run as root; `nobody` does it then.
    private static let nobody = 65534

    /// The folder that holds them: `initdb`, `pg_ctl`, `postgres`, `psql`.
    public let folder: URL

    /// - Throws: ``PostgresServer/Failure`` where there is no server program in `folder`.
    public init(in folder: URL) throws {
        self.folder = folder.resolvingSymlinksInPath()
        guard Self.areComplete(in: self.folder) else {
            throw PostgresServer.Failure(description: "there are no Postgres server programs in \(folder.path)")
        }
    }

    private static func areComplete(in folder: URL) -> Bool {
        ["postgres", "initdb", "pg_ctl", "psql"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: folder.appending(path: $0).path)
        }
    }

    /// The newest Postgres installed on this machine, where its packages put it or in `PATH`; `nil` where there is
    /// none.
    public static func newestInstalled() -> PostgresPrograms? {
        let roots = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        let versions = roots.flatMap { root in
            ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { name in
                Int(name.replacing("postgresql@", with: "")).map {
                    ($0, URL(filePath: root).appending(path: "\(name)/bin"))
                }
            }
        }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map {
            URL(filePath: String($0))
        }
        let folders = versions.sorted { $0.0 > $1.0 }.map(\.1) + path + [URL(filePath: "/usr/pgsql/bin")]
        return folders.lazy.compactMap { try? PostgresPrograms(in: $0) }.first
    }

    /// A process of the user that owns the servers, not yet started.
    package static func process(asOwner program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        if geteuid() == 0 {
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments =
                [
                    "setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups", program,
                ] + arguments
        } else {
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
        }
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        return process
    }

    @discardableResult
    package func run(
        _ name: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> String {
        try Self.runAsOwner(folder.appending(path: name).path, arguments, input: input, environment: environment)
    }

    /// Runs a program to its end and returns what it printed.
    @discardableResult
    static func runAsOwner(
        _ program: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> String {
        let process = try process(asOwner: program, arguments)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, because a pipe that nobody empties holds the program up.
        let files = try (0..<3).map { _ in try temporaryFile() }
        defer { for file in files { try? FileManager.default.removeItem(at: file) } }
        try Data(input.utf8).write(to: files[0])
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = try String(decoding: Data(contentsOf: files[2]), as: UTF8.self)
            throw PostgresServer.Failure(description: "\(program) failed: \(words)")
        }
        return try String(decoding: Data(contentsOf: files[1]), as: UTF8.self)
    }

    private static func temporaryFile() throws -> URL {
        let file = FileManager.default.temporaryDirectory.appending(path: "tandem-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
            throw PostgresServer.Failure(description: "cannot write \(file.path)")
        }
        return file
    }

    package static func makeFolder(_ folder: URL) throws {
        try runAsOwner("/bin/mkdir", ["-m", "700", folder.path])
    }

    /// Writes a file that belongs to the servers' user.
    package static func write(_ text: String, to file: URL) throws {
        try runAsOwner("/bin/sh", ["-c", "cat > \"$1\"", "sh", file.path], input: text)
    }

    /// A port of the loopback address that nobody listens at.
    package static func freePort() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr(PostgresServer.host)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
            }
        }
        guard isBound else { throw PostgresServer.Failure(description: "no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
