import Foundation
import TandemTesting
import Testing

/// What breaks in the middle: Tandem, the server, the disk. Nothing may be lost, half, or hard to understand.
@Suite(.serialized, .blocking) struct FaultTests {
    private static let rows = 300_000

    /// A server of its own, because these tests break it, with two tables of which the first has an old copy already.
    private struct Shop {
        let server: PostgresServer
        let program: Program

        init() throws {
            // What was committed must outlive a killed server here.
            server = try PostgresServer(.v16, settings: ["synchronous_commit": "on"])
            program = try Program()
            try server.execute(
                """
                CREATE TABLE a (id bigint PRIMARY KEY, filler text);
                CREATE TABLE b (id bigint PRIMARY KEY, filler text);
                INSERT INTO a SELECT g, repeat(md5(g::text), 4) FROM generate_series(1, 1000) g;
                INSERT INTO b SELECT g, repeat(md5(g::text), 4) FROM generate_series(1, 1000) g;
                """
            )
            try program.write(Program.configuration(server, "postgres"))
        }

        func grow() throws {
            try server.execute(
                """
                INSERT INTO a SELECT g, repeat(md5(g::text), 4) FROM generate_series(1001, \(FaultTests.rows)) g;
                INSERT INTO b SELECT g, repeat(md5(g::text), 4) FROM generate_series(1001, \(FaultTests.rows)) g;
                """
            )
        }

        func remove() {
            program.remove()
            server.remove()
        }

        /// Rows of the two tables at the warehouse, and what else lies in their schema.
        func counts() throws -> (rows: [String?], others: [[String?]]) {
            let sql = "SELECT (SELECT count(*) FROM public.a), (SELECT count(*) FROM public.b)"
            let others =
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'public' AND table_name NOT IN ('a', 'b')"
            return (try rows(sql).first ?? [], try rows(others))
        }

        private func rows(_ sql: String) throws -> [[String?]] {
            let outcome = try program.run("query", "warehouse", sql, "--json")
            guard outcome.status == 0 else { throw PostgresServer.Failure(description: outcome.errors) }
            return try json(outcome.output, as: Answer.self).rows
        }

        /// Bytes of the warehouse and its log.
        var size: Int {
            ["warehouse.duckdb", "warehouse.duckdb.wal"].reduce(0) { sum, name in
                let path = program.folder.appending(path: name).path
                return sum + ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
            }
        }
    }

