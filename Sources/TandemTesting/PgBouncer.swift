import Foundation

/// A pooler before a server, which lends a session for a transaction. It ends with this object, or this process.
public final class PgBouncer {
    public let port: Int
    private let process: Process
    private let input: FileHandle

    /// What it runs: `$1` is the program, `$2` the folder. The end of its input is the end of us.
    private static let script = """
        "$1" "$2/settings" >/dev/null 2>&1 & pooler=$!
        read -r _
        # It takes over which signals this process lets through.
        kill -KILL "$pooler"
        rm -rf "$2"
        """

    public init(before server: PostgresServer) throws {
        let programs = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
        guard let program = programs.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw PostgresServer.Failure(description: "there is no pgbouncer; run `make deps`")
        }
        port = try PostgresPrograms.freePort()
        let folder = FileManager.default.temporaryDirectory.appending(path: "pooler-\(UUID().uuidString.prefix(8))")
        try PostgresPrograms.makeFolder(folder)
        let users = folder.appending(path: "users")
        try PostgresPrograms.write("\"\(PostgresServer.user)\" \"\"\n", to: users)
        let settings = """
            [databases]
            * = host=\(PostgresServer.host) port=\(server.port)
            [pgbouncer]
            listen_addr = \(PostgresServer.host)
            listen_port = \(port)
            unix_socket_dir =
            auth_type = trust
            auth_file = \(users.path)
            pool_mode = transaction

            """
        try PostgresPrograms.write(settings, to: folder.appending(path: "settings"))
        let pipe = Pipe()
        process = try PostgresPrograms.process(asOwner: "/bin/sh", ["-c", Self.script, "sh", program, folder.path])
        process.standardInput = pipe
        input = pipe.fileHandleForWriting
        try process.run()
        let deadline = ContinuousClock.now + .seconds(30)
        let question = ["-h", PostgresServer.host, "-p", "\(port)", "-U", PostgresServer.user, "-X", "-c", "SELECT 1"]
        while (try? server.programs.run("psql", question)) == nil {
            guard ContinuousClock.now < deadline else {
                throw PostgresServer.Failure(description: "pgbouncer does not answer")
            }
        }
    }

    deinit {
        try? input.close()
        process.waitUntilExit()
    }
}
