import Foundation
import TandemCore
import TandemTesting
import Testing

@testable import TandemPostgres

/// A port where somebody listens and never says a word.
private final class SilentPort: Sendable {
    let number: Int
    private let socket: Int32

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr(PostgresServer.host)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        let isReady = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && listen(socket, 8) == 0
                    && getsockname(socket, address, &length) == 0
            }
        }
        guard isReady else { throw PostgresServer.Failure(description: "no port is free") }
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}

@Suite(.blocking) struct ConnectTests {
    @Test func aSilentHostIsPassedOver() throws {
        let database = try TestDatabase(.v15)
        let silent = try SilentPort()
        var config = database.config
        config.connectTimeout = 2
        config.host = "127.0.0.1,127.0.0.1"
        config.port = "\(silent.number),\(database.server.port)"
        #expect(try Session(config, in: .test).endpoint.port == "\(database.server.port)")
        config.host = "127.0.0.1"
        config.port = "\(silent.number)"
        let error = #expect(throws: PostgresError.self) { try Session(config, in: .test) }
        guard case .timedOut(_, seconds: 2) = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }

    @Test func connectingIsInterrupted() throws {
        let silent = try SilentPort()
        var config = PostgresConfig()
        config.host = "127.0.0.1"
        config.port = "\(silent.number)"
        config.connectTimeout = 60
        let interruption = Interruption()
        interruption.raise()
        let start = ContinuousClock.now
        #expect(throws: CancellationError.self) { try Session(config, in: .test, interruption: interruption) }
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test func nobodyThere() throws {
        var config = PostgresConfig()
        config.host = "127.0.0.1"
        config.port = "1"
        config.database = "shop"
        let refused = #expect(throws: PostgresError.self) { try Session(config, in: .test) }
        #expect(refused?.description.hasPrefix("127.0.0.1:1 cannot be reached: ") == true)
        #expect(refused?.description.contains("Connection refused") == true)
        config.host = "no-such-host.invalid"
        let unknown = #expect(throws: PostgresError.self) { try Session(config, in: .test) }
        #expect(unknown?.description == "no-such-host.invalid:1 cannot be reached: the host name is unknown")
    }

    @Test func passwordFilesOfBothKinds() throws {
        let server = try PostgresServer(.v16, access: ["host all locked 127.0.0.1/32 scram-sha-256"])
        defer { server.remove() }
        try server.execute("CREATE ROLE locked LOGIN PASSWORD 'p:a\\ss'")
        let folder = FileManager.default.temporaryDirectory.appending(path: "tandem-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let passfile = folder.appending(path: "pgpass")
        try Data("127.0.0.1:*:*:locked:p\\:a\\\\ss\n".utf8).write(to: passfile)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passfile.path)
        var byURL = PostgresConfig()
        byURL.url = "postgresql://locked@127.0.0.1:\(server.port)/postgres?passfile=\(passfile.path)"
        #expect(try Session(byURL, in: .test).query("SELECT current_user").value == "locked")
        try Data("p:a\\ss\n\n".utf8).write(to: folder.appending(path: "secret"))
        var byFile = server.config()
        byFile.user = "locked"
        byFile.passwordFile = "secret"
        let context = ConnectionContext(name: "test", folder: folder.path)
        #expect(try Session(byFile, in: context).query("SELECT current_user").value == "locked")
        byFile.passwordFile = "nowhere"
        let error = #expect(throws: PostgresError.self) { try Session(byFile, in: context) }
        #expect(error?.description == "the password file of the connection is not in the folder \(folder.path)")
        byFile.passwordFile = "./nowhere"
        let missing = #expect(throws: PostgresError.self) { try Session(byFile, in: context) }
        #expect(missing?.description == "the password file \(folder.path)/./nowhere does not exist")
    }

    @Test func aRefusalHasACodeInEveryLanguage() throws {
        let server = try PostgresServer(.v15, access: ["host all locked 127.0.0.1/32 scram-sha-256"])
        defer { server.remove() }
        try server.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        var config = server.config()
        func code() throws -> String? {
            try RefusalCode.ask(ConnectionParameters(config, in: .test), interruption: Interruption())
        }
        #expect(try code() == nil)
        config.database = "nowhere"
        #expect(try code() == "3D000")
        config.user = "locked"
        config.password = "wrong"
        #expect(try code() == "28P01")
        #expect(RefusalCode.code(in: "connection to server at \"h\", port 1 failed: FATAL:  53300\n") == "53300")
        #expect(RefusalCode.code(in: "connection to server at \"h\", port 1 failed: Connection refused") == nil)
        let words = "connection to server at \"h\", port 1 failed: FATAL:  Passwort-Authentifizierung fehlgeschlagen"
        let place = Endpoint(host: "h", port: "1", database: "d", user: "u")
        guard case .unreachable = ConnectFailure.error(at: place, words: words, timeout: 10) else {
            return #expect(Bool(false), "words of another language are not understood, so the code is asked for")
        }
    }

    @Test func addressesOfSixteenBytes() throws {
        let server = try PostgresServer(.v18, settings: ["listen_addresses": "'127.0.0.1,::1'"])
        defer { server.remove() }
        var config = server.config()
        config.host = "::1"
        #expect(try Session(config, in: .test).endpoint.description == "[::1]:\(server.port)/postgres")
    }

    /// What libpq says in one version and another, and what it is taken for.
    @Test(arguments: [
        (
            "connection to server at \"h\" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed for user \"u\"",
            "authentication"
        ),
        ("connection to server at \"h\", port 5432 failed: fe_sendauth: no password supplied", "authentication"),
        ("FATAL:  role \"u\" does not exist", "authentication"),
        (
            "FATAL:  no pg_hba.conf entry for host \"10.0.0.2\", user \"u\", database \"d\", SSL encryption",
            "authentication"
        ),
        (
            "FATAL:  no pg_hba.conf entry for host \"10.0.0.2\", user \"u\", database \"d\", no encryption",
            "tls serverDemandsIt"
        ),
        (
            "FATAL:  no pg_hba.conf entry for host \"10.0.0.2\", user \"u\", database \"d\", SSL off",
            "tls serverDemandsIt"
        ),
        ("FATAL:  database \"d\" does not exist", "database"),
        ("failed: server does not support SSL, but SSL was required", "tls serverHasNone"),
        ("failed: SSL error: certificate verify failed", "tls untrustedCertificate"),
        ("server certificate for \"x\" does not match host name \"h\"", "tls wrongHostName"),
        ("FATAL:  connection requires a valid client certificate", "tls clientCertificate"),
        ("FATAL:  sorry, too many clients already", "connections"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "connections"),
        ("FATAL:  too many connections for role \"u\"", "connections"),
        ("FATAL:  the database system is starting up", "ready"),
        ("FATAL:  the database system is not yet accepting connections", "ready"),
        ("failed: session is not read-only", "server"),
        ("could not translate host name \"h\" to address: Name or service not known", "unreachable"),
        (
            "failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
            "unreachable"
        ),
        ("failed: timeout expired", "timeout"),
    ])
    func wordsOfLibpq(words: String, kind: String) {
        let place = Endpoint(host: "h", port: "5432", database: "d", user: "u")
        let error = ConnectFailure.error(at: place, words: words, timeout: 10)
        let found =
            switch error {
            case .authenticationFailed: "authentication"
            case .tlsFailed(_, let problem, _): "tls \(problem)"
            case .noDatabase: "database"
            case .tooManyConnections: "connections"
            case .notReady: "ready"
            case .wrongServer: "server"
            case .unreachable: "unreachable"
            case .timedOut: "timeout"
            default: "\(error)"
            }
        #expect(found == kind, "\(error)")
        #expect(error.remedy != nil)
        #expect(!error.description.contains("\n"))
    }
}
