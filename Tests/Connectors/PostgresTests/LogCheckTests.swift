import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What `check` says before a log is followed.
@Suite(.timeLimit(.minutes(10))) struct LogCheckTests {
    private func check(_ stage: StreamStage, tables: [String] = ["t"]) async -> [Finding] {
        let source = PostgresSource(stage.config, in: stage.context)
        let names = tables.map { TableName(schema: "public", table: $0) }
        let findings = await source.check(TableUses(read: names, followed: ["one": names]))
        await source.close()
        return findings
    }

    private func expect(
        _ severity: Finding.Severity,
        _ subject: String,
        _ words: String,
        in findings: [Finding],
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(
            findings.contains { $0.severity == severity && $0.subject == subject && $0.message.contains(words) },
            "\(findings.filter { $0.subject == subject || $0.severity == severity })",
            sourceLocation: location
        )
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func everythingIsReady(version: PostgresServer.Version) async throws {
        let stage = try StreamStage(version)
        defer { try? stage.remove() }
        let before = await check(stage)
        #expect(!before.contains { $0.severity == .error }, "\(before)")
        expect(.ok, "slot \(stage.slot)", "will be made", in: before)
        expect(.note, "max_slot_wal_keep_size", "no limit", in: before)
        #expect(try stage.ask("count(*)") == "0")
        _ = try await stage.prepare()
        expect(.ok, "slot \(stage.slot)", "keeps", in: await check(stage))
    }

    @Test func numbersThatAnOldWal2JSONLosesAreNamed() async throws {
        var stage = try StreamStage(.v15)
        defer { try? stage.remove() }
        stage.config.plugin = .wal2json
        try stage.database.execute(
            "CREATE TABLE n (id int PRIMARY KEY, a float8, b numeric(10,2), c numeric[], d real, e numeric)"
        )
        expect(.note, "wal2json", "If it is older", in: await check(stage, tables: ["t", "n"]))
        _ = try await stage.prepare(tables: ["t", "n"])
        let isOld =
            (try? stage.database.execute(
                """
                SELECT count(*) FROM pg_logical_slot_peek_changes(
                  '\(stage.slot)', '0/1', NULL, 'numeric-data-types-as-string', '1')
                """
            )) == nil
        let findings = await check(stage, tables: ["t", "n"]).filter { $0.subject == "wal2json" }
        #expect(findings.map(\.severity) == (isOld ? [.note] : []))
        #expect(
            !isOld || findings.first?.message.hasSuffix(": public.n.a, public.n.b, public.n.d, public.n.e.") == true
        )
        #expect(!(await check(stage)).contains { $0.subject == "wal2json" })
    }

    @Test func whatKeepsALogFromBeingRead() async throws {
        var stage = try StreamStage(.v16)
        defer { try? stage.remove() }
        let user = "c_" + stage.database.name
        try stage.database.execute(
            "CREATE ROLE \(user) LOGIN; CREATE TABLE log (line text)"
        )
        try stage.database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(user)")
        stage.config.user = user
        expect(.error, "log", "does not have the right permissions for replication", in: await check(stage))
        try stage.database.execute("ALTER ROLE \(user) WITH REPLICATION")
        let foreign = await check(stage)
        expect(.error, "publication", "may not make publications", in: foreign)
        #expect(
            foreign.first { $0.subject == "publication" }?.remedy?.sql.first?.hasPrefix("CREATE PUBLICATION") == true
        )
        stage.config.user = PostgresServer.user
        let tables = await check(stage, tables: ["t", "log"])
        expect(.note, "publication", "Postgres refuses its updates and deletes", in: tables)
        expect(.warning, "public.log", "inserts are followed, updates and deletes are not", in: tables)
        _ = try await stage.prepare(tables: ["t"])
        stage.config.plugin = .wal2json
        expect(.error, "slot \(stage.slot)", "made for the plugin pgoutput", in: await check(stage))
        stage.config.plugin = nil
        stage.config.maxSlotLog = ByteSize(1)
        try stage.database.execute("SET synchronous_commit = on; INSERT INTO t VALUES (1)")
        expect(.warning, "slot \(stage.slot)", "more than max_slot_wal", in: await check(stage))
        stage.config.slot = "tandem_other_" + stage.database.name
        expect(.warning, "slot \(stage.slot)", "No sync of this configuration", in: await check(stage))
    }

    @Test func aServerWithoutALogicalLog() async throws {
        let server = try PostgresServer(.v15, settings: ["wal_level": "replica"])
        defer { server.remove() }
        let findings = await check(try StreamStage(.v15, server: server))
        expect(.error, "log", "wal_level is replica", in: findings)
    }

    @Test func noRoomForAnotherSlot() async throws {
        let server = try PostgresServer(.v15, settings: ["max_replication_slots": "1"])
        defer { server.remove() }
        let stage = try StreamStage(.v15, server: server)
        try server.execute("SELECT pg_create_physical_replication_slot('taken')")
        let findings = await check(stage)
        expect(.error, "slot \(stage.slot)", "all 1 slots", in: findings)
        let error = await #expect(throws: PostgresError.self) { try await stage.prepare() }
        #expect(error?.description.contains("all replication slots are in use") == true, "\(String(describing: error))")
    }

    /// Releases that no server at hand is of.
    @Test(arguments: [
        (150_012, "may lose changes"), (150_013, "run out of memory"), (170_005, "run out of memory"),
        (120_001, "may lose changes"), (150_014, nil), (180_000, nil),
    ])
    func floors(version: Int, words: String?) {
        let facts = ServerFacts(version: version, database: "d", user: "u", isSuperuser: true, mayReplicate: true)
        let review = LogReview(
            facts: facts,
            log: LogFacts(),
            config: PostgresConfig(),
            context: .test
        )
        let finding = review.findings.first { $0.subject == "version" }
        #expect(finding?.severity == (words == nil ? nil : .warning))
        #expect(words.map { finding?.message.contains($0) ?? false } ?? true)
    }
}
