import TandemTesting
import Testing

/// Behind a pooler, which does not send the log.
@Suite(.blocking) struct PoolerTests {
    private func stage(_ method: String) throws -> (program: Program, pooler: PgBouncer, database: String) {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1), (2)", in: database)
        let pooler = try PgBouncer(before: server)
        let program = try Program()
        let text = Program.configuration(server, database, method: method)
        try program.write(text.replacing("port: \(server.port)", with: "port: \(pooler.port)"))
        return (program, pooler, database)
    }

    @Test func anotherMethodIsTakenAtOnce() throws {
        let (program, pooler, database) = try stage("auto")
        let start = ContinuousClock.now
        let run = try program.run("run")
        #expect(run.status == 0, "\(run.errors)")
        #expect(!run.errors.contains("attempt"), "\(run.errors)")
        let sum = try program.run("query", "warehouse", "SELECT 'sum ' || sum(id) FROM public.a")
        #expect(sum.output.contains("sum 3"))
        let plan = try program.run("plan")
        #expect(plan.output.contains("FULL_TABLE") && plan.output.contains("pooler"), "\(plan.output)")
        #expect(try program.run("check").errors.isEmpty)
        // Each of them would try again for a minute.
        #expect(start.duration(to: .now) < .seconds(60))
        try finish(program, pooler, database)
    }

    @Test func theLogIsRefusedAtOnce() throws {
        let (program, pooler, database) = try stage("LOG_BASED")
        let start = ContinuousClock.now
        let run = try program.run("run")
        #expect(run.status != 0)
        #expect(run.errors.contains("A pooler such as PgBouncer stands between"), "\(run.errors)")
        #expect(run.errors.contains("Connect to the server itself"), "\(run.errors)")
        #expect(!run.errors.contains("attempt") && start.duration(to: .now) < .seconds(30), "\(run.errors)")
        try finish(program, pooler, database)
    }

    /// The pooler's own sessions would keep the database.
    private func finish(_ program: Program, _ pooler: PgBouncer, _ database: String) throws {
        program.remove()
        try PostgresServer.shared(.v16).execute("DROP DATABASE \(database) WITH (FORCE)")
    }
}
