import Foundation

/// Another process that holds a file as a DuckDB that writes would.
final class LockHolder: Sendable {
    let process: Int32
    private let input: FileHandle

    init(_ path: String) throws {
        let script = """
            import fcntl, sys
            file = open(sys.argv[1], "r+b")
            fcntl.lockf(file, fcntl.LOCK_EX)
            print("held", flush=True)
            sys.stdin.read()
            """
        let (commands, answers) = (Pipe(), Pipe())
        let child = Process()
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = ["python3", "-c", script, path]
        child.standardInput = commands
        child.standardOutput = answers
        try child.run()
        _ = answers.fileHandleForReading.availableData
        process = child.processIdentifier
        input = commands.fileHandleForWriting
    }

    func release() { try? input.close() }
}
