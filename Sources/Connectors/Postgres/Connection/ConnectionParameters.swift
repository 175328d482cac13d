import Foundation
import Synchronization
import TandemCore
import TandemRows

/// What libpq is told: its keywords and their values, in the order it applies them.
struct ConnectionParameters: Sendable {
    private(set) var settings: [(keyword: String, value: String)] = []
    /// Kept apart so that messages can be cleared of it.
    private(set) var secrets: [String] = []
    let timeout: Int

    /// - Throws: ``PostgresError/passwordFile(_:reason:)``.
    init(_ config: PostgresConfig, in context: ConnectionContext) throws {
        timeout = config.connectTimeout ?? PostgresConfig.standardConnectTimeout
        // A URI goes in as `dbname`, which libpq expands in place; what follows overrides it.
        add("dbname", config.url)
        add("service", config.service)
        add("host", config.host)
        add("port", config.port)
        add("user", config.user)
        add("dbname", config.database)
        // Anybody has a certificate of one of these, so that only the name on it tells anything.
        let written = config.url.flatMap { try? ConnectionURL.parse($0) } ?? [:]
        let isStrict = config.sslRootCertificate == SystemAuthorities.word && written["sslmode"] == nil
        add("sslmode", (config.sslMode ?? (isStrict ? .verifyFull : nil))?.rawValue)
        add("sslrootcert", file(config.sslRootCertificate, context))
        add("sslcert", file(config.sslCertificate, context))
        add("sslkey", file(config.sslKey, context))
        add("sslcrl", file(config.sslRevocationList, context))
        add("target_session_attrs", config.targetSessionAttributes?.rawValue)
        add("application_name", config.applicationName)
        add("fallback_application_name", PostgresConfig.standardApplicationName)
        add("options", config.options)
        add("connect_timeout", String(timeout))
        add("client_encoding", "UTF8")
        addWatch(unless: config.url)
        if let url = config.url, ConnectionURL.isCutShort(url) { throw PostgresError.unreadableURL }
        let password = try config.password ?? config.passwordFile.map { try Self.read($0, context) }
        add("password", password)
        secrets = [password, written["password"], written["sslpassword"]].compactMap { $0 }.filter { !$0.isEmpty }
    }

    /// `text` without any password in it.
    func withoutSecrets(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing(bytes: $1, with: "********") }
    }

    /// Asks for a process that sends the log of one database.
    ///
    /// Before 10 such a process takes no SQL, and its settings have to come with the connection.
    mutating func replicate(as server: ServerCapabilities) {
        add("replication", "database")
        guard !server.acceptsSQLWhileReplicating else { return }
        let own = settings.last { $0.keyword == "options" }.map { [$0.value] } ?? []
        let ours = server.settings.map { "-c \($0.name)=" + Self.option($0.value) }
        add("options", (own + ours).joined(separator: " "))
    }

    /// The value of a setting as a command line has it, from what `SET` takes.
    private static func option(_ value: String) -> String {
        let text = value.hasPrefix("'") ? String(value.dropFirst().dropLast()).replacing(bytes: "''", with: "'") : value
        return text.replacing(bytes: "\\", with: "\\\\").replacing(bytes: " ", with: "\\ ")
    }

    /// Calls `body` with the arrays libpq's connecting functions take.
    func withArrays<Value>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Value
    ) -> Value {
        let keywords = settings.map { UnsafePointer(strdup($0.keyword)) } + [nil]
        let values = settings.map { UnsafePointer(strdup($0.value)) } + [nil]
        defer {
            for text in keywords + values { free(UnsafeMutablePointer(mutating: text)) }
        }
        return body(keywords, values)
    }

    private mutating func add(_ keyword: String, _ value: String?) {
        if let value { settings.append((keyword, value)) }
    }

    /// How a cut cable is noticed within two minutes. Keep-alives are sent only while nothing waits to be acknowledged;
    /// for what does, such as a question or how far the log has been read, the kernel would wait a quarter of an hour.
    private static let watch = [
        ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
        ("tcp_user_timeout", "60000"),
    ]

    /// Unless a URI says how it wants that.
    private mutating func addWatch(unless url: String?) {
        let written = url.flatMap { try? ConnectionURL.parse($0) } ?? [:]
        for (keyword, value) in Self.watch where written[keyword] == nil { add(keyword, value) }
    }

    private func file(_ path: String?, _ context: ConnectionContext) -> String? {
        path == SystemAuthorities.word ? SystemAuthorities.setting() : path.map { context.resolve($0) }
    }

    private static func read(_ written: String, _ context: ConnectionContext) throws -> String {
        let path = context.resolve(written)
        let content: String
        do { content = try String(contentsOfFile: path, encoding: .utf8) } catch {
            if FileManager.default.fileExists(atPath: path) {
                throw PostgresError.passwordFile(path, reason: "cannot be read")
            }
            // A word alone may be the password itself.
            guard written.contains("/") else {
                throw PostgresError.passwordFile("of the connection", reason: "is not in the folder \(context.folder)")
            }
            throw PostgresError.passwordFile(path, reason: "does not exist")
        }
        if PasswordFileWatch.isNew(path), Self.isReadableByOthers(path) {
            context.notify("the password file \(path) can be read by other users of this machine: chmod 600 \(path)")
        }
        let line = content.prefix { !$0.isNewline }
        guard !line.isEmpty else { throw PostgresError.passwordFile(path, reason: "is empty") }
        return String(line)
    }

    /// As libpq judges a `.pgpass`: whether its group or everybody has a right on it. What is no file has none.
    private static func isReadableByOthers(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG && facts.st_mode & 0o077 != 0
    }
}

/// Which password files have been looked at: every connection reads them, and once is often enough to be told.
private enum PasswordFileWatch {
    private static let seen = Mutex<Set<String>>([])

    static func isNew(_ path: String) -> Bool { seen.withLock { $0.insert(path).inserted } }
}
