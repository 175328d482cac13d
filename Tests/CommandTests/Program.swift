import Foundation
import TandemTesting

/// The program as a user runs it, in a folder of its own.
struct Program {
    let folder: URL

    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tc-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// The slot that a sync of `database` makes, where it is the only one of its connection.
    func slot(_ database: String) -> String {
        "tandem_\(folder.lastPathComponent)_\(database)".lowercased().replacing("-", with: "_")
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// The program lies beside the tests.
    static var path: URL {
        get throws {
            let start = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            // The test runner's helper is elsewhere; the bundle it was given is among its arguments.
            let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }.map {
                URL(filePath: $0).deletingLastPathComponent()
            }
            for folder in [start, bundle].compactMap({ $0 }) {
                let program = folder.appending(path: "tandem")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            }
            throw PostgresServer.Failure(description: "the program is not beside the tests: \(CommandLine.arguments)")
        }
    }

    func write(_ text: String, to name: String = "tandem.yaml") throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    /// Starts the program; its output goes to files, because a pipe that nobody empties would hold it up.
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = try Self.path
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        for (name, path) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
            let file = folder.appending(path: "std\(name)")
            try Data().write(to: file)
            process[keyPath: path] = try FileHandle(forWritingTo: file)
        }
        try process.run()
        return process
    }

    func outcome(of process: Process) throws -> Outcome {
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        return Outcome(status: status, output: try text("stdout"), errors: try text("stderr"))
    }

    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
        try outcome(of: start(arguments, environment: environment))
    }

    /// Runs a line of the shell, in which `tandem` is the program.
    func shell(_ line: String) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", "tandem() { '\(try Self.path.path)' \"$@\"; }; \(line)"]
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        for (name, path) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
            let file = folder.appending(path: "std\(name)")
            try Data().write(to: file)
            process[keyPath: path] = try FileHandle(forWritingTo: file)
        }
        try process.run()
        return try outcome(of: process)
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    }

    /// A configuration of one sync from `database` of `server` into that of `copy`, or into `warehouse.duckdb`.
    static func configuration(
        _ server: PostgresServer,
        _ database: String,
        method: String = "FULL_TABLE",
        into copy: (server: PostgresServer, database: String)? = nil,
        more: String = ""
    ) -> String {
        let destination =
            copy.map { copy in
                """
                    type: postgres
                    host: \(PostgresServer.host)
                    port: \(copy.server.port)
                    user: \(PostgresServer.user)
                    database: \(copy.database)
                """
            } ?? "    type: duckdb\n    path: warehouse.duckdb"
        return """
            connections:
              shop:
                type: postgres
                host: \(PostgresServer.host)
                port: \(server.port)
                user: \(PostgresServer.user)
                database: \(database)
              warehouse:
            \(destination)
            syncs:
              copy:
                from: shop
                to: warehouse
                method: \(method)
            \(more)
            """
    }
}

/// Decodes what `--json` printed.
func json<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Value.self, from: Data(text.utf8))
}

/// What `tandem query --json` printed, each cell as text.
struct Answer: Decodable {
    private enum Cell: Decodable {
        case null, text(String), number(Decimal), boolean(Bool)

        init(from decoder: any Decoder) throws {
            let cell = try decoder.singleValueContainer()
            if cell.decodeNil() {
                self = .null
            } else if let boolean = try? cell.decode(Bool.self) {
                self = .boolean(boolean)
            } else if let number = try? cell.decode(Decimal.self) {
                self = .number(number)
            } else {
                self = .text(try cell.decode(String.self))
            }
        }

        var text: String? {
            switch self {
            case .null: nil
            case .text(let text): text
            case .number(let number): "\(number)"
            case .boolean(let boolean): "\(boolean)"
            }
        }
    }

    private enum CodingKeys: CodingKey { case rows }

    var rows: [[String?]]

    init(from decoder: any Decoder) throws {
        let cells = try decoder.container(keyedBy: CodingKeys.self).decode([[Cell]].self, forKey: .rows)
        rows = cells.map { $0.map(\.text) }
    }
}
