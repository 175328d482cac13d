import Foundation
import Synchronization
import TandemTesting
import Testing

/// Who reads a warehouse while changes are written to it.
///
/// `TANDEM_READER_SECONDS` sets for how long; `make soak` reads for a minute.
@Suite(.blocking) struct ReaderTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["TANDEM_READER_SECONDS"].flatMap { Int($0) } ?? 5
    private static let accounts = 100
    /// Each waits a second for the file at most.
    private static let attempts = 30

    private final class Flag: Sendable {
        private let state = Atomic(false)
        var isOn: Bool { state.load(ordering: .relaxed) }
        func turnOn() { state.store(true, ordering: .relaxed) }
    }


    /// What a reader finds, once the file lets it in.
    private func read(_ program: Program) throws -> (sum: Int, rows: Int, moves: Int)? {
        let sql = "SELECT sum(balance)::BIGINT, count(*), sum(moves)::BIGINT FROM public.accounts"
        let process = try program.start(["query", "warehouse", sql, "--json", "--config", "reader.yaml"])
        let outcome = try program.outcome(of: process)
        guard outcome.status == 0 else { return nil }
        let row = try json(outcome.output, as: Answer.self).rows.first?.compactMap { $0.flatMap { Int($0) } } ?? []
        return row.count == 3 ? (row[0], row[1], row[2]) : nil
    }

    /// A thousand changes a second, in transactions that leave the sum of all balances as it is.
    private static let load = """
        DO $$ DECLARE a int; b int; BEGIN
          FOR i IN 1..\(seconds * 250) LOOP
            a := 1 + i * 7 % \(accounts); b := 1 + i * 13 % \(accounts);
            UPDATE accounts SET balance = balance - i, moves = moves + 1 WHERE id = a;
            UPDATE accounts SET balance = balance + i WHERE id = b;
            UPDATE accounts SET balance = balance + 1 WHERE id = b;
            UPDATE accounts SET balance = balance - 1 WHERE id = a;
            COMMIT;
            PERFORM pg_sleep(0.003);
          END LOOP;
        END $$
        """

    @Test(arguments: ["LOG_BASED", "TRIGGER_BASED"])
    func readersAreNotLockedOutAndSeeWholeTransactions(method: String) throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE TABLE accounts (id int PRIMARY KEY, balance bigint, moves bigint);
            INSERT INTO accounts SELECT g, 1000, 0 FROM generate_series(1, \(Self.accounts)) g
            """,
            in: database
        )
        let writer = try Program()
        let reader = try Program()
        defer { for program in [writer, reader] { program.remove() } }
        try writer.write(Program.configuration(server, database, method: method, more: "    auto_setup: true\n"))
        let file = writer.folder.appending(path: "warehouse.duckdb").path
        try reader.write(
            "connections:\n  warehouse:\n    type: duckdb\n    path: \(file)\n    lock_timeout: 1\n",
            to: "reader.yaml"
        )
        #expect(try writer.run("run").status == 0)
        let following = try writer.start(["run", "--follow", "--quiet"])
        defer { if following.isRunning { following.interrupt() } }
        let isWritten = Flag()
        var seen: [Int] = []
        Thread {
            defer { isWritten.turnOn() }
            _ = try? server.execute(Self.load, in: database)
        }.start()
        repeat {
            let found = try (0..<Self.attempts).lazy.compactMap { _ in try read(reader) }.first
            let answer = try #require(found, "locked out \(Self.attempts) times")
            #expect(answer.sum == Self.accounts * 1000 && answer.rows == Self.accounts)
            seen.append(answer.moves)
        } while !isWritten.isOn
        // What was seen once is not taken back, and readers do not keep changes out for ever.
        #expect(seen == seen.sorted())
        #expect(Set(seen).count > Self.seconds / 30)
        let limit = ContinuousClock.now + .seconds(60)
        while try read(reader)?.moves != Self.seconds * 250, ContinuousClock.now < limit {}
        #expect(try read(reader)?.moves == Self.seconds * 250)
        following.interrupt()
        #expect(try writer.outcome(of: following).status == 130)
        #expect(try writer.run("teardown", "shop").status == 0)
        print("\(seen.count) reads in \(Self.seconds) s, all of whole transactions")
    }
}
