import Foundation
import TandemTesting
import Testing

/// An application that has a schema `tandem` of its own, with tables that are called as this program's are.
@Suite(.blocking) struct OwnSchemaTests {
    private static let tables = ["readers", "gaps", "captures", "reading", "tables", "streams", "log_2024"]

    private func make(_ server: PostgresServer) throws -> String {
        let database = try server.makeDatabase()
        let own = Self.tables.map { "CREATE TABLE tandem.\($0) (id int PRIMARY KEY, book text)" }
        let rows = Self.tables.map { "INSERT INTO tandem.\($0) VALUES (1, 'x')" }
        try server.execute(
            """
            CREATE SCHEMA tandem; \((own + rows).joined(separator: "; "));
            CREATE FUNCTION tandem.note_2024() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER stamp BEFORE INSERT ON tandem.gaps FOR EACH ROW EXECUTE PROCEDURE tandem.note_2024();
            CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)
            """,
            in: database
        )
        return database
    }

    /// All are copied, and every one is there still when all that was made is removed.
    @Test(arguments: ["FULL_TABLE", "LOG_BASED"]) func theirTablesAreCopiedAndStay(method: String) throws {
        let server = try PostgresServer.shared(.v15)
        let database = try make(server)
        let program = try Program()
        defer { program.remove() }
        let names = Self.tables.map { "{name: tandem.\($0), target: elsewhere.\($0)}" }.joined(separator: ", ")
        let text = Program.configuration(server, database, method: method)
        try program.write(text + "    tables: [\"*.*\", \(names)]\n")
        for _ in 0..<2 {
            let run = try program.run("run")
            #expect(run.status == 0, "\(run.errors)")
        }
        #expect(try program.run("verify", "copy").status == 0)
        let answer: Answer = try json(
            program.run("query", "warehouse", "SELECT book FROM elsewhere.readers", "--json").output
        )
        #expect(answer.rows == [["x"]])
        #expect(try program.run("teardown", "shop").status == 0)
        let there = Self.tables.map { "(SELECT count(*) FROM tandem.\($0))" }.joined(separator: " + ")
        #expect(try server.execute("SELECT \(there)", in: database) == "\(Self.tables.count)")
        #expect(try server.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'stamp'", in: database) == "1")
        // Without another name there is no place for them, which a run says too.
        try program.write(text)
        let run = try program.run("run")
        #expect(
            run.status == 0 && (run.output + run.errors).contains("and \(Self.tables.count - 1) more left out"),
            "\(run.errors)"
        )
        #expect(try program.run("teardown", "shop").status == 0)
    }

    @Test func triggersAreRefusedWithTheReason() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try make(server)
        let program = try Program()
        defer { program.remove() }
        try program.write(
            Program.configuration(server, database, method: "TRIGGER_BASED", more: "    auto_setup: true\n")
        )
        for command in [["run"], ["plan"]] {
            let refused = try program.outcome(of: program.start(command))
            let said = refused.output + refused.errors
            #expect(refused.status != 0 && said.contains("Give tandem.captures another name"), "\(command): \(said)")
        }
        try server.execute(Self.tables.map { "DROP TABLE tandem.\($0)" }.joined(separator: "; "), in: database)
        let run = try program.run("run")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try program.run("teardown", "shop").status == 0)
        #expect(try server.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'", in: database) == "1")
    }

    @Test func aDestinationSaysWhatIsInTheWay() throws {
        let server = try PostgresServer.shared(.v18)
        let (database, copy) = (try server.makeDatabase(), try make(server))
        try server.execute("CREATE TABLE t (id int PRIMARY KEY)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database, into: (server, copy)))
        let refused = try program.run("run")
        #expect(refused.status == 1 && refused.errors.contains("Give tandem.streams another name"), "\(refused.errors)")
        #expect(try server.execute("SELECT book FROM tandem.tables", in: copy) == "x")
    }
}
