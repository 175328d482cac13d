import Foundation
import TandemTesting
import Testing

/// The whole way of a user, on a real server.
@Suite(.blocking) struct CopyTests {
    private struct RunReport: Decodable {
        struct Table: Decodable {
            var table: String
            var outcome: String
            var rowsRead: Int?
            var rowsWritten: Int?
        }

        var sync: String
        var outcome: String
        var tables: [Table]
    }

    private func shop(on version: PostgresServer.Version = .v15, _ sql: String) throws -> (PostgresServer, String) {
        let server = try PostgresServer.shared(version)
        let database = try server.makeDatabase()
        try server.execute(sql, in: database)
        return (server, database)
    }

    private func ask(_ program: Program, _ sql: String) throws -> [[String?]] {
        let outcome = try program.run("query", "warehouse", sql, "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try json(outcome.output, as: Answer.self).rows
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aNewUserGetsEverythingAndSeesThatItIsEqual(version: PostgresServer.Version) throws {
        let (server, database) = try shop(
            on: version,
            """
            CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, born date, score numeric(10,2));
            INSERT INTO customers SELECT g, 'customer ' || g, date '1970-01-01' + g, g / 7.0 FROM generate_series(1, 5000) g;
            CREATE TABLE "Odd ""name"" ☃" ("a.b" int, "Ü" text[]);
            INSERT INTO "Odd ""name"" ☃" VALUES (1, '{x,NULL,"y z"}'), (NULL, NULL);
            CREATE VIEW old_customers AS SELECT * FROM customers WHERE born < '1975-01-01';
            """
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        let check = try program.run("check")
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        let plan = try program.run("plan")
        #expect(plan.status == 0, "\(plan.errors)")
        #expect(plan.output.contains("public.customers"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "warehouse.duckdb").path))
        let run = try program.run("run", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let reports: [RunReport] = try json(run.output)
        #expect(reports.first?.outcome == "succeeded")
        #expect(reports.first?.tables.first { $0.table == "customers" }?.rowsWritten == 5000)
        let sum = try server.execute("SELECT sum(score) FROM customers", in: database)
        #expect(try ask(program, "SELECT count(*), sum(score) FROM public.customers") == [["5000", sum]])
        #expect(
            try ask(program, #"SELECT "a.b", "Ü"::VARCHAR FROM public."Odd ""name"" ☃" WHERE "a.b" = 1"#) == [
                ["1", "[x, NULL, y z]"]
            ]
        )
        let verify = try program.run("verify", "copy")
        #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
        #expect(verify.output.contains("All 3 tables equal."))
        let status = try program.run("status")
        #expect(status.output.contains("last run succeeded"))
    }

    @Test func verifyFindsWhatChangedAndRepairsIt() throws {
        let (server, database) = try shop(
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 1000) g;"
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        try server.execute(
            "UPDATE t SET v = 'other' WHERE id = 77; DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (2000, 'new')",
            in: database
        )
        let verify = try program.run("verify", "copy")
        #expect(verify.status == 1)
        #expect(verify.output.contains("other content: id = 77"))
        #expect(verify.output.contains("only here: id = 5"))
        #expect(verify.output.contains("missing here: id = 2000"))
        #expect(verify.output.contains("has been written to since the copy"))
        #expect(try program.run("verify", "copy", "--repair").status == 0)
        #expect(try program.run("verify", "copy").status == 0)
    }

    @Test func renamesAreRenamesAndWhatIsGoneIsSaid() throws {
        let (server, database) = try shop(
            "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int); INSERT INTO a VALUES (1, 'x'); INSERT INTO b VALUES (1);"
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        try server.execute("ALTER TABLE a RENAME TO c; ALTER TABLE c RENAME v TO w; DROP TABLE b", in: database)
        let run = try program.run("run")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            try ask(program, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'public' ORDER BY 1") == [
                ["b"], ["c"],
            ]
        )
        #expect(try ask(program, "SELECT id, w FROM public.c") == [["1", "x"]])
        #expect(run.output.contains("Renamed at the source"))
        #expect(run.output.contains("public.b: Dropped at the source."))
        let status = try program.run("status").output
        #expect(status.contains("public.b  inactive") && status.contains("public.c  copied"), "\(status)")
        #expect(!status.contains("public.a"), "\(status)")
    }

    @Test(arguments: ["LOG_BASED", "TRIGGER_BASED"])
    func statusKnowsTablesThatTookEachOthersNames(method: String) throws {
        let (server, database) = try shop(
            """
            CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
            INSERT INTO a VALUES (1); INSERT INTO b VALUES (1), (2);
            """
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database, method: method, more: "    auto_setup: true"))
        #expect(try program.run("run").status == 0)
        try server.execute(
            "BEGIN; ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b; COMMIT",
            in: database
        )
        let run = try program.run("run")
        #expect(run.status == 0, "\(run.errors)")
        let rows = #/public\.(?<table>\w+) +streaming +(?<rows>\d+) /#
        let status = try program.run("status").output
        #expect(status.matches(of: rows).map { "\($0.table) \($0.rows)" } == ["a 2", "b 1"], "\(status)")
    }

    @Test(arguments: ["FULL_TABLE", "LOG_BASED", "TRIGGER_BASED"])
    func aTableThatIsNamedIsBroughtUnderEveryName(method: String) throws {
        let (server, database) = try shop(
            "CREATE TABLE a (id int PRIMARY KEY, v text, secret text); INSERT INTO a VALUES (1, 'x', 'y');"
        )
        let program = try Program()
        defer { program.remove() }
        let tables = "    auto_setup: true\n    tables: [{name: public.a, columns: [\"!secret\"]}]"
        try program.write(Program.configuration(server, database, method: method, more: tables))
        #expect(try program.run("run").status == 0)
        try server.execute("INSERT INTO a VALUES (2, 'x', 'y'); ALTER TABLE a RENAME TO c", in: database)
        for id in 3...4 {
            try server.execute("INSERT INTO c VALUES (\(id), 'x', 'y')", in: database)
            let run = try program.run("run")
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("The configuration calls it public.a"), "\(run.output)")
            #expect(try ask(program, "SELECT count(*), min(v) FROM public.a") == [["\(id)", "x"]])
            let verified = try program.run("verify", "copy")
            #expect(verified.status == 0 && !verified.output.contains("secret"), "\(verified.output)")
        }
        #expect(
            try ask(program, "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'public' ORDER BY 1") == [
                ["id"], ["v"],
            ]
        )
        let status = try program.run("status").output
        #expect(status.contains("public.c  public.a") && !status.contains("public.a  public.a"), "\(status)")
        #expect(!status.contains("never"), "\(status)")
        let check = try program.run("check", "shop")
        #expect(check.status == 0, "\(check.output)")
        if method != "FULL_TABLE" { #expect(try program.run("teardown", "shop").status == 0) }
    }

    @Test func aTableThatIsNotOursIsNotReplaced() throws {
        let (server, database) = try shop("CREATE TABLE t (id int); INSERT INTO t VALUES (1);")
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        #expect(try program.run("teardown", "copy").status == 0)
        let query = try program.run("query", "warehouse", "DROP TABLE public.t")
        #expect(query.status == 1)
        #expect(try ask(program, "SELECT count(*) FROM public.t") == [["1"]])
    }

    @Test func twoSyncsDoNotWriteOneTable() throws {
        let (server, database) = try shop("CREATE TABLE t (id int); INSERT INTO t VALUES (1);")
        let program = try Program()
        defer { program.remove() }
        let text = Program.configuration(server, database)
        try program.write(text + "\n  second:\n    from: shop\n    to: warehouse\n    method: FULL_TABLE\n")
        #expect(try program.run("run", "copy").status == 0)
        let second = try program.run("run", "second")
        #expect(second.status == 2)
        #expect(second.errors.contains("is written by sync \"copy\" already"))
    }

    @Test func ctrlCStopsWithinASecondAndLeavesTheOldCopyWhole() throws {
        let (server, database) = try shop(
            """
            CREATE TABLE big (id bigint, filler text);
            INSERT INTO big SELECT g, repeat('x', 500) FROM generate_series(1, 300) g;
            """
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        #expect(try program.run("run").status == 0)
        try server.execute("INSERT INTO big SELECT g, repeat('x', 500) FROM generate_series(1, 400000) g", in: database)
        let run = try program.start(["run"])
        try server.awaitRow(
            "SELECT 1 FROM pg_stat_activity WHERE datname = '\(database)' AND query LIKE 'COPY%' AND state = 'active'",
            in: database
        )
        let start = ContinuousClock.now
        run.interrupt()
        let outcome = try program.outcome(of: run)
        // A busy machine may take its time.
        #expect(start.duration(to: .now) < .seconds(5))
        #expect(outcome.status == 130)
        #expect(outcome.errors.contains("interrupted"))
        #expect(try ask(program, "SELECT count(*) FROM public.big") == [["300"]])
        #expect(try program.run("status").output.contains("last run interrupted"))
        #expect(try program.run("run").status == 0)
        #expect(try ask(program, "SELECT count(*) FROM public.big") == [["400300"]])
    }

    @Test func answersAreCutWhereTheyWouldNotEnd() throws {
        let (server, database) = try shop("CREATE TABLE t (id int)")
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        func query(_ sql: String, _ options: String...) throws -> Program.Outcome {
            let outcome = try program.outcome(of: program.start(["query", "shop", sql] + options))
            #expect(outcome.status == 0, "\(outcome.errors)")
            return outcome
        }
        let many = "SELECT generate_series(1, 20000) AS n"
        let table = try query(many)
        #expect(table.output.hasSuffix("\n10000\n(the first 10,000 rows)\n"))
        #expect(table.errors.contains("there are more than 10,000 rows"))
        let exact = try query("SELECT generate_series(1, 10000) AS n")
        #expect(exact.output.hasSuffix("\n(10,000 rows)\n") && exact.errors.isEmpty)
        let rows = try json(try query(many, "--json").output, as: Answer.self).rows
        #expect(rows.count == 20_000 && rows.last == ["20000"])
        #expect(try json(try query("SELECT 1 WHERE false", "--json").output, as: Answer.self).rows.isEmpty)
        let csv = try query(
            "SELECT g AS n, NULLIF('', repeat('a', g - 1)) AS t FROM generate_series(1, 9) g",
            "--csv",
            "--limit",
            "2"
        )
        #expect(csv.output == "n,t\r\n1,\r\n2,\"\"\r\n")
        #expect(csv.errors.contains("there are more than 2 rows"))
        // A quote with an accent behind it is one character to Swift.
        let accent = try query("SELECT U&'\"\\0301' AS t", "--csv")
        #expect(accent.output.utf8.elementsEqual("t\r\n\"\"\"\u{301}\"\r\n".utf8))
    }
}