    @Test func killedAtAnyMomentTheOldCopiesOrTheNewAreWhole() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let shop = try Shop()
        defer { shop.remove() }
        #expect(try shop.program.run("run").status == 0)
        try shop.grow()
        let before = shop.size
        var killed = 0
        for _ in 0..<8 {
            let run = try shop.program.start(["run"])
            // Its own file tells how far it has come; a run that is quicker than the threshold ends by itself.
            let threshold = before + Int.random(in: -100_000...30_000_000, using: &random)
            while run.isRunning && shop.size < threshold { sched_yield() }
            kill(run.processIdentifier, SIGKILL)
            run.waitUntilExit()
            if run.terminationReason == .uncaughtSignal { killed += 1 }
            let counts = try shop.counts().rows
            let isOld = counts == ["1000", "1000"]
            let isNew = counts == ["\(Self.rows)", "\(Self.rows)"]
            #expect(isOld || isNew, "\(counts), seed \(seed)")
        }
        #expect(killed > 0, "no run was killed, seed \(seed)")
        let last = try shop.program.run("run")
        #expect(last.status == 0, "\(last.errors)")
        let counts = try shop.counts()
        #expect(counts.rows == ["\(Self.rows)", "\(Self.rows)"])
        #expect(counts.others == [], "leftovers, seed \(seed)")
        #expect(try shop.program.run("verify", "copy").status == 0)
    }

    @Test func aServerThatRestartsInTheMiddleIsReadAgain() throws {
        let shop = try Shop()
        defer { shop.remove() }
        try shop.grow()
        let run = try shop.program.start(["run"])
        try shop.server.awaitRow(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'",
            in: "postgres"
        )
        shop.server.kill()
        try shop.server.start()
        let outcome = try shop.program.outcome(of: run)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try shop.counts().rows == ["\(Self.rows)", "\(Self.rows)"])
        #expect(try shop.program.run("verify", "copy").status == 0)
    }

    @Test func aServerThatStaysAwayLeavesTheOldCopies() throws {
        let shop = try Shop()
        defer { shop.remove() }
        #expect(try shop.program.run("run").status == 0)
        try shop.grow()
        let run = try shop.program.start(["run", "--retries", "1"])
        try shop.server.awaitRow(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'",
            in: "postgres"
        )
        shop.server.kill()
        let outcome = try shop.program.outcome(of: run)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("127.0.0.1"))
        #expect(outcome.errors.contains("→ "))
        #expect(try shop.counts().rows == ["1000", "1000"])
        #expect(try shop.program.run("status").output.contains("last run failed"))
    }

    /// Away for longer than the first pause, so that the attempt after it fails too.
    @Test(arguments: [true, false])
    func aRunThatFollowsOutlastsAServerThatIsAway(isSource: Bool) throws {
        let source = try PostgresServer(.v16, settings: ["synchronous_commit": "on"])
        let copy = try PostgresServer(.v16, settings: ["synchronous_commit": "on"])
        let program = try Program()
        defer {
            program.remove()
            source.remove()
            copy.remove()
        }
        try program.write(Program.configuration(source, "postgres", method: "LOG_BASED", into: (copy, "postgres")))
        try source.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
        #expect(try program.run("run").status == 0)
        let following = try program.start(["run", "--follow"])
        defer { if following.isRunning { following.interrupt() } }
        try source.execute("INSERT INTO a VALUES (2)")
        try copy.awaitRow("SELECT 1 FROM public.a WHERE id = 2", in: "postgres")
        let away = isSource ? source : copy
        away.kill()
        // What comes meanwhile.
        if !isSource { try source.execute("INSERT INTO a VALUES (3)") }
        while following.isRunning, try !program.text("stderr").contains("(attempt 2)") { usleep(5_000) }
        try away.start()
        try source.execute("INSERT INTO a VALUES (4)")
        try copy.awaitRow("SELECT 1 FROM public.a WHERE id = 4", in: "postgres")
        following.interrupt()
        let outcome = try program.outcome(of: following)
        #expect(outcome.status == 130, "\(outcome.errors)")
        #expect(try program.run("verify", "copy").status == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root to mount a small disk"))
    func aFullDiskLeavesTheOldCopiesAndIsNamed() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let disk = shop.program.folder.appending(path: "disk")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
        try Self.mount(disk, megabytes: 24)
        defer { try? Self.command("/bin/umount", [disk.path]) }
        try shop.program.write(
            Program.configuration(shop.server, "postgres").replacing(
                "path: warehouse.duckdb",
                with: "path: disk/warehouse.duckdb"
            )
        )
        #expect(try shop.program.run("run").status == 0)
        try shop.grow()
        let outcome = try shop.program.run("run")
        #expect(outcome.status == 1)
        #expect(outcome.errors.lowercased().contains("full"), "\(outcome.errors)")
        #expect(outcome.errors.contains("disk/warehouse.duckdb"))
        // One of the two may have found room; each is whole, old or new.
        let counts = try shop.counts().rows
        #expect(counts.contains("1000") && counts.allSatisfy { ["1000", "\(Self.rows)"].contains($0) }, "\(counts)")
    }

    private static func mount(_ folder: URL, megabytes: Int) throws {
        try command("/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path])
    }

    private static func command(_ path: String, _ arguments: [String]) throws {
        let process = try Process.run(URL(filePath: path), arguments: arguments)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw PostgresServer.Failure(description: "\(path) failed") }
    }
}
