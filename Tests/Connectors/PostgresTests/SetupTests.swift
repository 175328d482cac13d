import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct SetupTests {
    /// A name that needs quoting, and is no other test's.
    private static func userName() -> String { "re\"ad er's " + UUID().uuidString.prefix(8).lowercased() }

    private func shop(_ version: PostgresServer.Version) throws -> TestDatabase {
        let database = try TestDatabase(version)
        let owner = "own\nSELECT 1/0; --" + UUID().uuidString
        try database.execute(
            """
            REVOKE ALL ON DATABASE \(database.name) FROM PUBLIC;
            CREATE SCHEMA "Sales & Co"; CREATE SCHEMA hidden;
            CREATE TABLE public.orders (id int PRIMARY KEY); INSERT INTO public.orders VALUES (1);
            CREATE TABLE "Sales & Co"."Order" (id int PRIMARY KEY); CREATE VIEW "Sales & Co".seen AS SELECT 1 AS one;
            CREATE TABLE hidden.secret (id int);
            CREATE ROLE \(SQL.identifier(owner)); ALTER TABLE "Sales & Co"."Order" OWNER TO \(SQL.identifier(owner));
            """
        )
        return database
    }

    private func setup(
        _ database: TestDatabase,
        user: String,
        password: String? = "pa'ss\\word",
        apply: Bool = false,
        schemas: [String] = ["public", "Sales & Co"],
        uses: Set<SetupRequest.Use> = [.reading],
        show: Bool = true
    ) async throws -> SetupScript {
        var config = database.config
        config.user = user
        config.password = password
        let request = SetupRequest(
            schemas: schemas,
            uses: uses,
            showPassword: show,
            apply: apply,
            adminURL: "postgresql://\(PostgresServer.user)@\(PostgresServer.host):\(database.server.port)/postgres"
        )
        return try await ConnectionSetup(config, in: .test).script(request)
    }

    private func tables(_ database: TestDatabase, as user: String) throws -> [String: PostgresTable] {
        var config = database.config
        config.user = user
        let session = try Session(config, in: .test)
        return try Dictionary(uniqueKeysWithValues: CatalogReader(session).tables().map { ($0.name.description, $0) })
    }

    private func isReadable(_ table: PostgresTable?) -> Bool {
        if case .usable = table?.methods[.fullTable] { true } else { false }
    }

    /// What is printed for a connection that is written to suffices to write to it, and to pass the check.
    @Test(arguments: PostgresServer.Version.allCases)
    func aUserThatIsSetUpToWriteMayWrite(version: PostgresServer.Version) async throws {
        let database = try shop(version)
        let user = Self.userName()
        var config = database.config
        config.user = user
        config.password = "pa'ss\\word"
        let script = try await setup(database, user: user, apply: true, uses: [.writing])
        #expect(script.steps.count == 3 && !script.steps.contains { $0.sql.contains("SELECT") })
        let destination = PostgresDestination(config, in: .test)
        #expect(await destination.check().allSatisfy { $0.severity != .error })
        let copy = try await database.load(TableName(schema: "new", table: "t"), ids: 0..<3, into: destination)
        try await destination.publish([copy], retiring: [], of: "s")
        #expect(try database.execute("SELECT count(*) FROM new.t") == "3")
        // Once the right is taken away, what is there goes on, and the check says what is missing.
        try database.execute("REVOKE CREATE ON DATABASE \(database.name) FROM \(SQL.identifier(user))")
        #expect(await destination.check().contains { $0.severity == .note && $0.subject == "privileges" })
        _ = try await database.load(TableName(schema: "new", table: "u"), ids: 0..<3, into: destination)
        await #expect(throws: PostgresError.self) {
            try await database.load(TableName(schema: "newer", table: "t"), ids: 0..<3, into: destination)
        }
        try await destination.discard([TableName(schema: "new", table: "u")])
        _ = try await destination.teardown()
        #expect(await destination.check().contains { $0.severity == .error && $0.remedy?.sql.isEmpty == false })
        await destination.close()
        try database.execute("DROP OWNED BY \(SQL.identifier(user)) CASCADE; DROP ROLE \(SQL.identifier(user))")
    }

    /// The promise of the documentation: what is printed, run as it stands by an administrator, suffices.
    @Test(arguments: PostgresServer.Version.allCases)
    func whatIsPrintedSuffices(version: PostgresServer.Version) async throws {
        let database = try shop(version)
        let user = Self.userName()
        let script = try await setup(database, user: user)
        #expect(!script.applied)
        #expect(script.steps.allSatisfy { !$0.comment.isEmpty && !$0.sql.hasSuffix(";") })
        try database.execute(script.steps.map { "-- \($0.comment)\n\($0.sql);" }.joined(separator: "\n"))
        let tables = try tables(database, as: user)
        for name in ["public.orders", "Sales & Co.Order", "Sales & Co.seen"] {
            #expect(isReadable(tables[name]), "\(name)")
        }
        #expect(tables["hidden.secret"].map { !isReadable($0) } == true)
        // Tables made later can be read as well, and nothing can be written.
        try database.execute("CREATE TABLE public.later (id int); INSERT INTO public.later VALUES (1)")
        let session = try Session(self.config(database, user), in: .test)
        #expect(try session.query("SELECT count(*) FROM public.later").value == "1")
        #expect(throws: PostgresError.self) {
            try session.transaction(.readWrite) { try session.execute("DELETE FROM public.orders") }
        }
        #expect(try self.tables(database, as: user).values.allSatisfy { !$0.isWritable })
        session.close()
        try database.execute("DROP OWNED BY \(SQL.identifier(user)); DROP USER \(SQL.identifier(user))")
    }

    private func config(_ database: TestDatabase, _ user: String) -> PostgresConfig {
        var config = database.config
        config.user = user
        return config
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func applyingTwiceChangesNothing(version: PostgresServer.Version) async throws {
        let database = try shop(version)
        let user = Self.userName()
        let first = try await setup(database, user: user, apply: true, show: false)
        #expect(first.applied)
        #expect(first.steps.map(\.sql).first == "CREATE USER \(SQL.identifier(user)) PASSWORD '<choose a password>'")
        #expect(first.steps.count == 9)
        #expect(isReadable(try tables(database, as: user)["Sales & Co.Order"]))
        let second = try await setup(database, user: user, apply: true)
        #expect(second.applied && second.steps.isEmpty)
        #expect(second.advice.first == "Everything was in place already; nothing was changed.")
        try database.execute("CREATE SCHEMA later; CREATE TABLE later.t (id int)")
        let third = try await setup(database, user: user, apply: true, schemas: ["later"])
        #expect(third.steps.count == 3)
        // The server keeps the password's hash, and took it from us as one.
        let stored = try database.execute("SELECT rolpassword FROM pg_authid WHERE rolname = \(SQL.literal(user))")
        #expect(stored.hasPrefix("SCRAM-SHA-256$"))
        try database.execute("DROP OWNED BY \(SQL.identifier(user)); DROP USER \(SQL.identifier(user))")
    }

    @Test func thePasswordIsShownOnlyWhenAsked() async throws {
        let database = try shop(.v16)
        let user = Self.userName()
        let hidden = try await setup(database, user: user, show: false)
        #expect(!"\(hidden)".contains("ss\\\\word"))
        #expect(hidden.steps.first?.sql.hasSuffix("PASSWORD '<choose a password>'") == true)
        #expect(try await setup(database, user: user).steps.first?.sql.contains("'pa''ss\\\\word'") == true)
    }

    @Test func aPasswordThatWasSetLetsTheUserIn() async throws {
        let server = try PostgresServer(.v16, access: ["host all \"reader\" 127.0.0.1/32 scram-sha-256"])
        defer { server.remove() }
        var config = server.config(database: "postgres")
        config.user = "reader"
        config.password = "pässwörd '1'"
        let admin = "postgresql://\(PostgresServer.user)@\(PostgresServer.host):\(server.port)/postgres"
        _ = try await ConnectionSetup(config, in: .test).script(SetupRequest(schemas: [], apply: true, adminURL: admin))
        #expect(try Session(config, in: .test).query("SELECT current_user").value == "reader")
        config.password = "wrong"
        #expect(throws: PostgresError.self) { try Session(config, in: .test) }
    }

    @Test func columnsOpenedOneByOneStaySo() async throws {
        let database = try shop(.v18)
        let user = Self.userName()
        let quoted = SQL.identifier(user)
        try database.execute(
            """
            CREATE USER \(quoted); CREATE TABLE public.people (id int PRIMARY KEY, name text, ssn text);
            GRANT SELECT (id, name) ON public.people TO \(quoted);
            """
        )
        let script = try await setup(database, user: user, apply: true)
        #expect(script.advice.contains { $0.contains("\"people\" is open") })
        let tables = try tables(database, as: user)
        #expect(tables["public.people"]?.columns.map(\.name) == ["id", "name"])
        #expect(isReadable(tables["public.orders"]))
        try database.execute("DROP OWNED BY \(quoted); DROP USER \(quoted)")
    }

    @Test func whatOthersHaveToGrantIsSaid() async throws {
        let database = try shop(.v16)
        let (user, admin) = (Self.userName(), Self.userName())
        try database.execute(
            """
            CREATE USER \(SQL.identifier(admin)) CREATEROLE; GRANT CONNECT ON DATABASE \(database.name) TO \(SQL.identifier(admin)) WITH GRANT OPTION;
            GRANT USAGE, CREATE ON SCHEMA public TO \(SQL.identifier(admin)) WITH GRANT OPTION;
            SET ROLE \(SQL.identifier(admin)); CREATE TABLE public.mine (id int);
            """
        )
        var config = database.config
        config.user = user
        var url = "postgresql://127.0.0.1:\(database.server.port)/?user="
        url += admin.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let script = try await ConnectionSetup(config, in: .test).script(
            SetupRequest(schemas: ["public", "nowhere"], apply: true, adminURL: url)
        )
        let tables = try tables(database, as: user)
        #expect(isReadable(tables["public.mine"]) && !isReadable(tables["public.orders"]))
        #expect(
            script.advice.contains(
                "\"postgres\" has to grant SELECT on its tables in the schema \"public\": 1 cannot be granted from here."
            )
        )
        #expect(script.advice.contains { $0.hasPrefix("\"postgres\" has to alter its default privileges") })
        #expect(script.advice.contains("There is no schema \"nowhere\" with tables."))
    }

    @Test func withoutAServerThereIsStillAScript() async throws {
        var config = PostgresConfig()
        config.host = "127.0.0.1"
        config.port = "1"
        config.user = "tandem"
        config.database = "shop"
        let setup = ConnectionSetup(config, in: .test)
        let script = try await setup.script(SetupRequest(schemas: ["a", "b"]))
        #expect(
            script.steps.map(\.sql) == [
                "CREATE USER \"tandem\" PASSWORD '<choose a password>'",
                "GRANT CONNECT ON DATABASE \"shop\" TO \"tandem\"",
                "GRANT USAGE ON SCHEMA \"a\" TO \"tandem\"", "GRANT SELECT ON ALL TABLES IN SCHEMA \"a\" TO \"tandem\"",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA \"a\" GRANT SELECT ON TABLES TO \"tandem\"",
                "GRANT USAGE ON SCHEMA \"b\" TO \"tandem\"", "GRANT SELECT ON ALL TABLES IN SCHEMA \"b\" TO \"tandem\"",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA \"b\" GRANT SELECT ON TABLES TO \"tandem\"",
            ]
        )
        #expect(script.advice.first?.hasPrefix("The server could not be asked") == true)
        await #expect(throws: PostgresError.self) { try await setup.script(SetupRequest(schemas: [], apply: true)) }
    }

    @Test func theGuideShowsWhatIsPrinted() async throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/postgres-setup.md")
        let guide = try String(contentsOf: page, encoding: .utf8)
        var config = PostgresConfig()
        config.host = "127.0.0.1"
        config.port = "1"
        config.user = "tandem"
        config.database = "shop"
        let script = try await ConnectionSetup(config, in: .test).script(SetupRequest(schemas: ["public"]))
        #expect(guide.contains("```sql\n" + script.steps.map { $0.sql + ";\n" }.joined() + "```"))
        for host in HostType.allCases {
            for sql in host.replicationRemedy("tandem").sql + host.logicalLogRemedy.sql {
                #expect(guide.contains(sql.replacing("\"tandem\"", with: "tandem")), "\(host.rawValue)")
            }
        }
    }

    /// A user who may grant nothing prints what an administrator can run.
    @Test func printedByTheUserItself() async throws {
        let database = try shop(.v16)
        let user = Self.userName()
        let quoted = SQL.identifier(user)
        try database.execute("CREATE USER \(quoted); GRANT CONNECT ON DATABASE \(database.name) TO \(quoted)")
        let setup = ConnectionSetup(config(database, user), in: .test)
        let script = try await setup.script(SetupRequest(schemas: ["Sales & Co"]))
        #expect(script.steps.count == 5)
        #expect(script.steps.contains { $0.sql == "GRANT SELECT ON ALL TABLES IN SCHEMA \"Sales & Co\" TO \(quoted)" })
        #expect(!script.advice.contains { $0.contains("has to") })
        try database.execute(script.steps.map { $0.sql + ";" }.joined(separator: "\n"))
        #expect(isReadable(try tables(database, as: user)["Sales & Co.Order"]))
        // What it may not do itself, it says.
        let applied = try await setup.script(SetupRequest(schemas: ["public"], apply: true))
        #expect(applied.steps.isEmpty)
        #expect(applied.advice.contains { $0.hasPrefix("\"postgres\" has to grant SELECT") })
        #expect(applied.advice.first?.hasPrefix("Everything was in place") != true)
    }
}
