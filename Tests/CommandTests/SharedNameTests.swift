import Foundation
import TandemTesting
import Testing

/// Two projects whose syncs have one name, into one destination: what it remembers of one is not taken for the other's.
@Suite(.blocking) struct SharedNameTests {
    /// Two databases, and where both are to come.
    private struct House {
        let server: PostgresServer
        let databases: [String]
        let copy: String?
        let folder: URL

        init(isIntoPostgres: Bool) throws {
            server = try PostgresServer.shared(.v16)
            databases = [try server.makeDatabase(), try server.makeDatabase()]
            copy = isIntoPostgres ? try server.makeDatabase() : nil
            folder = FileManager.default.temporaryDirectory.appending(path: "house-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (index, database) in databases.enumerated() {
                try server.execute(
                    """
                    CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, '\(index)');
                    CREATE TABLE only_\(index) (id int PRIMARY KEY, a text); INSERT INTO only_\(index) VALUES (1, 'x')
                    """,
                    in: database
                )
            }
        }

        /// Of the project `name`, which copies the database at `index`.
        func project(_ name: String, _ index: Int, _ method: String, into schema: String?) throws -> Program {
            let program = try Program()
            try write(program, name, index, method, into: schema)
            return program
        }

        func write(_ program: Program, _ name: String, _ index: Int, _ method: String, into schema: String?) throws {
            var more = method == "TRIGGER_BASED" ? "    auto_setup: true\n" : ""
            if let schema { more += "    into: \(schema)\n" }
            if method == "INCREMENTAL" { more += "    tables: [{name: \"*.*\", cursor: id}]\n" }
            let text = Program.configuration(
                server,
                databases[index],
                method: method,
                into: copy.map { (server, $0) },
                more: more
            )
            let path = folder.appending(path: "warehouse.duckdb").path
            try program.write("project: \(name)\n" + text.replacing("path: warehouse.duckdb", with: "path: \(path)"))
        }

        func remove(_ programs: [Program]) {
            for database in databases {
                _ = try? server.execute(
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
                    in: database
                )
            }
            for program in programs { program.remove() }
            try? FileManager.default.removeItem(at: folder)
        }
    }

