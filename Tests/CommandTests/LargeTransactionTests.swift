import Foundation
import TandemTesting
import Testing

/// Transactions that are larger than the memory they may take.
@Suite(.blocking) struct LargeTransactionTests {
    /// In kB, what a process has had in memory at most. `nil` once it is gone.
    private func peak(of process: Process) -> Int? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    /// Runs the sync to its end, and returns the most it took, in kB.
    private func run(_ program: Program) throws -> Int {
        let process = try program.start(["run", "--quiet"])
        var most = 0
        while process.isRunning {
            most = max(most, peak(of: process) ?? 0)
            // Often enough: it only grows.
            usleep(5_000)
        }
        let outcome = try program.outcome(of: process)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return most
    }

    /// 360 MB of rows in one transaction, which the server sends in one piece.
    @Test func memoryDoesNotGrowWithTheTransaction() throws {
        let server = try PostgresServer.shared(.v18)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE wide (id int PRIMARY KEY, a text)", in: database)
        try server.execute("INSERT INTO wide VALUES (0, 'first')", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database, method: "LOG_BASED"))
        let idle = try run(program)
        try server.execute(
            "INSERT INTO wide SELECT g, repeat(md5(g::text), 38) FROM generate_series(1, 300000) g",
            in: database
        )
        let busy = try run(program)
        #expect(busy - idle < 256 * 1024, "\(idle) kB, then \(busy) kB")
        let sum = "SELECT count(*), sum(length(a)) FROM public.wide"
        #expect(try program.run("query", "warehouse", sum, "--csv").output.contains("300001,364800005"))
        #expect(try program.run("teardown", "shop").status == 0)
        print("peak of an idle run \(idle) kB, of a large one \(busy) kB")
    }
}
