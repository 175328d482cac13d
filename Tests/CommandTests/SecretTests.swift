import CDuckDB
import Foundation
import TandemTesting
import Testing

/// No value of a row and no password is in anything that is written: errors, results, history, files.
@Suite(.blocking) struct SecretTests {
    private static let secret = "hush4711"

    /// All that the program and its runs left: what they printed, and every file in the project's folder that is no
    /// warehouse and no configuration.
    private func written(_ program: Program, _ outcomes: [Program.Outcome]) throws -> [String: String] {
        var texts: [String: String] = [:]
        for (index, outcome) in outcomes.enumerated() {
            texts["output \(index)"] = outcome.output
            texts["errors \(index)"] = outcome.errors
        }
        let files = FileManager.default.enumerator(at: program.folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard !file.lastPathComponent.hasPrefix("warehouse"), file.pathExtension != "yaml",
                let data = try? Data(contentsOf: file)
            else { continue }
            texts[file.lastPathComponent] = String(decoding: data, as: UTF8.self)
        }
        return texts
    }

    /// Runs each command, and searches everything for the secret.
    private func expectSilence(
        _ program: Program,
        _ commands: [[String]],
        of secret: String = Self.secret,
        failing: Bool = true,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let outcomes = try commands.map { try program.outcome(of: program.start($0)) }
        if failing { #expect(outcomes[0].status != 0, "\(outcomes[0].errors)", sourceLocation: location) }
        for (place, text) in try written(program, outcomes) {
            guard let found = text.firstRange(of: secret) else { continue }
            let around = text[..<found.lowerBound].suffix(150)
            Issue.record("the secret is in \(place): …\(around)", sourceLocation: location)
        }
    }

    private static let commands = [
        ["run"], ["run", "--json"], ["status"], ["status", "--json"], ["issues", "--json"],
    ]

    @Test(
        arguments: [
            "SELECT note::int FROM notes", "SELECT note::regclass FROM notes", "SELECT note::regoper FROM notes",
            "SELECT speak(note) FROM notes", "SELECT dynamic(note) FROM notes", "SELECT note::jsonpath FROM notes",
            "SELECT note::date FROM notes", "SELECT pg_read_file(note) FROM notes", "SELECT note::xml FROM notes",
            "SELECT wrong(note, '08006') FROM notes", "SELECT wrong(note, '42501') FROM notes",
            "SELECT wrong(note, 'XX000') FROM notes", "SELECT wrong(note, '55P03') FROM notes",
            "SELECT wrong(note, '23505') FROM notes", "SELECT note::short FROM notes",
        ]
    )
    func aViewThatFailsWithAValue(view: String) throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO notes VALUES (1, '\(Self.secret)');
            CREATE DOMAIN short AS text CHECK (length(VALUE) < 4);
            CREATE FUNCTION speak(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'it is %', $1; END$$;
            CREATE FUNCTION dynamic(text) RETURNS text LANGUAGE plpgsql AS
              $$BEGIN EXECUTE 'SELECT ' || quote_ident($1) || ' FROM ' || quote_ident($1); END$$;
            CREATE FUNCTION wrong(text, code text) RETURNS text LANGUAGE plpgsql AS
              $$BEGIN RAISE EXCEPTION '%', $1 USING ERRCODE = code, CONSTRAINT = $1, HINT = $1, DETAIL = $1; END$$;
            CREATE VIEW v AS \(view)
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(
            Program.configuration(server, database, more: "    tables: [public.v, public.notes]\n")
        )
        var commands = Self.commands
        commands[0] += ["--retries", "0"]
        commands[1] += ["--retries", "0"]
        try expectSilence(program, commands)
        // Who asks for them sees the words, and they are still not kept.
        let shown = try program.run("run", "--show-values", "--retries", "0")
        let isQuoted = !["jsonpath", "xml", "short"].contains { view.contains("::" + $0) }
        if isQuoted { #expect(shown.errors.contains(Self.secret), "\(shown.errors)") }
        for (place, text) in try written(program, []) where !place.hasPrefix("std") {
            #expect(!text.contains(Self.secret), "\(place)")
        }
    }

    @Test(arguments: ["LOG_BASED", "INCREMENTAL", "FULL_TABLE", "TRIGGER_BASED"])
    func aTriggerAtTheDestinationThatRaisesTheRow(method: String) throws {
        let server = try PostgresServer.shared(.v16)
        let (from, to) = (try server.makeDatabase(), try server.makeDatabase())
        try server.execute(
            "CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO notes VALUES (1, 'x')",
            in: from
        )
        let program = try Program()
        defer { program.remove() }
        let more = [
            "INCREMENTAL": "    tables: [{name: public.notes, cursor: id}]\n",
            "TRIGGER_BASED": "    auto_setup: true\n",
        ]
        try program.write(
            Program.configuration(server, from, method: method, into: (server, to), more: more[method] ?? "")
        )
        #expect(try program.run("run").status == 0)
        try server.execute(
            """
            CREATE FUNCTION public.object() RETURNS trigger LANGUAGE plpgsql AS
              $$BEGIN RAISE 'no %', NEW USING ERRCODE = '23514', CONSTRAINT = NEW.note; END$$;
            CREATE TRIGGER object BEFORE INSERT OR UPDATE ON public.notes FOR EACH ROW EXECUTE FUNCTION public.object();
            CREATE VIEW public.holds AS SELECT * FROM public.notes
            """,
            in: to
        )
        try server.execute("INSERT INTO notes VALUES (2, '\(Self.secret)')", in: from)
        try expectSilence(program, Self.commands, failing: false)
        #expect(try program.run("teardown", "copy").status == 0)
    }

    /// As a user of the warehouse does it, with DuckDB itself.
    private func execute(_ sql: String, at folder: URL) throws {
        var database: duckdb_database?
        var connection: duckdb_connection?
        try #require(
            duckdb_open_ext(folder.appending(path: "warehouse.duckdb").path, &database, nil, nil) == DuckDBSuccess
        )
        defer { duckdb_close(&database) }
        try #require(duckdb_connect(database, &connection) == DuckDBSuccess)
        defer { duckdb_disconnect(&connection) }
        try #require(duckdb_query(connection, sql, nil) == DuckDBSuccess)
    }

    @Test(arguments: ["LOG_BASED", "INCREMENTAL"])
    func anIndexOfTheUsersInTheWarehouse(method: String) throws {
        let server = try PostgresServer.shared(.v18)
        let database = try server.makeDatabase()
        try server.execute(
            "CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO notes VALUES (1, '\(Self.secret)')",
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        let more = method == "INCREMENTAL" ? "    tables: [{name: public.notes, cursor: id}]\n" : ""
        try program.write(Program.configuration(server, database, method: method, more: more))
        #expect(try program.run("run").status == 0)
        try execute("CREATE UNIQUE INDEX mine ON public.notes (note)", at: program.folder)
        try server.execute("INSERT INTO notes VALUES (2, '\(Self.secret)')", in: database)
        // A followed table that cannot take its changes is copied again, and the index goes with the old copy.
        try expectSilence(program, Self.commands, failing: method != "LOG_BASED")
        if method != "LOG_BASED" {
            let shown = try program.run("run", "--show-values")
            #expect(shown.errors.contains(Self.secret), "\(shown.errors)")
        }
        #expect(try program.run("teardown", "copy").status == 0)
    }

    @Test(
        arguments: [
            "postgresql://u:hush4711@et@127.0.0.1/db", "postgresql://u:hush4711/\u{301}et@127.0.0.1/db",
            "postgresql://u:hush4711@\u{301}et@127.0.0.1:1/db", "postgresql://u:hush4711/et@127.0.0.1/db",
            "postgresql://u:p@hush4711@127.0.0.1/db", "postgresql://u:a/hush4711@127.0.0.1/db",
            "postgresql://u:a?hush4711@127.0.0.1/db", "postgresql://u:a#hush4711@127.0.0.1:1/db",
            "postgresql://u:hush4711%zz@127.0.0.1/db", "postgres://u:p@a/hush4711@127.0.0.1/db?x=1",
            "postgresql://u:hush4711@127.0.0.1:1/db", "postgresql://u@127.0.0.1:1/db?password=hush4711",
        ]
    )
    func aPasswordInAURL(url: String) throws {
        let program = try Program()
        defer { program.remove() }
        let text = """
            connections:
              shop:
                type: postgres
                url: "\(url)"
                connect_timeout: 2
              warehouse:
                type: duckdb
                path: warehouse.duckdb
            syncs:
              copy:
                from: shop
                to: warehouse
            """
        try program.write(text)
        try expectSilence(
            program,
            [
                ["run", "--retries", "0"], ["check", "--json"], ["plan", "--json"], ["setup", "shop", "--json"],
                ["status"],
            ]
        )
        // The administrator's is as secret.
        try program.write(text.replacing(url, with: "postgresql://u@127.0.0.1:1/db"))
        try expectSilence(program, [["setup", "shop", "--apply", "--admin-url", url]])
        let fromEnvironment = try program.start(
            ["setup", "shop", "--apply"],
            environment: ["TANDEM_ADMIN_URL": url]
        )
        let outcome = try program.outcome(of: fromEnvironment)
        #expect(outcome.status != 0 && !outcome.errors.contains("hush4711"), "\(outcome.errors)")
    }

    @Test func whatIsMadeIsForNobodyElse() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write("hush\n", to: "password")
        let text = Program.configuration(server, database)
        try program.write(text.replacing("type: postgres\n", with: "type: postgres\n    password_file: password\n"))
        let first = try program.run("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.errors.components(separatedBy: "chmod 600").count == 2, "said once: \(first.errors)")
        func mode(_ name: String) throws -> Int? {
            let path = program.folder.appending(path: name).path
            return try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode("warehouse.duckdb") == 0o600)
        #expect(try mode(".tandem") == 0o700)
        let path = program.folder.appending(path: "password").path
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let file = program.folder.appending(path: "warehouse.duckdb").path
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        let second = try program.run("run")
        #expect(second.status == 0 && !second.errors.contains("chmod"), "\(second.errors)")
        #expect(try mode("warehouse.duckdb") == 0o644, "what was there keeps its mode")
    }
}
