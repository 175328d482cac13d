import Foundation

/// The shell that starts a server and stops it again when told to, or when this process is gone.
final class PostgresKeeper: Sendable {
    private let process: Process
    private let input: FileHandle

    /// What it runs: `$1` is the folder of the programs, `$2` the server's. The end of its input is the end of us.
    private static let script = """
        "$1/pg_ctl" -D "$2/data" -l "$2/log" -w -t 60 start >/dev/null 2>&1 || { echo failed; exit 1; }
        echo ready
        if read -r mode; then keep=yes; else mode=immediate; keep=no; fi
        "$1/pg_ctl" -D "$2/data" -m "$mode" -w -t 60 stop >/dev/null 2>&1
        if [ "$keep" = no ]; then rm -rf "$2"; fi
        """

    init(_ server: PostgresServer) throws {
        let input = Pipe()
        let output = Pipe()
        process = try PostgresPrograms.process(
            asOwner: "/bin/sh",
            ["-c", Self.script, "sh", server.programs.folder.path, server.folder.path]
        )
        process.standardInput = input
        process.standardOutput = output
        self.input = input.fileHandleForWriting
        try process.run()
        // One line, and not until the end, because the server inherits the other end.
        let answer = output.fileHandleForReading.availableData
        guard String(decoding: answer, as: UTF8.self).hasPrefix("ready") else {
            process.waitUntilExit()
            throw PostgresServer.Failure(
                description: "the server of \(server.programs.folder.path) did not start:\n\(server.log)"
            )
        }
    }

    func stop(_ mode: PostgresServer.StopMode) {
        try? input.write(contentsOf: Data((mode.rawValue + "\n").utf8))
        try? input.close()
        process.waitUntilExit()
    }
}
