import Foundation
import TandemTesting
import Testing

/// What scripts and service managers rely on: one document with `--json` whatever happens, and exit statuses.
@Suite(.blocking) struct ScriptTests {
    private struct Failure: Decodable {
        struct Content: Decodable {
            struct Remedy: Decodable { var text: String }
            struct Problem: Decodable {
                var line: Int?
                var message: String
            }

            var kind: String
            var message: String
            var exitStatus: Int32
            var remedy: Remedy?
            var problems: [Problem]?
        }

        var error: Content
    }

    /// Every command that has `--json`, with what it needs.
    private static let commands = [
        ["check"], ["discover", "shop"], ["setup", "shop"], ["plan"], ["run"], ["status"], ["verify", "copy"],
        ["query", "shop", "SELECT 1"], ["issues"], ["issues", "show", "x"], ["issues", "retry", "x"],
        ["teardown", "copy"],
    ]

    private func failure(
        _ program: Program,
        _ arguments: [String],
        _ environment: [String: String] = [:]
    ) throws
        -> Failure.Content
    {
        let outcome = try program.outcome(of: program.start(arguments + ["--json"], environment: environment))
        let failure = try json(outcome.output, as: Failure.self).error
        #expect(outcome.status == failure.exitStatus, "\(arguments)")
        #expect(!outcome.errors.isEmpty, "\(arguments)")
        return failure
    }

    @Test(arguments: commands)
    func aBadConfigurationIsADocument(arguments: [String]) throws {
        let program = try Program()
        defer { program.remove() }
        let missing = try failure(program, arguments)
        #expect(missing.kind == "configuration" && missing.exitStatus == 2)
        #expect(missing.remedy?.text.contains("tandem init") == true)
        try program.write("connections:\n  shop: {type: postgres, prot: 1}\nsyncs:\n  copy: {from: shop}\n")
        let wrong = try failure(program, arguments)
        #expect(wrong.problems?.compactMap(\.line) == [2, 4])
        #expect(wrong.message.contains("did you mean \"port\"?"))
    }

    @Test func whatElseKeepsACommandFromAnsweringIsADocument() throws {
        let program = try Program()
        defer { program.remove() }
        try program.write(Self.configuration)
        let unset = try failure(program, ["plan"])
        #expect(unset.kind == "configuration" && unset.problems?.count == 1)
        let set = ["NOT_SET_ANYWHERE": "x"]
        for arguments in [["plan"], ["discover", "shop"], ["verify", "copy"], ["query", "shop", "SELECT 1"]] {
            let away = try failure(program, arguments, set)
            #expect(away.kind == "failed" && away.message.contains("127.0.0.1:1"), "\(arguments)")
            #expect(away.remedy != nil)
        }
        #expect(try failure(program, ["run", "cpoy"]).kind == "usage")
        #expect(try failure(program, ["query", "shop"]).kind == "usage")
        #expect(try failure(program, ["query", "warehouse", "SELECT 1"]).message.contains("no warehouse"))
        // Help is no failure.
        #expect(try program.run("plan", "--json", "--help").output.hasPrefix("OVERVIEW"))
    }

    private static let configuration = """
        connections:
          shop: {type: postgres, host: 127.0.0.1, port: 1, user: u, database: d, password: "${NOT_SET_ANYWHERE}"}
          warehouse: {type: duckdb, path: w.duckdb}
        syncs:
          copy: {from: shop, to: warehouse, method: FULL_TABLE}
        """

