import Foundation
import TandemTesting
import Testing

/// `tandem verify` as somebody at a shell uses it.
@Suite(.blocking) struct VerifyTests {
    private struct Verified: Decodable, Equatable {
        var table: String
        var verdict: String
    }

    private func shop(_ method: String, _ sql: String) throws -> (Program, PostgresServer, String) {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(sql, in: database)
        let program = try Program()
        try program.write(Program.configuration(server, database, method: method))
        return (program, server, database)
    }

    private func verdicts(_ program: Program, _ arguments: String...) throws -> (status: Int32, of: [String: String]) {
        let outcome = try program.outcome(of: program.start(["verify", "--json"] + arguments))
        let tables: [Verified] = try json(outcome.output)
        return (outcome.status, Dictionary(tables.map { ($0.table, $0.verdict) }) { "\($0), \($1)" })
    }

    @Test(arguments: ["FULL_TABLE", "LOG_BASED"])
    func aRowThatDoesNotFitIsADifference(method: String) throws {
        let (program, server, database) = try shop(
            method,
            "CREATE TABLE a (id int PRIMARY KEY, v numeric(9, 2)); INSERT INTO a VALUES (1, 1), (2, 'NaN'), (3, 3)"
        )
        defer { program.remove() }
        try program.write(
            Program.configuration(server, database, method: method, more: "    unfit_values: issue\n")
        )
        #expect(try program.run("run").status == 0)
        #expect(try verdicts(program) == (1, ["a": "different"]))
        let told = try program.run("verify").output
        #expect(told.contains("3 rows at the source, 2 rows here"), "\(told)")
        #expect(told.contains("missing here: id = 2\n"), "\(told)")
        #expect(told.contains("1 issue of it"), "\(told)")
        try server.execute("UPDATE a SET v = 2 WHERE id = 2", in: database)
        #expect(try program.run("run").status == 0)
        #expect(try verdicts(program) == (0, ["a": "equal"]))
    }

    @Test(arguments: ["FULL_TABLE", "LOG_BASED"])
    func whatStaysOnPurposeIsNoDifferenceAndWhatIsMissingIsOne(method: String) throws {
        let (program, server, database) = try shop(
            method,
            """
            CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY);
            INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1)
            """
        )
        defer { program.remove() }
        #expect(try program.run("run").status == 0)
        #expect(try verdicts(program) == (0, ["a": "equal", "b": "equal", "c": "equal"]))
        // Before the run that notices, and after it.
        try server.execute("DROP TABLE a; CREATE TABLE d (id int PRIMARY KEY)", in: database)
        #expect(try verdicts(program) == (1, ["a": "kept", "b": "equal", "c": "equal", "d": "absent"]))
        #expect(try program.run("run").status == 0)
        #expect(try verdicts(program) == (0, ["a": "kept", "b": "equal", "c": "equal", "d": "equal"]))
        let told = try program.run("verify")
        #expect(told.status == 0)
        #expect(told.output.contains("· public.a: not compared: Dropped at the source."), "\(told.output)")
        #expect(told.output.contains("All 3 tables equal; 1 table kept as of earlier."), "\(told.output)")
        #expect(!told.output.contains("--repair"))
        #expect(try program.run("reset", "copy", "--table", "public.a").status == 0)
        #expect(try verdicts(program).of["a"] == nil)
        // Another place for all: what was there stays.
        try program.write(Program.configuration(server, database, method: method, more: "    into: other\n"))
        let before = try verdicts(program)
        #expect(method == "LOG_BASED" || before.status == 1, "\(before)")
        #expect(try program.run("run").status == 0)
        try server.execute("INSERT INTO b VALUES (2)", in: database)
        #expect(try program.run("run").status == 0)
        let after = try program.run("verify")
        #expect(after.status == 0, "\(after.output)")
        // One table, by either name.
        try server.execute("INSERT INTO c VALUES (2)", in: database)
        if method == "FULL_TABLE" {
            #expect(try verdicts(program, "--table", "other.b") == (0, ["b": "equal"]))
            #expect(try verdicts(program, "--table", "other.b", "--table", "other.c").status == 1)
            #expect(try program.run("verify", "--table", "other.nothing").status == 2)
            // What differs is copied again, and nothing but.
            #expect(try program.run("verify", "copy", "--repair").status == 0)
            #expect(try verdicts(program).status == 0)
        }
        if method == "LOG_BASED" { #expect(try program.run("teardown", "shop").status == 0) }
    }

    /// A table that may not be read any more goes stale, and is not passed over in silence.
    @Test func aTableThatMayNotBeReadIsNotEqual() throws {
        let (program, server, database) = try shop(
            "FULL_TABLE",
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int)"
        )
        defer { program.remove() }
        let user = "reader_" + database.suffix(12)
        try server.execute(
            "CREATE ROLE \(user) LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(user)",
            in: database
        )
        let text = Program.configuration(server, database)
        try program.write(text.replacing("user: \(PostgresServer.user)", with: "user: \(user)"))
        #expect(try program.run("run").status == 0)
        try server.execute("REVOKE SELECT ON a FROM \(user); INSERT INTO a VALUES (1)", in: database)
        #expect(try verdicts(program) == (1, ["a": "stale", "b": "equal"]))
        let told = try program.run("verify")
        #expect(told.output.contains("1 of 2 tables differs."), "\(told.output)")
        #expect(!told.output.contains("--repair"))
        #expect(try program.run("verify", "--repair").status == 1)
    }

    /// A run that follows gives way, and goes on.
    @Test(arguments: [false, true]) func whileARunFollows(intoPostgres: Bool) throws {
        let (program, server, database) = try shop(
            "LOG_BASED",
            "CREATE TABLE a (id serial PRIMARY KEY, v text); INSERT INTO a (v) SELECT g FROM generate_series(1, 1000) g"
        )
        defer { program.remove() }
        let copy = intoPostgres ? try (server: server, database: server.makeDatabase()) : nil
        try program.write(Program.configuration(server, database, method: "LOG_BASED", into: copy))
        let follower = try Program()
        defer { follower.remove() }
        try follower.write(
            try program.text("tandem.yaml").replacing(
                "warehouse.duckdb",
                with: program.folder.path + "/warehouse.duckdb"
            )
        )
        let state = program.folder.path + "/.tandem/state.sqlite"
        let following = try follower.start(["run", "--follow", "--state", state])
        defer { following.terminate() }
        let deadline = ContinuousClock.now + .seconds(60)
        while try program.run("status").output.contains("streaming") == false, .now < deadline {}
        // One that is killed takes nothing along.
        let killed = try program.start(["verify"])
        while killed.isRunning, !FileManager.default.fileExists(atPath: program.folder.path + "/.tandem/copy.lock.turn")
        {}
        kill(killed.processIdentifier, SIGKILL)
        killed.waitUntilExit()
        for round in 1...3 {
            try server.execute(
                "INSERT INTO a (v) SELECT g FROM generate_series(1, 500) g; UPDATE a SET v = 'r\(round)' WHERE id % 7 = \(round)",
                in: database
            )
            let verified = try program.run("verify")
            #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
            #expect(verified.output.contains(Self.rows(1000 + round * 500)), "\(verified.output)")
        }
        #expect(following.isRunning)
        let more = try program.run("run")
        #expect(more.status == 1 && more.errors.contains("is being run by another process"), "\(more.errors)")
        following.terminate()
        _ = try follower.outcome(of: following)
        #expect(try program.run("teardown", "shop").status == 0)
    }

    private static func rows(_ count: Int) -> String {
        "\(count / 1000),\(String("\(1000 + count % 1000)".dropFirst())) rows, equal"
    }
}