    private func expectGood(_ outcome: Program.Outcome, _ location: SourceLocation = #_sourceLocation) {
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)", sourceLocation: location)
    }

    private func rows(_ program: Program, _ table: String) throws -> [[String?]] {
        let answer: Answer = try json(
            program.run("query", "warehouse", "SELECT id, a FROM \(table) ORDER BY id", "--json").output
        )
        return answer.rows
    }

    @Test(arguments: [
        ("FULL_TABLE", false), ("INCREMENTAL", true), ("LOG_BASED", false), ("LOG_BASED", true),
        ("TRIGGER_BASED", false),
    ])
    func theSecondIsRefused(method: String, isIntoPostgres: Bool) throws {
        let isThorough = method == "LOG_BASED" && !isIntoPostgres
        let house = try House(isIntoPostgres: isIntoPostgres)
        let one = try house.project("one", 0, method, into: nil)
        // Into the same tables and into others; of another project, and of one that has the same name.
        let same = try house.project("two", 1, method, into: nil)
        let beside = try house.project("two", 1, method, into: "bb")
        let namesake = try house.project("one", 1, method, into: "bb")
        let others = [same, beside, namesake]
        defer { house.remove(others + [one]) }
        expectGood(try one.run("run"))
        for other in others {
            let isNamed = other.folder != namesake.folder
            let commands = [["plan"], ["verify", "copy"], ["reset", "copy"], ["run"]]
            for command in isThorough && isNamed ? commands : commands.suffix(1) {
                let refused = try other.outcome(of: other.start(command))
                #expect(refused.status == 2, "\(command): \(refused.output)\(refused.errors)")
                let said = refused.output + refused.errors
                #expect(said.contains("writes to \"warehouse\" already"), "\(said)")
                #expect(said.contains("another database than \"shop\""), "\(said)")
                if isNamed { #expect(said.contains("\"one\"") && said.contains("`project: one`"), "\(said)") }
                #expect(!said.contains("replaced by") && !said.contains("Dropped at the source"), "\(said)")
            }
        }
        for command in isThorough ? [["teardown", "copy"], ["rename", "copy", "other"]] : [] {
            let refused = try beside.outcome(of: beside.start(command))
            #expect(refused.status == 2, "\(command): \(refused.output)\(refused.errors)")
        }
        try house.server.execute("INSERT INTO t VALUES (2, 'new')", in: house.databases[0])
        let again = try one.run("run")
        expectGood(again)
        #expect(method == "FULL_TABLE" || !again.errors.contains("again"), "\(again.errors)")
        #expect(try rows(one, "public.t") == [["1", "0"], ["2", "new"]])
        #expect(try rows(one, "public.only_0") == [["1", "x"]])
        expectGood(try one.run("verify", "copy"))
        // Under a name of its own it has a place of its own.
        let text = try beside.text("tandem.yaml")
        try beside.write(text.replacing("\n  copy:\n", with: "\n  second:\n"))
        expectGood(try beside.run("run"))
        expectGood(try one.run("run"))
        #expect(try rows(one, "bb.t") == [["1", "1"]])
        expectGood(try one.run("verify", "copy"))
        expectGood(try beside.run("verify", "second"))
        for (program, sync) in [(one, "copy"), (beside, "second")] { expectGood(try program.run("teardown", sync)) }
    }

    /// A project of another name or in another folder, or a source that was restored, is the same sync.
    @Test(arguments: ["FULL_TABLE", "INCREMENTAL", "LOG_BASED", "TRIGGER_BASED"])
    func whatIsRenamedOrRestoredGoesOn(method: String) throws {
        let house = try House(isIntoPostgres: false)
        let (one, two) = (
            try house.project("one", 0, method, into: nil), try house.project("two", 0, method, into: nil)
        )
        defer { house.remove([one, two]) }
        // As releases do, each in a folder of its own, and back again.
        for (round, program) in [one, two, one, two].enumerated() {
            try house.server.execute("INSERT INTO t VALUES (\(round + 10), 'y')", in: house.databases[0])
            let run = try program.run("run")
            expectGood(run)
            #expect(method == "FULL_TABLE" || !run.errors.contains("again"), "\(run.errors)")
        }
        expectGood(try two.run("verify", "copy"))
        // Once it is known by its new name, it may be configured otherwise; as long as it is not, it may not.
        let elsewhere = try house.project("three", 0, method, into: "elsewhere")
        let less = try house.project("three", 0, method, into: nil)
        defer { house.remove([elsewhere, less]) }
        if method != "INCREMENTAL" {
            try less.write(less.text("tandem.yaml") + "\n    tables: [public.only_0]\n")
            let refused = try less.run("run")
            #expect(refused.status == 2 && refused.errors.contains("is copied, and would not be"), "\(refused.errors)")
        }
        let refused = try elsewhere.run("run")
        #expect(refused.status == 2 && refused.errors.contains("and would be elsewhere."), "\(refused.errors)")
        #expect(refused.errors.contains("`project: two`"), "\(refused.errors)")
        try house.write(two, "two", 0, method, into: "elsewhere")
        expectGood(try two.run("run"))
        try house.write(elsewhere, "two", 0, method, into: "elsewhere")
        expectGood(try elsewhere.run("run"))
        // The database is another one by now.
        try house.write(two, "two", 1, method, into: "elsewhere")
        let restored = try two.run("run")
        #expect(restored.status == 0, "\(restored.output)\(restored.errors)")
        #expect(try rows(two, "elsewhere.t") == [["1", "1"]])
        expectGood(try two.run("reset", "copy"))
        expectGood(try one.run("run"))
        expectGood(try one.run("teardown", "copy"))
    }
}
