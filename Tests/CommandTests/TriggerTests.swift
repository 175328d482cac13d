import Foundation
import TandemTesting
import Testing

/// What a user does whose host gives nobody the right to replicate: a role that owns its tables, and nothing else.
@Suite(.blocking) struct TriggerTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static var rounds: Int { environment["TANDEM_KILLS"].flatMap { Int($0) } ?? 3 }

    /// A server whose log nobody can read, a database of the role `app`, and a sync of that into a DuckDB file.
    private struct Hosting {
        let server: PostgresServer
        let program: Program

        init(_ version: PostgresServer.Version, more: String = "") throws {
            server = try PostgresServer(version, settings: ["wal_level": "replica", "max_wal_senders": "0"])
            program = try Program()
            try server.execute("CREATE ROLE app LOGIN PASSWORD 'secret'")
            try server.execute("CREATE DATABASE shop OWNER app")
            let text = Program.configuration(server, "shop", method: "auto", more: more)
            try program.write(
                text.replacing("    user: \(PostgresServer.user)\n", with: "    user: app\n    password: secret\n")
            )
        }

        func asApp(_ sql: String) throws { try server.execute("SET ROLE app; " + sql, in: "shop") }

        func remove() {
            program.remove()
            server.remove()
        }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func fromTheFirstCheckToTheTeardown(version: PostgresServer.Version) throws {
        let hosting = try Hosting(version)
        defer { hosting.remove() }
        let (server, program) = (hosting.server, hosting.program)
        try hosting.asApp(
            """
            CREATE TABLE public.orders (id int PRIMARY KEY, word text);
            CREATE TABLE public.parts (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);
            CREATE TABLE public.parts_low PARTITION OF public.parts FOR VALUES FROM (0) TO (100);
            INSERT INTO public.orders SELECT i, 'first' FROM generate_series(1, 100) i;
            INSERT INTO public.parts SELECT i, 0 FROM generate_series(1, 50) i
            """
        )
        // Until it is asked for nothing is made: every run copies everything, and says what there would be.
        let planned = try program.run("plan")
        #expect(planned.output.contains("FULL_TABLE") && planned.output.contains("Not TRIGGER_BASED"))
        #expect(planned.output.contains("wal_level is replica"))
        #expect(try program.run("check").output.contains("--method TRIGGER_BASED --apply"))
        #expect(try program.run("run", "--quiet").status == 0)
        #expect(try server.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal", in: "shop") == "0")
        let setup = try program.run("setup", "shop", "--method", "TRIGGER_BASED", "--apply")
        #expect(setup.status == 0, "\(setup.errors)")
        let again = try program.run("plan")
        #expect(again.output.contains("TRIGGER_BASED") && !again.output.contains("FULL_TABLE"), "\(again.output)")
        let first = try program.run("run")
        #expect(first.status == 0, "\(first.errors)")
        try hosting.asApp(
            """
            UPDATE public.orders SET word = 'second' WHERE id <= 10; DELETE FROM public.orders WHERE id > 90;
            UPDATE public.orders SET id = id + 1000 WHERE id = 50; INSERT INTO public.parts VALUES (60, 1);
            CREATE TABLE public.parts_high PARTITION OF public.parts FOR VALUES FROM (100) TO (200);
            INSERT INTO public.parts VALUES (150, 2)
            """
        )
        let second = try program.run("run", "--json")
        #expect(second.status == 0, "\(second.errors)")
        #expect(!second.errors.contains("again"), "nothing is copied twice: \(second.errors)")
        let verified = try program.run("verify", "copy")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        let status = try program.run("status")
        #expect(status.status == 0 && status.output.contains("triggers"), "\(status.output)")
        let removed = try program.run("teardown", "shop")
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(try server.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal", in: "shop") == "0")
        #expect(try server.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'", in: "shop") == "0")
        try hosting.asApp("UPDATE public.orders SET word = 'third'")
    }

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func whatIsDoneByHandBreaksNoStatementAndIsNoticed(version: PostgresServer.Version) throws {
        let hosting = try Hosting(version)
        defer { hosting.remove() }
        let (server, program) = (hosting.server, hosting.program)
        try hosting.asApp(
            """
            CREATE TABLE public.orders (id int PRIMARY KEY, word text);
            INSERT INTO public.orders SELECT i, 'first' FROM generate_series(1, 100) i
            """
        )
        #expect(try program.run("setup", "shop", "--method", "TRIGGER_BASED", "--apply").status == 0)
        #expect(try program.run("run", "--quiet").status == 0)
        let log = "tandem.log_" + (try server.execute("SELECT 'public.orders'::regclass::oid", in: "shop"))
        for (what, hasGap) in [
            (
                "ALTER TABLE public.orders RENAME id TO number; UPDATE public.orders SET word = 'a' WHERE number = 1",
                false
            ),
            (
                "ALTER TABLE public.orders ADD extra int DEFAULT 7; UPDATE public.orders SET word = 'b' WHERE number = 2",
                false
            ),
            ("ALTER TABLE public.orders RENAME TO sales; UPDATE public.sales SET word = 'c' WHERE number = 3", false),
            ("ALTER TABLE public.sales RENAME TO orders; DELETE FROM public.orders WHERE number = 4", false),
            ("DROP TABLE \(log); UPDATE public.orders SET word = 'd' WHERE number = 5", true),
            (
                """
                ALTER TABLE public.orders DISABLE TRIGGER ALL; UPDATE public.orders SET word = 'e' WHERE number = 6;
                ALTER TABLE public.orders ENABLE TRIGGER ALL
                """, true
            ),
            (
                "ALTER TABLE public.orders ALTER number TYPE bigint; UPDATE public.orders SET word = 'f' WHERE number = 7",
                true
            ),
            ("TRUNCATE public.orders; INSERT INTO public.orders VALUES (1, 'g')", false),
        ] {
            try hosting.asApp(what)
            let run = try program.run("run")
            #expect(run.status == 0, "\(what): \(run.errors)")
            #expect(run.errors.contains("again") == hasGap, "\(what): \(run.errors)")
            let verified = try program.run("verify", "copy")
            #expect(verified.status == 0, "\(what): \(verified.output)\(verified.errors)")
        }
        try hosting.asApp("DROP SCHEMA tandem CASCADE; UPDATE public.orders SET word = 'h'")
        let planned = try program.run("plan")
        #expect(planned.output.contains("Not TRIGGER_BASED: Nothing notes its changes yet."), "\(planned.output)")
        #expect(try program.run("run", "--quiet").status == 0)
        #expect(try program.run("verify", "copy").status == 0)
    }

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func whateverIsKilledBothSidesEndUpEqual(version: PostgresServer.Version) throws {
        let seed = Self.environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let hosting = try Hosting(version, more: "    auto_setup: true\n")
        defer { hosting.remove() }
        let (server, program) = (hosting.server, hosting.program)
        var history = RandomHistory(seed: seed)
        func write(_ statements: [String]) throws {
            try hosting.asApp(statements.joined(separator: ";\n") + ";")
        }
        try write(history.setup)
        for _ in 0..<Self.rounds {
            for _ in 0..<5 { try write(history.nextTransaction()) }
            let run = try program.start(["run", "--follow", "--quiet"])
            let end = ContinuousClock.now + .seconds(Double.random(in: 0...2, using: &random))
            while run.isRunning, ContinuousClock.now < end { usleep(1000) }
            if Bool.random(using: &random) {
                kill(run.processIdentifier, SIGKILL)
            } else {
                server.kill()
                try server.start()
                kill(run.processIdentifier, SIGINT)
            }
            run.waitUntilExit()
        }
        let last = try program.run("run")
        #expect(last.status == 0, "\(last.errors), seed \(seed)")
        let verified = try program.run("verify", "copy")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors), seed \(seed)")
    }

    /// Each stream as far as its source is, again and again.
    @Test func theLogAndTriggersTakeTurns() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE TABLE logged (id int PRIMARY KEY); CREATE TABLE noted (id int PRIMARY KEY);
            INSERT INTO logged VALUES (1); INSERT INTO noted VALUES (1)
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        let tables = """
                auto_setup: true
                tables:
                  - {name: public.logged, method: LOG_BASED}
                  - {name: public.noted, method: TRIGGER_BASED}
            """
        try program.write(Program.configuration(server, database, more: tables))
        let run = try program.start(["run", "--follow", "--quiet"])
        defer { if run.isRunning { kill(run.processIdentifier, SIGKILL) } }
        for id in 2...4 {
            try server.execute("INSERT INTO logged VALUES (\(id)); INSERT INTO noted VALUES (\(id))", in: database)
            let sums = "SELECT (SELECT sum(id) FROM public.logged) + (SELECT sum(id) FROM public.noted) AS total"
            let end = ContinuousClock.now + .seconds(60)
            let wanted = "\(id * (id + 1))"
            while run.isRunning, ContinuousClock.now < end {
                if try Self.query(sums, program).contains(wanted) { break }
            }
            #expect(try Self.query(sums, program).contains(wanted), "\(id)")
        }
        kill(run.processIdentifier, SIGINT)
        run.waitUntilExit()
        #expect(run.terminationStatus == 130)
        let verified = try program.run("verify", "copy")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        #expect(try program.run("teardown", "shop").status == 0)
    }

    private static func query(_ sql: String, _ program: Program) throws -> String {
        try program.run("query", "warehouse", "--csv", sql).output
    }
}
