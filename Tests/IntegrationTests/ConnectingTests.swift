import Foundation
import TandemCore
import TandemPostgres
import TandemTesting
import Testing

/// Every documented way to reach a server, on one that demands TLS and passwords.
@Suite(.blocking) struct ConnectingTests {
    /// A server with a certificate of its own authority; `tls_only` must use TLS and a password, `by_certificate` a
    /// client certificate.
    private final class SecureServer: Sendable {
        let server: PostgresServer
        let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
            try Self.makeCertificates(in: folder.path)
            server = try PostgresServer(
                .v15,
                access: [
                    "hostssl all tls_only 127.0.0.1/32 scram-sha-256", "hostssl all by_certificate 127.0.0.1/32 cert",
                    "host all tls_only 127.0.0.1/32 reject", "host all plain 127.0.0.1/32 scram-sha-256",
                ]
            )
            for (from, to) in [("server.crt", "server.crt"), ("server.key", "server.key"), ("ca.crt", "root.crt")] {
                let text = try String(contentsOfFile: folder.path + "/" + from, encoding: .utf8)
                try server.writeFile(text, named: to)
            }
            try server.execute(
                """
                ALTER SYSTEM SET ssl = on; ALTER SYSTEM SET ssl_ca_file = 'root.crt';
                CREATE USER tls_only PASSWORD 'secret one'; CREATE USER plain PASSWORD 'it''s \\ "odd"'; CREATE USER by_certificate;
                """
            )
            try server.restart()
        }

        deinit { server.remove() }

        /// An authority, a server certificate for `localhost`, a client certificate for `by_certificate`.
        private static func makeCertificates(in folder: String) throws {
            let script = """
                set -e
                cd "$1"
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stranger -keyout other.key -out other.crt
                for who in server:localhost client:by_certificate; do
                    openssl req -newkey rsa:2048 -nodes -subj "/CN=${who#*:}" -keyout "${who%:*}.key" -out "${who%:*}.csr"
                    openssl x509 -req -days 2 -in "${who%:*}.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -out "${who%:*}.crt"
                done
                chmod 600 *.key
                """
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", script, "sh", folder]
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw PostgresServer.Failure(description: "openssl failed") }
        }
    }

    /// Connects and returns the user, and whether TLS is in use.
    private func connect(_ settings: [String: String], to secure: SecureServer) async throws -> [String?] {
        let all = ["host": "127.0.0.1", "port": "\(secure.server.port)", "database": "postgres"].merging(settings) {
            $1
        }
        let (config, wrong) = PostgresConnector.configure(all)
        #expect(wrong.isEmpty)
        let context = ConnectionContext(name: "shop", folder: secure.folder.path)
        guard let source = try PostgresConnector.source(config, in: context) else { return [] }
        let rows: [[String?]]
        do {
            rows = try await source.query("SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").rows
        } catch {
            await source.close()
            throw error
        }
        await source.close()
        return rows.first ?? []
    }

    private func failure(_ settings: [String: String], at secure: SecureServer) async -> (any ExplainedError)? {
        do {
            _ = try await connect(settings, to: secure)
            return nil
        } catch {
            return error as? any ExplainedError
        }
    }

    @Test func everyWayIn() async throws {
        let secure = try SecureServer()
        let path = secure.folder.path
        let tls = ["user": "tls_only", "password": "secret one"]
        #expect(try await connect(tls, to: secure) == ["tls_only", "t"])
        #expect(try await connect(tls.merging(["sslmode": "require"]) { $1 }, to: secure) == ["tls_only", "t"])
        let verified = tls.merging(["sslmode": "verify-ca", "sslrootcert": "ca.crt"]) { $1 }
        #expect(try await connect(verified, to: secure) == ["tls_only", "t"])
        let full = verified.merging(["sslmode": "verify-full", "host": "localhost"]) { $1 }
        #expect(try await connect(full, to: secure) == ["tls_only", "t"])
        let certificate = [
            "user": "by_certificate", "sslmode": "require", "sslcert": path + "/client.crt",
            "sslkey": path + "/client.key",
        ]
        #expect(try await connect(certificate, to: secure) == ["by_certificate", "t"])
        #expect(
            try await connect(["user": "plain", "password": #"it's \ "odd""#, "sslmode": "disable"], to: secure) == [
                "plain", "f",
            ]
        )
        try Data("secret one\n".utf8).write(to: URL(filePath: path + "/password"))
        #expect(try await connect(["user": "tls_only", "password_file": "password"], to: secure) == ["tls_only", "t"])
    }

    @Test func severalHostsAndURLs() async throws {
        let secure = try SecureServer()
        let hosts = [
            "user": "tls_only", "password": "secret one", "host": "127.0.0.1,127.0.0.1",
            "port": "1,\(secure.server.port)",
        ]
        #expect(try await connect(hosts, to: secure) == ["tls_only", "t"])
        let primary = hosts.merging(["target_session_attrs": "primary"]) { $1 }
        #expect(try await connect(primary, to: secure) == ["tls_only", "t"])
        let standby = hosts.merging(["target_session_attrs": "standby"]) { $1 }
        #expect(await failure(standby, at: secure) != nil)
        let url = "postgres://tls_only:secret%20one@127.0.0.1:\(secure.server.port)/postgres?sslmode=require"
        let (config, wrong) = PostgresConnector.configure(["url": url])
        #expect(wrong.isEmpty)
        let source = try PostgresConnector.source(config, in: ConnectionContext(name: "shop", folder: "/"))
        #expect(try await source?.query("SELECT current_user").rows == [["tls_only"]])
        await source?.close()
    }

    @Test func everyWayThatFailsIsExplainedWithoutThePassword() async throws {
        let secure = try SecureServer()
        let wrong: [[String: String]] = [
            ["user": "tls_only", "password": "hunter2"],
            ["user": "tls_only", "password": "secret one", "sslmode": "disable"],
            ["user": "tls_only", "password": "secret one", "sslmode": "verify-ca", "sslrootcert": "other.crt"],
            ["user": "tls_only", "password": "secret one", "sslmode": "verify-full", "sslrootcert": "ca.crt"],
            ["user": "by_certificate", "sslmode": "require"],
            ["user": "tls_only", "password": "secret one", "database": "nowhere"],
        ]
        for settings in wrong {
            let error = await failure(settings, at: secure)
            let text = "\(error?.description ?? "no error") \(error?.remedy?.text ?? "no remedy")"
            #expect(error != nil && error?.remedy != nil, "\(settings): \(text)")
            #expect(error?.isTransient == false, "\(text)")
            #expect(!text.contains("hunter2") && !text.contains("secret one"), "\(text)")
        }
    }
}
