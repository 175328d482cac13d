import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// What `setup`, `check` and `teardown` do for TRIGGER_BASED, as users meet them.
@Suite(.blocking) struct NotingSetupTests {
    /// A role that owns its tables and may make schemas, and no more than that.
    private func heroku(_ version: PostgresServer.Version) throws -> TriggerStage {
        let database = try TestDatabase(version)
        let user = "owner_\(database.name)"
        try database.execute(
            """
            CREATE ROLE \(user) LOGIN; GRANT CREATE ON DATABASE \(database.name) TO \(user);
            GRANT CREATE ON SCHEMA public TO \(user); SET ROLE \(user);
            CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE keyless (id int);
            """
        )
        var stage = try TriggerStage(database, "")
        stage.config.user = user
        return stage
    }

    private func remove(_ stage: TriggerStage) throws {
        let user = stage.config.user ?? ""
        try stage.database.execute("DROP OWNED BY \(user) CASCADE; DROP ROLE \(user)")
    }

    private let names = ["t", "keyless"].map { TableName(schema: "public", table: $0) }

    private func script(_ stage: TriggerStage, apply: Bool = false, admin: Bool = false) async throws -> SetupScript {
        let url = "postgresql://\(PostgresServer.user)@\(PostgresServer.host):\(stage.database.server.port)/postgres"
        let request = SetupRequest(schemas: ["public"], noting: names, apply: apply, adminURL: admin ? url : nil)
        return try await ConnectionSetup(stage.config, in: .test).script(request)
    }

    private func eligibility(_ stage: TriggerStage) throws -> Eligibility? {
        let session = try Session(stage.config, in: .test)
        defer { session.close() }
        return try CatalogReader(session).tables().first { $0.name == names[0] }?.methods[.triggerBased]
    }

    private func check(_ stage: TriggerStage, _ tables: [TableName]) async throws -> [Finding] {
        var context = ConnectionContext.test
        context.syncs = ["known"]
        let source = PostgresSource(stage.config, in: context)
        let findings = await source.check(TableUses(read: tables))
        await source.close()
        return findings.filter { $0.subject.hasPrefix("triggers") || $0.subject.hasPrefix("reader") }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func whoOwnsTheTablesNeedsNobody(version: PostgresServer.Version) async throws {
        let stage = try heroku(version)
        defer { try? remove(stage) }
        guard case .usable = try eligibility(stage) else { return #expect(Bool(false), "not eligible") }
        let printed = try await script(stage)
        #expect(!printed.applied && printed.steps.contains { $0.sql.contains("CREATE TRIGGER tandem_note_insert") })
        #expect(printed.advice.contains { $0.contains("public.keyless has no key") })
        let applied = try await script(stage, apply: true)
        #expect(applied.applied)
        try stage.database.execute("INSERT INTO t VALUES (1)")
        #expect(try stage.take("t") == ["r 1"])
        let again = try await script(stage, apply: true)
        #expect(again.steps.isEmpty && again.advice.first?.hasPrefix("Everything was in place") == true)
        #expect(try await check(stage, names).map(\.severity) == [.ok])
        let source = PostgresSource(stage.config, in: .test)
        let removed = try await source.teardown([]).removed
        await source.close()
        #expect(removed.last == "schema tandem")
    }

    /// What is printed, run as it stands, suffices: by the owner or by an administrator.
    @Test(arguments: PostgresServer.Version.allCases, [false, true])
    func whatIsPrintedSuffices(version: PostgresServer.Version, byOwner: Bool) async throws {
        let stage = try heroku(version)
        defer { try? remove(stage) }
        let script = try await script(stage)
        let sql = script.steps.map { "-- \($0.comment)\n\($0.sql);" }.joined(separator: "\n")
        let user = byOwner ? stage.config.user ?? "" : PostgresServer.user
        try stage.database.server.execute(sql, in: stage.database.name, as: user)
        try stage.database.execute("INSERT INTO t VALUES (1)")
        #expect(try stage.take("t") == ["r 1"])
        #expect(try await self.script(stage).steps.allSatisfy { !$0.sql.contains("TRIGGER") })
        #expect(try await check(stage, names).map(\.severity) == [.ok])
    }

    /// Who may only read is made the owner of what notes changes, and can go on from there.
    @Test(arguments: PostgresServer.Version.allCases)
    func anAdministratorDoesItForAReader(version: PostgresServer.Version) async throws {
        var stage = try TriggerStage(version, "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE keyless (id int)")
        let user = "reader_\(stage.database.name)"
        try stage.database.execute("CREATE ROLE \(user) LOGIN; GRANT SELECT ON t TO \(user)")
        stage.config.user = user
        defer { try? remove(stage) }
        guard case .unusable = try eligibility(stage) else { return #expect(Bool(false), "eligible too early") }
        _ = try await script(stage, apply: true, admin: true)
        guard case .usable = try eligibility(stage) else { return #expect(Bool(false), "not eligible") }
        try stage.database.execute("INSERT INTO t VALUES (1)")
        let session = try Session(stage.config, in: .test)
        let log = TriggerNames.log(try stage.number("t"))
        let deleted = try session.transaction(.readWrite) {
            try session.query("DELETE FROM \(log) RETURNING k1").value
        }
        #expect(deleted == "{1}")
        session.close()
        #expect(try await script(stage, apply: true, admin: true).steps.isEmpty)
        let source = PostgresSource(stage.config, in: .test)
        #expect(try await source.teardown([]).removed.contains("what noted the changes of public.t"))
        await source.close()
        try stage.database.execute("INSERT INTO t VALUES (2)")
    }

    @Test func checkFindsWhatIsWrongAndWhatIsLeft() async throws {
        let stage = try TriggerStage(
            .v16,
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY)"
        )
        #expect(try await check(stage, names).isEmpty)
        try stage.capture("t", "other")
        try stage.database.execute(
            """
            INSERT INTO tandem.readers VALUES ('known', '1:1:', now()), ('gone', '1:1:', now() - interval '2 days');
            ALTER TABLE t DISABLE TRIGGER tandem_note_update;
            """
        )
        let findings = try await check(stage, [names[0]])
        #expect(Set(findings.map(\.subject)) == ["triggers on public.t", "triggers on public.other", "reader gone"])
        let disabled = try #require(findings.first { $0.subject == "triggers on public.t" })
        #expect(disabled.severity == .error)
        #expect(disabled.remedy?.sql == ["ALTER TABLE \"public\".\"t\" ENABLE TRIGGER \"tandem_note_update\""])
        // The SQL of the remedies is what they say.
        for finding in findings { for sql in finding.remedy?.sql ?? [] { try stage.database.execute(sql) } }
        #expect(try await check(stage, [names[0]]).map(\.severity) == [.ok])
        try stage.database.execute("DROP TABLE \(TriggerNames.log(try stage.number("t"))); INSERT INTO t VALUES (1)")
        #expect(try await Set(check(stage, [names[0]]).map(\.severity)) == [.error, .warning])
    }
}
