/// How to reach a database. What is not given, libpq finds where it always looks: `PG…` variables, `.pgpass`, the
/// service file, its own defaults.
package struct PostgresConfig: Sendable {
    /// libpq's words.
    package enum SSLMode: String, CaseIterable, Sendable {
        case disable, allow, prefer, require
        case verifyCA = "verify-ca"
        case verifyFull = "verify-full"
    }

    /// libpq's words.
    package enum SessionAttributes: String, CaseIterable, Sendable {
        case any, primary, standby
        case readWrite = "read-write"
        case readOnly = "read-only"
        case preferStandby = "prefer-standby"
    }

    /// What decodes the server's log for us.
    package enum Plugin: String, CaseIterable, Sendable {
        case auto, pgoutput, wal2json
    }

    /// What becomes of a slot that keeps more log than it may.
    package enum MaxSlotLogPolicy: String, CaseIterable, Sendable {
        case warn
        case dropSlot = "drop_slot"
    }

    /// What becomes of changes that are noted by triggers where too many of them have not been read.
    package enum MaxNotesPolicy: String, CaseIterable, Sendable {
        case warn, stop
    }

    package var url: String?
    package var host: String?
    package var port: String?
    package var user: String?
    package var password: String?
    package var passwordFile: String?
    package var database: String?
    package var service: String?
    package var sslMode: SSLMode?
    package var sslRootCertificate: String?
    package var sslCertificate: String?
    package var sslKey: String?
    package var sslRevocationList: String?
    package var targetSessionAttributes: SessionAttributes?
    package var connectTimeout: Int?
    package var applicationName: String?
    package var slot: String?
    package var plugin: Plugin?
    package var publication: String?
    package var maxSlotLog: ByteSize?
    package var maxSlotLogPolicy: MaxSlotLogPolicy?
    package var maxNotes: ByteSize?
    package var maxNotesPolicy: MaxNotesPolicy?
    package var readers: Int?
    package var options: String?

    package init() {}

    /// Seconds that one host gets to answer.
    package static let standardConnectTimeout = 10
    package static let standardApplicationName = "tandem"
    package static let readerRange = 1...64
}

extension PostgresConfig {
    /// Where triggers stop noting changes, if they are to.
    var noteLimit: ByteSize? { maxNotesPolicy == .stop ? maxNotes ?? .standard : nil }
}

extension PostgresConfig: CustomStringConvertible, CustomReflectable {
    /// Says where it leads, and nothing of the password.
    package var description: String { "postgres configuration for \(target)" }
    package var customMirror: Mirror { Mirror(self, children: ["target": target]) }

    /// Where this leads as far as the settings tell, for messages before libpq knows better.
    package var target: Endpoint {
        let parsed = url.flatMap { try? ConnectionURL.parse($0) } ?? [:]
        return Endpoint(
            host: host ?? parsed["host"] ?? parsed["hostaddr"] ?? service.map { "service \($0)" } ?? "",
            port: port ?? parsed["port"] ?? "",
            database: database ?? parsed["dbname"] ?? "",
            user: user ?? parsed["user"] ?? ""
        )
    }
}
