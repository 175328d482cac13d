import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What `setup` prints for LOG_BASED, and that it is enough.
@Suite(.timeLimit(.minutes(10))) struct LogSetupTests {
    private func script(
        _ stage: StreamStage,
        plugin: String? = nil,
        apply: Bool = false,
        admin: Bool = false
    ) async throws -> SetupScript {
        let port = stage.database.server.port
        let request = SetupRequest(
            schemas: ["public"],
            following: ["one": [TableName(schema: "public", table: "t")]],
            plugin: plugin,
            apply: apply,
            adminURL: admin ? "postgresql://\(PostgresServer.user)@\(PostgresServer.host):\(port)/postgres" : nil
        )
        return try await ConnectionSetup(stage.config, in: stage.context).script(request)
    }

    @Test func theDocumentedStepsWork() async throws {
        var stage = try StreamStage(.v15)
        defer { try? stage.remove() }
        stage.config.user = "w_" + stage.database.name
        let script = try await script(stage, plugin: "wal2json", apply: true, admin: true)
        let sql = script.steps.map(\.sql)
        let slot = "pipelinewise_" + stage.database.name
        #expect(sql.contains("ALTER USER \"\(stage.config.user ?? "")\" WITH REPLICATION"))
        #expect(sql.last == "SELECT * FROM pg_create_logical_replication_slot('\(slot)', 'wal2json')")
        #expect(script.advice.contains { $0.contains("install the plugin wal2json") })
        #expect(try stage.ask("plugin", of: slot) == "wal2json")
        let prepared = try await stage.prepare()
        #expect(StreamIdentity(prepared.state.id)?.slot == slot)
        let again = try await self.script(stage, plugin: "wal2json", apply: true, admin: true)
        #expect(again.steps.isEmpty)
    }

    @Test func theShorterWayWorks() async throws {
        var stage = try StreamStage(.v18)
        defer { try? stage.remove() }
        stage.config.user = "p_" + stage.database.name
        let script = try await script(stage, apply: true, admin: true)
        #expect(script.steps.contains { $0.sql.hasPrefix("CREATE PUBLICATION \"\(stage.slot)\" FOR TABLE ONLY") })
        #expect(!script.steps.contains { $0.sql.contains("pg_create_logical_replication_slot") })
        #expect(try await stage.prepare().gap == nil)
        #expect(try stage.ask("plugin") == "pgoutput")
    }

    @Test func aUserWhoMayNotSeesWhatToAskFor() async throws {
        var stage = try StreamStage(.v16)
        let user = "s_" + stage.database.name
        try stage.database.execute("CREATE ROLE \(user) LOGIN; GRANT SELECT ON t TO \(user)")
        stage.config.user = user
        let sql = try await script(stage).steps.map(\.sql)
        #expect(sql.contains("ALTER USER \"\(user)\" WITH REPLICATION"))
        #expect(sql.contains { $0.hasPrefix("CREATE PUBLICATION") })
        for statement in sql { try stage.database.execute(statement) }
        defer { try? stage.remove() }
        #expect(try await stage.prepare().gap == nil)
    }

    private func setup(_ host: HostType, _ plugin: PostgresConfig.Plugin, level: String? = "replica") -> LogSetup {
        var setup = LogSetup(user: "u", host: host, version: 150_003, plugin: plugin, slot: "pipelinewise_d")
        setup.logLevel = level
        return setup
    }

    @Test func everyHostHasItsOwnSteps() {
        let own = setup(.selfHosted, .wal2json)
        #expect(own.advice.contains { $0.contains("postgresql-15-wal2json") })
        #expect(own.advice.contains { $0.contains("sudo service postgresql stop") && $0.contains("SHOW wal_level;") })
        #expect(!setup(.selfHosted, .wal2json, level: "logical").advice.contains { $0.contains("wal_level = logical") })
        #expect(setup(.rds, .pgoutput).steps.first?.sql == "GRANT rds_replication TO \"u\"")
        #expect(setup(.rds, .pgoutput).advice.contains { $0.contains("rds.logical_replication") })
        #expect(setup(.cloudSQL, .wal2json).advice.contains { $0.contains("cloudsql.logical_decoding") })
        #expect(setup(.cloudSQL, .wal2json).advice.contains { $0.contains("installed on this kind of host already") })
        #expect(setup(.heroku, .pgoutput).steps.isEmpty)
        #expect(setup(.heroku, .pgoutput).advice.allSatisfy { $0.contains("TRIGGER_BASED") })
        #expect(setup(.render, .pgoutput).steps.isEmpty)
        #expect(setup(.render, .pgoutput).advice.contains { $0.contains("Ask Render's support to allow it") })
        var listed = own
        listed.allowedPlugins = "pgoutput, test_decoding"
        #expect(listed.advice.first?.contains("ALTER SYSTEM SET output_plugin_libraries") == true)
    }
}
