import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct CheckTests {
    private func check(
        _ config: PostgresConfig,
        _ tables: [TableName] = [],
        readers: Int = 2,
        pinned: (@Sendable (inout ServerCapabilities) -> Void)? = nil
    ) async -> [Finding] {
        let connection = Connection(config, in: .test, pinned: pinned)
        let findings = await ConnectionCheck.findings(for: tables, through: connection, readers: readers)
        await connection.close()
        return findings
    }

    private func table(_ name: String) -> TableName { TableName(schema: "public", table: name) }

    @Test(arguments: PostgresServer.Version.allCases)
    func aHealthyConnection(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int); CREATE USER healthy_\(version.rawValue)"
        )
        try database.execute(
            "GRANT SELECT ON a TO healthy_\(version.rawValue); GRANT SELECT, UPDATE ON b TO healthy_\(version.rawValue)"
        )
        var config = database.config
        config.user = "healthy_\(version.rawValue)"
        let findings = await check(config, [table("a"), table("b"), table("gone")])
        #expect(findings.filter { $0.severity == .warning }.isEmpty)
        #expect(findings.first?.message.contains("answers: Postgres \(version.rawValue).") == true)
        #expect(findings.first?.message.hasSuffix("self-hosted.") == true)
        #expect(findings.contains(Finding(.ok, "public.a", "It can be read, with all its columns.")))
        #expect(
            findings.contains(
                Finding(
                    .error,
                    "public.gone",
                    "There is no such table.",
                    remedy: Remedy("Correct its name, or remove it from the sync.")
                )
            )
        )
        #expect(findings.last?.severity == .note)
        #expect(findings.last?.message.contains("may also write to 1 of these tables") == true)
        #expect(findings.contains { $0.severity == .ok && $0.subject == "TLS" })
    }

    @Test func everyColumnLeftOutIsNamedWithItsGrant() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            "CREATE USER halved; CREATE TABLE t (a int, \"b b\" int, c int); GRANT SELECT (a) ON t TO halved"
        )
        var config = database.config
        config.user = "halved"
        let findings = await check(config, [table("t")])
        let warning = try #require(findings.first { $0.severity == .warning })
        #expect(warning.message == "Left out, because \"halved\" may not SELECT them: \"b b\", \"c\".")
        try database.execute(warning.remedy?.sql.joined(separator: ";") ?? "")
        #expect(await check(config, [table("t")]).allSatisfy { $0.severity <= .note })
    }

    @Test func aSuperuserIsMoreThanNeeded() async throws {
        let findings = await check(try TestDatabase(.v15).config)
        #expect(findings.contains { $0.severity == .warning && $0.subject == "role" })
    }

    @Test func whatKeepsUsOutIsAFinding() async throws {
        let server = try PostgresServer(.v16, access: ["host all locked 127.0.0.1/32 scram-sha-256"])
        try server.execute("CREATE USER locked PASSWORD 'right'")
        var config = server.config(database: "postgres")
        config.user = "locked"
        config.password = "wrong"
        #expect(await check(config).map(\.subject) == ["authentication"])
        config = server.config(database: "nowhere")
        #expect(await check(config).map(\.subject) == ["database"])
        config = server.config(database: "postgres")
        config.sslMode = .require
        #expect(await check(config).map(\.subject) == ["TLS"])
        server.remove()
        config.sslMode = nil
        let findings = await check(config)
        #expect(findings.map(\.subject) == ["server"])
        #expect(findings.first?.severity == .error)
        #expect(findings.first?.remedy != nil)
    }

    @Test func tooFewConnections() async throws {
        let database = try TestDatabase(.v16)
        // Two users, because the server may still count the connection of the first check.
        try database.execute("CREATE USER roomy CONNECTION LIMIT 3; CREATE USER limited CONNECTION LIMIT 2")
        var config = database.config
        config.user = "roomy"
        let enough = await check(config, readers: 1)
        #expect(enough.contains { $0.severity == .ok && $0.subject == "connections" })
        config.user = "limited"
        let short = try #require(await check(config, readers: 4).first { $0.subject == "connections" })
        #expect(short.severity == .warning)
        #expect(short.message == "A run opens 6 connections, and the limit of \"limited\" leaves 2.")
    }

    @Test func tooFewConnectionsToTheDatabase() async throws {
        let database = try TestDatabase(.v18)
        try database.server.execute("ALTER DATABASE \(database.name) CONNECTION LIMIT 2; CREATE USER counted")
        var config = database.config
        config.user = "counted"
        let short = try #require(await check(config, readers: 4).first { $0.subject == "connections" })
        #expect(short.severity == .warning)
        #expect(
            short.message == "A run opens 6 connections, and the limit of database \"\(database.name)\" leaves 2."
        )
        // Limits are not for superusers.
        let enough = await check(database.config, readers: 4)
        #expect(enough.contains { $0.severity == .ok && $0.subject == "connections" })
    }

    @Test func aPoolerIsNoticed() async throws {
        let findings = await check(try TestDatabase(.v15).config) { $0.isPooled = true }
        #expect(findings.contains { $0.severity == .warning && $0.subject == "pooler" })
    }

    @Test func textOfNoEncoding() async throws {
        let findings = await check(try TestDatabase(.v15, encoding: "SQL_ASCII").config)
        #expect(findings.contains { $0.severity == .warning && $0.subject == "encoding" })
    }

    @Test func aStandbySaysHowLongItWaits() async throws {
        let primary = try PostgresServer(.v16)
        try primary.execute("CREATE TABLE t (id int PRIMARY KEY)")
        let standby = try primary.makeStandby(settings: ["max_standby_streaming_delay": "'2s'"])
        defer {
            standby.remove()
            primary.remove()
        }
        let config = standby.config(database: "postgres")
        let bare = try #require(await check(config, [table("t")]).first { $0.subject == "standby" })
        #expect(bare.severity == .warning)
        #expect(bare.message.contains("waits for 2000 ms"))
        #expect(bare.remedy?.text.contains("primary then keeps dead rows") == true)
        for sql in bare.remedy?.sql ?? [] { try standby.execute(sql) }
        #expect(await check(config, [table("t")]).contains { $0.severity == .ok && $0.subject == "standby" })
        let session = try Session(config, in: .test) { $0.version = 150_000 }
        let t = try #require(try CatalogReader(session).tables().first)
        guard case .unusable(let reason, _) = t.methods[.logBased] else { return #expect(Bool(false)) }
        #expect(reason.contains("since Postgres 16 only"))
        guard case .unusable(let trigger, _) = t.methods[.triggerBased] else { return #expect(Bool(false)) }
        #expect(trigger.contains("standby"))
    }

    private func review(
        host: String = "db.internal",
        isEncrypted: Bool = true,
        sslMode: PostgresConfig.SSLMode? = .verifyFull,
        version: Int = 160_004,
        settings: [String: String] = [:]
    ) -> [String: Finding] {
        let review = ServerReview(
            facts: ServerFacts(version: version, database: "d", user: "u", settings: settings),
            endpoint: Endpoint(host: host, port: "5432", database: "d", user: "u"),
            isEncrypted: isEncrypted,
            sslMode: sslMode,
            isPooled: false,
            readers: 2
        )
        return Dictionary(uniqueKeysWithValues: review.findings.map { ($0.subject, $0) })
    }

    @Test func encryptionIsAskedForWhereItMatters() {
        #expect(review()["TLS"]?.severity == .ok)
        #expect(review(sslMode: .require)["TLS"]?.severity == .note)
        #expect(review(isEncrypted: false, sslMode: .prefer)["TLS"]?.severity == .warning)
        for local in ["", "/run/postgresql", "localhost", "127.0.0.1", "::1"] {
            #expect(review(host: local, isEncrypted: false)["TLS"]?.severity == .ok)
        }
    }

    @Test func aServerOfTheFuture() {
        #expect(review(version: 190_000)["version"]?.severity == .warning)
        #expect(review(version: 180_000)["version"] == nil)
        #expect(review(version: 90_426)["server"]?.message.contains("Postgres 9.4.26") == true)
    }

    @Test func snapshotsThatExpire() {
        #expect(review(settings: ["old_snapshot_threshold": "60"])["old_snapshot_threshold"]?.severity == .warning)
        #expect(review(settings: ["old_snapshot_threshold": "-1"])["old_snapshot_threshold"] == nil)
    }

    @Test func reservedConnectionsAreNotOurs() {
        let settings = ["max_connections": "6", "superuser_reserved_connections": "2", "reserved_connections": "1"]
        #expect(review(settings: settings)["connections"]?.severity == .ok)
        #expect(
            review(settings: settings.merging(["reserved_connections": "2"]) { $1 })["connections"]?.severity
                == .warning
        )
    }
}
