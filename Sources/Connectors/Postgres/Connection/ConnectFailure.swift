import CLibPQ

/// Finds out from libpq's words why a connection failed: it hands out no codes for that.
enum ConnectFailure {
    /// The error for a connection that could not be made.
    static func error(
        of connection: OpaquePointer,
        config: PostgresConfig,
        parameters: ConnectionParameters,
        interruption: Interruption
    ) throws -> PostgresError {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String? {
            value.map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let target = config.target
        let place = Endpoint(
            host: text(PQhost(connection)) ?? target.host,
            port: text(PQport(connection)) ?? target.port,
            database: text(PQdb(connection)) ?? target.database,
            user: text(PQuser(connection)) ?? target.user
        )
        if let url = config.url, ConnectionURL.isCutShort(url) || (try? ConnectionURL.parse(url)) == nil {
            return .unreadableURL
        }
        let words = parameters.withoutSecrets(text(PQerrorMessage(connection)) ?? "no reason was given")
        let failure = error(at: place, words: words, timeout: parameters.timeout)
        // A severity and two spaces: words of the server, in a language that is not understood here.
        guard case .unreachable(_, let message) = failure, words.contains(":  "),
            let code = try RefusalCode.ask(parameters, interruption: interruption)
        else { return failure }
        let said = ServerWords(code: code, message: message, file: nil, known: [message])
        return PostgresError(place, sqlState: code, severity: "FATAL", words: said, isStandby: false)
    }

    /// The error for libpq's `words`, which name every host it tried.
    static func error(at place: Endpoint, words: String, timeout: Int) -> PostgresError {
        let message = sentence(words)
        let last = words.split(whereSeparator: \.isNewline).last.map(String.init) ?? words
        func has(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
        if let problem = tlsProblem(words) { return .tlsFailed(place, problem, message: message) }
        if has(
            "password authentication failed",
            "no password supplied",
            "authentication failed for user",
            "no pg_hba.conf entry",
            "pg_hba.conf rejects",
            "role \"",
            "not permitted to log in",
            "SASL",
            "SCRAM",
            "authentication method"
        )
            && !has("remaining connection slots", "too many connections")
        {
            return .authenticationFailed(place, message: message)
        }
        if has("does not exist") && has("database \"") { return .noDatabase(place, message: message) }
        if has("permission denied for database") { return .insufficientPrivilege(place, message: message) }
        if has("too many clients", "too many connections", "remaining connection slots", "no more connections allowed")
        {
            return .tooManyConnections(place, message: message)
        }
        if has("the database system is", "not currently accepting connections") {
            return .notReady(place, message: message)
        }
        if has(
            "session is read-only",
            "session is not read-only",
            "server is in hot standby",
            "server is not in hot standby"
        ) {
            return .wrongServer(place, message: message)
        }
        if has("could not translate host name") { return .unreachable(place, reason: "the host name is unknown") }
        if last.contains("timeout expired") || has("Connection timed out") { return .timedOut(place, seconds: timeout) }
        return .unreachable(place, reason: message)
    }

    /// The error for a connection that was there and is not any more.
    static func error(ofLost place: Endpoint, message: String) -> PostgresError {
        .connectionLost(place, reason: message.isEmpty ? "it was closed" : sentence(message))
    }

    private static func tlsProblem(_ words: String) -> PostgresError.TLSProblem? {
        func has(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
        if has("server does not support SSL") { return .serverHasNone }
        if has(
            "connection requires a valid client certificate",
            "certificate authentication failed",
            "could not load private key",
            "could not read certificate file",
            "private key file"
        ) {
            return .clientCertificate
        }
        if has("certificate verify failed", "root certificate file", "unknown ca") { return .untrustedCertificate }
        if has("does not match host name") { return .wrongHostName }
        if has("no pg_hba.conf entry") && has("no encryption", "SSL off") && !has("SSL encryption", "SSL on") {
            return .serverDemandsIt
        }
        return has("SSL error", "SSL SYSCALL", "sslmode value", "tlsv1", "invalid SSL") ? .other : nil
    }

    /// The first of libpq's lines that says what happened, without its preamble.
    private static func sentence(_ words: String) -> String {
        let lines = words.split(whereSeparator: \.isNewline).map { $0.drop { $0.isWhitespace } }
        guard let line = lines.first(where: { !$0.isEmpty }) else { return words }
        var text = String(line)
        if let end = text.firstRange(of: " failed: ")?.upperBound, text.hasPrefix("connection to server") {
            text = String(text[end...])
        }
        for severity in ["FATAL:", "ERROR:"] where text.hasPrefix(severity) {
            text = String(text.dropFirst(severity.count).drop { $0 == " " })
        }
        return text
    }
}
