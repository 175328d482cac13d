import Foundation

extension PostgresServer {
    /// Runs `sql`, several statements if need be, by the server's own client, and stops at the first error.
    ///
    /// A statement that takes ten minutes waits for something that does not come, and is an error.
    ///
    /// - Returns: What the statements answered: a line per row, values separated by `|`.
    @discardableResult
    public func execute(_ sql: String, in database: String = "postgres", as user: String = user) throws -> String {
        let arguments = [
            "-h", Self.host, "-p", String(port), "-U", user, "-d", database, "-X", "-q", "-A", "-t", "-v",
            "ON_ERROR_STOP=1", "-f", "-",
        ]
        let environment = ["PGCLIENTENCODING": "UTF8", "PGOPTIONS": Self.options]
        let answer = try programs.run("psql", arguments, input: sql, environment: environment)
        return String(answer.trimmingSuffix(while: \.isNewline))
    }

    private static let options = "-c client_min_messages=warning -c statement_timeout=10min"

    /// Makes an empty database with a name of its own.
    ///
    /// - Parameter encoding: By Postgres' name.
    public func makeDatabase(encoding: String = "UTF8") throws -> String {
        let name = "t_" + UUID().uuidString.replacing("-", with: "").lowercased()
        try execute("CREATE DATABASE \(name) TEMPLATE template0 ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'")
        return name
    }

    /// A standby that follows this server, made from a base backup.
    public func makeStandby(settings: [String: String] = [:]) throws -> PostgresServer {
        let own = ["hot_standby": "on", "primary_conninfo": "'host=\(Self.host) port=\(port) user=\(Self.user)'"]
        return try PostgresServer(programs, settings: own.merging(settings) { $1 }, access: []) { folder in
            let arguments = [
                "-h", Self.host, "-p", String(port), "-U", Self.user, "-D", folder.appending(path: "data").path, "-R",
                "-X", "stream", "-c", "fast", "--no-sync",
            ]
            try programs.run("pg_basebackup", arguments)
        }
    }
}

private extension StringProtocol {
    func trimmingSuffix(while predicate: (Character) -> Bool) -> SubSequence {
        var text = self[...]
        while let last = text.last, predicate(last) { text = text.dropLast() }
        return text
    }
}

extension PostgresServer {
    /// Writes a file of the server's own into its data folder, readable by nobody else.
    public func writeFile(_ text: String, named name: String) throws {
        try PostgresPrograms.write(text, to: data.appending(path: name))
        try PostgresPrograms.runAsOwner("/bin/chmod", ["600", data.appending(path: name).path])
    }
}
