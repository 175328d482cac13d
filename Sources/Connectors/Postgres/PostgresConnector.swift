package import TandemCore

/// Postgres, 9.4 and up.
package enum PostgresConnector: Connector {
    package static let name = "postgres"
    package static let summary = "Postgres 9.4 or later, spoken to through libpq"

    package static var initial: PostgresConfig { PostgresConfig() }

    package static let fields: [ConfigField<PostgresConfig>] = [
        // Holds a password as likely as not.
        .init(secret: "url", \.url, help: "A connection URI, instead of the settings it covers."),
        .init(
            "host",
            \.host,
            help: "Host name, address or socket folder; several separated by commas.",
            standard: "PGHOST or the local socket"
        ),
        .init(
            "port",
            \.port,
            help: "Port, or one for each host separated by commas.",
            kind: .other("a port from 1 to 65535, or several separated by commas"),
            standard: "5432",
            parse: port
        ),
        .init("user", \.user, help: "Who connects.", standard: "PGUSER or the operating system's user"),
        .init(secret: "password", \.password, help: "The user's password; libpq's .pgpass works too."),
        .init("password_file", \.passwordFile, help: "A file whose first line is the password, read at every connect."),
        .init("database", \.database, help: "Database to connect to.", standard: "the user's name"),
        .init("service", \.service, help: "A service of libpq's connection service file."),
        .init("sslmode", \.sslMode, help: "How much encryption is asked for.", standard: .prefer),
        .init("sslrootcert", \.sslRootCertificate, help: "File with the authorities whose server certificates count."),
        .init("sslcert", \.sslCertificate, help: "File with the client's certificate."),
        .init("sslkey", \.sslKey, help: "File with the key of the client's certificate."),
        .init("sslcrl", \.sslRevocationList, help: "File with revoked certificates."),
        .init(
            "target_session_attrs",
            \.targetSessionAttributes,
            help: "What kind of server counts, of several hosts.",
            standard: .any
        ),
        .init(
            "connect_timeout",
            \.connectTimeout,
            help: "Seconds that each host gets to answer.",
            in: 2...3600,
            standard: String(PostgresConfig.standardConnectTimeout)
        ),
        .init(
            "application_name",
            \.applicationName,
            help: "What the server's activity view calls us.",
            standard: PostgresConfig.standardApplicationName
        ),
        .init(
            "slot",
            \.slot,
            help: "The replication slot that LOG_BASED reads; one for each sync where several read.",
            kind: .other("a slot's name: at most 63 small letters, digits and _"),
            standard: "pipelinewise_<database> if there is one, else tandem_<database>[_<sync>]",
            parse: { SlotName.isValid($0) ? .some($0) : String??.none }
        ),
        .init("plugin", \.plugin, help: "What decodes the server's log for LOG_BASED.", standard: .auto),
        .init(
            "publication",
            \.publication,
            help: "A publication that an administrator keeps, for LOG_BASED with pgoutput.",
            standard: "the slot's name, kept by Tandem"
        ),
        .init(
            "max_slot_wal",
            \.maxSlotLog,
            help: "How much log the slot may keep at the server before a run says so, or drops it.",
            kind: .other("a size such as 5GB"),
            standard: ByteSize.standard.description,
            parse: { ByteSize($0).map { .some($0) } ?? ByteSize??.none }
        ),
        .init(
            "max_slot_wal_policy",
            \.maxSlotLogPolicy,
            help: "Whether a slot that keeps more is warned of, or dropped and everything copied again.",
            standard: .warn
        ),
        .init(
            "max_log",
            \.maxNotes,
            help: "How large the log of one table may grow that triggers write for TRIGGER_BASED.",
            kind: .other("a size such as 5GB"),
            standard: ByteSize.standard.description,
            parse: { ByteSize($0).map { .some($0) } ?? ByteSize??.none }
        ),
        .init(
            "max_log_policy",
            \.maxNotesPolicy,
            help: "Whether a larger one is warned of, or not written to any more and the table copied again.",
            standard: .warn
        ),
        .init(
            "readers",
            \.readers,
            help: "How many connections read at once; more than cores where the network is slow.",
            in: PostgresConfig.readerRange,
            standard: "the number of cores"
        ),
        .init("options", \.options, help: "Command-line options for the server's process, such as -c work_mem=64MB."),
    ]

    /// Settings that a URL gives and that are given again beside it, and others that exclude each other.
    package static func problems(of config: PostgresConfig) -> [InvalidSetting] {
        var wrong: [InvalidSetting] = []
        if config.password != nil, config.passwordFile != nil {
            wrong.append(InvalidSetting(name: "password_file", reason: "excludes \"password\": give one of them"))
        }
        if (config.sslCertificate == nil) != (config.sslKey == nil) {
            let name = config.sslCertificate == nil ? "sslcert" : "sslkey"
            wrong.append(
                InvalidSetting(name: name, reason: "is missing: a client certificate needs both sslcert and sslkey")
            )
        }
        if config.sslRootCertificate == SystemAuthorities.word, let mode = config.sslMode, mode != .verifyFull {
            let reason = "must be verify-full where sslrootcert is \(SystemAuthorities.word), not \"\(mode.rawValue)\""
            wrong.append(InvalidSetting(name: "sslmode", reason: reason))
        }
        if let reason = config.host.flatMap(HostSetting.problem) {
            wrong.append(InvalidSetting(name: "host", reason: reason))
        }
        let hosts = config.host.map(count) ?? 1
        if let ports = config.port.map(count), ports != 1, ports != hosts {
            wrong.append(
                InvalidSetting(name: "port", reason: "must be one port, or as many as there are hosts (\(hosts))")
            )
        }
        if let url = config.url { wrong += problems(of: url, beside: config) }
        return wrong
    }

    private static func problems(of url: String, beside config: PostgresConfig) -> [InvalidSetting] {
        if ConnectionURL.isCutShort(url) {
            let reason = """
                has signs in the user's name or password that end it: write @ as %40, / as %2F, ? as %3F, # as %23 and \
                % as %25; or leave it out of the URL and use "password" or "password_file"
                """
            return [InvalidSetting(name: "url", reason: reason)]
        }
        guard let written = try? ConnectionURL.parse(url) else {
            let reason = "is not a connection URI such as postgresql://user@host:5432/database"
            return [InvalidSetting(name: "url", reason: reason)]
        }
        let beside: [(String, String, String?)] = [
            ("host", "host", config.host), ("port", "port", config.port), ("user", "user", config.user),
            ("password", "password", config.password), ("password_file", "password", config.passwordFile),
            ("database", "dbname", config.database), ("service", "service", config.service),
            ("sslmode", "sslmode", config.sslMode?.rawValue), ("options", "options", config.options),
            ("target_session_attrs", "target_session_attrs", config.targetSessionAttributes?.rawValue),
        ]
        return beside.compactMap { name, keyword, value in
            guard value != nil, written[keyword] != nil else { return nil }
            return InvalidSetting(name: name, reason: "is also in \"url\": give it once")
        }
    }

    /// Where a configuration leads, so that two connections to one database are known as such.
    package static func place(_ config: PostgresConfig, in context: ConnectionContext) -> String {
        let target = config.target
        let host = target.host.isEmpty ? "local" : target.host
        return "postgres \(host):\(target.port.isEmpty ? "5432" : target.port)/\(target.database)"
    }

    package static func source(_ config: PostgresConfig, in context: ConnectionContext) throws -> (any Source)? {
        PostgresSource(config, in: context)
    }

    package static func destination(
        _ config: PostgresConfig,
        in context: ConnectionContext
    ) throws -> (any Destination)? {
        PostgresDestination(config, in: context)
    }

    private static func count(_ list: String) -> Int {
        list.split(separator: ",", omittingEmptySubsequences: false).count
    }

    private static func port(_ text: String) -> String?? {
        let ports = text.split(separator: ",", omittingEmptySubsequences: false)
        return ports.allSatisfy { Int($0).map { (1...65535).contains($0) } ?? false } ? .some(.some(text)) : nil
    }
}