    @Test func variablesOfConnectionsThatAreNotOpenedNeedNotBeSet() throws {
        let program = try Program()
        defer { program.remove() }
        try program.write(Self.configuration)
        #expect(try program.run("status").status == 0)
        #expect(try program.run("check", "warehouse").status == 0)
        #expect(try program.run("query", "warehouse", "SELECT 1").errors.contains("no warehouse"))
        // Those that are, are told of, all at once.
        try program.write(Self.configuration.replacing("w.duckdb", with: "\"${NOT_SET_EITHER}\""))
        for command in [["run"], ["plan"], ["check"], ["verify", "copy"]] {
            let outcome = try program.outcome(of: program.start(command))
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains("tandem.yaml:2: environment variable NOT_SET_ANYWHERE"))
            #expect(outcome.errors.contains("tandem.yaml:3: environment variable NOT_SET_EITHER"))
        }
    }

    @Test func statusTellsOfFailuresAndOfOldCopies() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE a (id int); CREATE TABLE b (id int)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("status").status == 0)
        #expect(try program.run("status", "--fail-if-older", "1d").status == 1)
        #expect(try program.run("run").status == 0)
        #expect(try program.run("status", "--fail-if-older", "1h").status == 0)
        struct Report: Decodable { var ageSeconds: Double? }
        let young = try json(try program.run("status", "--json").output, as: [Report].self)
        #expect(try #require(young.first?.ageSeconds) < 600)
        #expect(try program.run("status", "--fail-if-older", "soon").status == 2)
        // A view that fails, beside tables that do not.
        try server.execute("CREATE VIEW c AS SELECT 1 / id AS x FROM a; INSERT INTO a VALUES (0)", in: database)
        #expect(try program.run("run").status == 1)
        let failed = try program.run("status")
        #expect(failed.status == 1 && failed.output.contains("error: public.c"))
        #expect(try program.run("status", "--json").status == 1)
        try server.execute("DROP VIEW c", in: database)
        #expect(try program.run("run").status == 0)
        #expect(try program.run("status").status == 0)
        let end = ContinuousClock.now + .seconds(30)
        var outcome = try program.run("status", "--fail-if-older", "1s")
        while outcome.status == 0, ContinuousClock.now < end {
            outcome = try program.run("status", "--fail-if-older", "1s")
        }
        #expect(outcome.status == 1 && outcome.output.contains("no older than 1s"))
    }

    @Test(arguments: [(SIGTERM, Int32(0), "stopped"), (SIGINT, Int32(130), "interrupted")])
    func aRunThatFollowsEndsCleanlyWithSIGTERM(signal: Int32, status: Int32, word: String) throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY)", in: database)
        let program = try Program()
        defer { program.remove() }
        let copy = try server.makeDatabase()
        try program.write(Program.configuration(server, database, method: "LOG_BASED", into: (server, copy)))
        let following = try program.start(["run", "--follow", "--json"])
        defer { if following.isRunning { following.interrupt() } }
        try server.awaitRow("SELECT 1 FROM pg_tables WHERE tablename = 't'", in: copy)
        try server.execute("INSERT INTO t VALUES (1)", in: database)
        try server.awaitRow("SELECT 1 FROM public.t", in: copy)
        kill(following.processIdentifier, signal)
        let outcome = try program.outcome(of: following)
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(outcome.output.contains("\"\(word)\"") && outcome.errors.contains("stopped cleanly"))
        #expect(try program.run("status").status == 0)
        #expect(try program.run("teardown", "copy").status == 0)
    }

    @Test func aBoundedRunThatIsCutIsNotDone() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE VIEW slow AS SELECT pg_sleep(600)::text AS x", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        let run = try program.start(["run", "--json"])
        try server.awaitRow(
            "SELECT 1 FROM pg_stat_activity WHERE datname = '\(database)' AND query LIKE 'COPY%' AND state = 'active'",
            in: database
        )
        kill(run.processIdentifier, SIGTERM)
        let outcome = try program.outcome(of: run)
        #expect(outcome.status == 130, "\(outcome.errors)")
        #expect(try json(outcome.output, as: Failure.self).error.kind == "interrupted")
    }

    @Test func numbersAreNumbersWhereNothingIsLostByThat() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        func rows(_ connection: String, _ sql: String) throws -> Substring {
            let outcome = try program.run("query", connection, sql, "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let start = try #require(outcome.output.firstRange(of: "\"rows\""))
            _ = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
            return outcome.output[start.lowerBound...]
        }
        let exact = "9007199254740991::bigint, -9007199254740992::bigint, 1.50::decimal(10,2)"
        let more = "-0.5::decimal(2,2), 123456789012345.67::decimal(20,2), 1e300::float8, 0.1::real, true, false"
        let special = "'NaN'::float8, 'Infinity'::float8"
        let texts = "'a\"b\\c' || chr(10) || chr(1), '7', NULL::int"
        let want = #"[9007199254740991,"-9007199254740992",1.50,-0.50,"123456789012345.67",1e+300,0.1,true,false,"#
        let end = #""a\"b\\c\n\u0001","7",null]"#
        let here = try rows("warehouse", "SELECT \(exact), \(more), \(special), \(texts)")
        #expect(here.contains(want + #""nan","inf","# + end), "\(here)")
        let there = try rows("shop", "SELECT \(exact), \(more), \(special), \(texts), 'NaN'::numeric")
        #expect(there.contains(want + #""NaN","Infinity","# + end.dropLast() + #","NaN"]"#), "\(there)")
        let null = try program.run("query", "warehouse", "SELECT NULL", "--json")
        #expect(null.output.contains(#""types" : ["NULL"]"#) && null.output.contains("[null]"))
    }

    @Test func anAnswerThatBreaksOffIsOneDocument() throws {
        let server = try PostgresServer.shared(.v16)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, try server.makeDatabase()))
        let sql = "SELECT 1 / (200000 - g) AS x FROM generate_series(1, 300000) g"
        let failure = try failure(program, ["query", "shop", sql])
        #expect(failure.kind == "failed" && failure.message.contains("division by zero"))
    }
}
