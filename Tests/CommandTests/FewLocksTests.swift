import TandemTesting
import Testing

/// A server that has room for few locks, and many tables that are to be put in place there.
@Suite(.blocking) struct FewLocksTests {
    /// As many as there is room for a fourth of.
    private static let tables = 400

    private func stage(_ method: String) throws -> (program: Program, database: String, destination: PostgresServer) {
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
        let program = try Program()
        try program.write(
            Program.configuration(server, database, method: method, into: (destination, "postgres"))
        )
        return (program, database, destination)
    }

    /// What keeps itself up to date is put in place in smaller groups.
    @Test func followedTablesArrive() throws {
        let (program, database, destination) = try stage("LOG_BASED")
        let run = try program.run("run")
        #expect(run.status == 0, "\(run.errors)")
        let count = "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = 'public'"
        #expect(try destination.execute(count) == "\(Self.tables)")
        #expect(try program.run("teardown", "shop").status == 0)
        try finish(program, database)
    }

    /// What is to be as of one moment is put in place at once, or not at all.
    @Test func oneMomentTakesAllLocks() throws {
        let (program, database, destination) = try stage("FULL_TABLE")
        let run = try program.run("run")
        #expect(run.status == 1, "\(run.errors)")
        for words in ["max_locks_per_transaction", "\(PostgresServer.host):\(destination.port)"] {
            #expect(run.errors.contains(words), "\(run.errors.prefix(2000))")
        }
        #expect(run.errors.split(separator: "\n").count < 20, "\(run.errors.prefix(2000))")
        let count = "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = 'public'"
        #expect(try destination.execute(count) == "0")
        try finish(program, database)
    }

    private func finish(_ program: Program, _ database: String) throws {
        program.remove()
        try PostgresServer.shared(.v16).execute("DROP DATABASE \(database) WITH (FORCE)")
    }
}
