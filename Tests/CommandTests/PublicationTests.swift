import Foundation
import TandemTesting
import Testing

/// A publication that is not there all the time: what was written by then is not in the slot.
@Suite(.blocking) struct PublicationTests {
    enum Absence: String, CaseIterable { case renamed, droppedAndMade, ofAnAdministrator }

    @Test(arguments: [PostgresServer.Version.v15, .v16, .v18], Absence.allCases)
    func goneForAWhile(version: PostgresServer.Version, absence: Absence) throws {
        let server = try PostgresServer.shared(version)
        let database = try server.makeDatabase()
        func run(_ sql: String...) throws { for sql in sql { try server.execute(sql, in: database) } }
        let program = try Program()
        defer {
            _ = try? server.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
                in: database
            )
            program.remove()
        }
        let name = absence == .ofAnAdministrator ? "app" : program.slot(database)
        try run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'a')")
        let text = Program.configuration(server, database, method: "LOG_BASED")
        if absence == .ofAnAdministrator {
            try run("CREATE PUBLICATION app FOR TABLE t")
            try program.write(text.replacing("type: postgres\n", with: "type: postgres\n    publication: app\n"))
        } else {
            try program.write(text)
        }
        #expect(try program.run("run").status == 0)
        try run("INSERT INTO t VALUES (4, 'b')")
        switch absence {
        case .droppedAndMade:
            try run(
                "DROP PUBLICATION \(name)",
                "INSERT INTO t VALUES (5, 'c'); DELETE FROM t WHERE id = 1",
                "CREATE PUBLICATION \(name) FOR TABLE t"
            )
        case .renamed, .ofAnAdministrator:
            try run(
                "ALTER PUBLICATION \(name) RENAME TO pp",
                "INSERT INTO t VALUES (5, 'c'); DELETE FROM t WHERE id = 1",
                "ALTER PUBLICATION pp RENAME TO \(name)"
            )
        }
        try run("INSERT INTO t VALUES (6, 'd')")
        let again = try program.run("run")
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.contains("publication") && !again.errors.contains("ALTER FUNCTION"), "\(again.errors)")
        #expect(try program.run("verify", "copy").status == 0)
        try run("INSERT INTO t VALUES (7, 'e')")
        let last = try program.run("run")
        #expect(last.status == 0 && !last.errors.contains("again"), "\(last.errors)")
        #expect(try program.run("verify", "copy").status == 0)
    }

    @Test(arguments: [PostgresServer.Version.v16, .v18])
    func droppedWhileItIsFollowed(version: PostgresServer.Version) throws {
        let server = try PostgresServer.shared(version)
        let (database, copy) = (try server.makeDatabase(), try server.makeDatabase())
        let program = try Program()
        defer { program.remove() }
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", in: database)
        try program.write(Program.configuration(server, database, method: "LOG_BASED", into: (server, copy)))
        #expect(try program.run("run").status == 0)
        let follower = try program.start(["run", "--follow"])
        try server.execute("INSERT INTO t VALUES (2)", in: database)
        try server.awaitRow("SELECT 1 FROM t WHERE id = 2", in: copy)
        try server.execute("DROP PUBLICATION \(program.slot(database))", in: database)
        for id in 3...4 {
            try server.execute("INSERT INTO t VALUES (\(id))", in: database)
            try server.awaitRow("SELECT 1 FROM t WHERE id = \(id)", in: copy)
        }
        follower.terminate()
        let outcome = try program.outcome(of: follower)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try program.run("verify", "copy").status == 0)
        #expect(try program.run("teardown", "shop").status == 0)
    }

    /// The way out of a function's names is told where there is one.
    @Test func onlyAFunctionIsTakenForOne() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE SCHEMA mine; CREATE TABLE mine.other (id int);
            CREATE FUNCTION f(int) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM other); END';
            CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
            CREATE VIEW v AS SELECT id, f(id) AS n FROM t
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database))
        let outcome = try program.run("run")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("42P01") && outcome.errors.contains("ALTER FUNCTION"), "\(outcome.errors)")
    }
}
