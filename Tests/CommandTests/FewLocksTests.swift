import Foundation
import TandemTesting
import Testing

/// A server that has room for few more locks, and many tables that are to be put in place there.
@Suite(.blocking) struct FewLocksTests {
    private static let tables = 120
    /// Each table takes three at least.
    private static let room = 250

    /// Takes all locks but some, and keeps them.
    private static let filling = """
        DO $$ DECLARE i int := 0; BEGIN
          BEGIN LOOP i := i + 1; PERFORM pg_advisory_lock(i); END LOOP; EXCEPTION WHEN out_of_memory THEN NULL; END;
          FOR n IN i - \(room)..i - 1 LOOP PERFORM pg_advisory_unlock(n); END LOOP;
        END $$
        """

    private struct Stage {
        let program: Program
        let database: String
        let destination: PostgresServer
        let filler: Process
    }

    private func stage(_ method: String) throws -> Stage {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        let tables = (0..<Self.tables).map {
            "CREATE TABLE t\($0) (id int PRIMARY KEY, note text); INSERT INTO t\($0) VALUES (1)"
        }
        try server.execute(tables.joined(separator: ";\n"), in: database)
        let destination = try PostgresServer(
            .v15,
            settings: ["max_locks_per_transaction": "10", "max_connections": "20"]
        )
        let filler = Process()
        filler.executableURL = destination.programs.folder.appending(path: "psql")
        filler.arguments = [
            "-h", PostgresServer.host, "-p", "\(destination.port)", "-U", PostgresServer.user, "-X", "-q",
            "-c", Self.filling, "-c", "SELECT pg_sleep(600)",
        ]
        try filler.run()
        try destination.awaitRow("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'", in: "postgres")
        let program = try Program()
        try program.write(
            Program.configuration(server, database, method: method, into: (destination, "postgres"))
        )
        return Stage(program: program, database: database, destination: destination, filler: filler)
    }

    /// What keeps itself up to date is put in place in smaller groups.
    @Test func followedTablesArrive() throws {
        let stage = try stage("LOG_BASED")
        let run = try stage.program.run("run")
        #expect(run.status == 0, "\(run.errors)")
        let count = "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = 'public'"
        #expect(try stage.destination.execute(count) == "\(Self.tables)")
        #expect(try stage.program.run("teardown", "shop").status == 0)
        try finish(stage)
    }

    /// What is to be as of one moment is put in place at once, or not at all.
    @Test func oneMomentTakesAllLocks() throws {
        let stage = try stage("FULL_TABLE")
        let run = try stage.program.run("run")
        #expect(run.status == 1, "\(run.errors)")
        for words in ["max_locks_per_transaction", "\(PostgresServer.host):\(stage.destination.port)"] {
            #expect(run.errors.contains(words), "\(run.errors.prefix(2000))")
        }
        #expect(run.errors.split(separator: "\n").count < 20, "\(run.errors.prefix(2000))")
        let count = "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = 'public'"
        #expect(try stage.destination.execute(count) == "0")
        try finish(stage)
    }

    private func finish(_ stage: Stage) throws {
        stage.filler.terminate()
        stage.program.remove()
        try PostgresServer.shared(.v16).execute("DROP DATABASE \(stage.database) WITH (FORCE)")
    }
}
