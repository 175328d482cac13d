import Foundation
import TandemTesting
import Testing

/// One thing that is wrong never stops the rest.
@Suite(.blocking) struct BadWorldTests {
    /// Worlds that can be tried at once, beside the same good tables.
    struct Case: Sendable, CustomTestStringConvertible {
        var worlds: [BadWorld]
        var method: String
        var testDescription: String { "\(method): \(worlds.map(\.name).joined(separator: "; "))" }

        /// - Parameter worlds: With a first run that is good, or all without.
        static func cases(of worlds: [BadWorld]) -> [Case] {
            let kinds = Dictionary(grouping: worlds) { [$0.hasReader, $0.isAtDestination, $0.fault != nil] }.values
            return ["FULL_TABLE", "LOG_BASED", "TRIGGER_BASED", "INCREMENTAL"].flatMap { method in
                kinds.map { kind in Case(worlds: kind.filter { $0.methods.contains(method) }, method: method) }
            }.filter { !$0.worlds.isEmpty }
        }
    }

    private static let bounded = Case.cases(of: BadWorld.all)
    private static let following = Case.cases(of: BadWorld.all.filter(\.follows)).filter { $0.method == "LOG_BASED" }

    private struct Report: Decodable {
        struct Table: Decodable {
            struct Remedy: Decodable { var text: String }

            var schema: String
            var table: String
            var outcome: String
            var error: String?
            var remedy: Remedy?
        }

        var outcome: String
        var tables: [Table]
    }

    @Test(arguments: bounded) func theRestArrivesAndItIsNamed(one: Case) throws {
        let (worlds, stage) = (one.worlds, try BadStage(one.worlds, method: one.method))
        defer { stage.remove() }
        if worlds.contains(where: { $0.fault != nil }) {
            let first = try stage.program.run("run")
            #expect(first.status == 0, "\(first.errors)")
        }
        try stage.spoil()
        try checkForetold(stage)
        // A lock is waited for once more, and not for a minute and a half.
        let run = try stage.program.run("run", "--json", "--retries", "1")
        #expect(run.status == 1, "\(run.errors)")
        let report = try #require(try json(run.output, as: [Report].self).first)
        #expect(report.outcome == "failed")
        let failed = report.tables.filter { $0.outcome == "failed" }
        #expect(failed.map { "\($0.schema).\($0.table)" }.sorted() == worlds.map(\.bad).sorted(), "\(run.errors)")
        #expect(try stage.arrived() == stage.rows, "\(run.errors)")
        let status = try stage.program.run("status").output
        #expect(status.contains("failed"), "\(status)")
        for world in worlds {
            let table = failed.first { "\($0.schema).\($0.table)" == world.bad }
            #expect(table?.error?.contains(world.reason) == true, "\(run.output)")
            #expect(!world.hasRemedy || table?.remedy != nil, "\(run.output)")
            let line = run.errors.split(separator: "\n").first { $0.contains("error: \(world.bad): ") }
            #expect(line?.contains(world.reason) == true, "\(run.errors)")
            #expect(status.contains("error: \(world.bad): "), "\(status)")
        }
        try checkVerified(stage)
    }

    /// `plan` and `check` tell beforehand what is wrong, or the world says why they cannot.
    private func checkForetold(_ stage: BadStage) throws {
        struct Plan: Decodable {
            struct Failure: Decodable {
                var schema: String
                var table: String
                var error: String
            }
            var failures: [Failure]
        }
        struct Finding: Decodable {
            var severity: String
            var subject: String
            var message: String
        }
        let plan = try stage.program.run("plan", "--json")
        let failures = try #require(try json(plan.output, as: [Plan].self).first?.failures)
        let check = try stage.program.run("check", "--json")
        let findings = try json(check.output, as: [Finding].self).filter { $0.severity != "ok" }
        let errors = findings.filter { $0.severity == "error" }
        let foreseen = stage.worlds.filter { $0.unforeseen == nil }
        #expect(check.status == (errors.isEmpty ? 0 : 1), "\(check.output)")
        #expect(plan.status == (foreseen.isEmpty ? 0 : 1), "\(plan.output)\(plan.errors)")
        let told = failures.map { "\($0.schema).\($0.table)" }.sorted()
        #expect(told == foreseen.map(\.bad).sorted(), "\(plan.output)\(plan.errors)")
        #expect(Set(errors.map(\.subject)).isSubset(of: stage.worlds.map(\.bad)), "\(check.output)")
        for world in stage.worlds {
            #expect(findings.count { $0.subject == world.bad } < 2, "\(check.output)")
            guard world.unforeseen == nil else { continue }
            let failure = failures.first { "\($0.schema).\($0.table)" == world.bad }
            #expect(failure?.error.contains(world.reason) == true, "\(plan.output)")
            let error = errors.first { $0.subject == world.bad }
            #expect(error?.message.contains(world.reason) == true, "\(check.output)")
        }
    }

    /// `verify` calls nothing equal that was left out, and what arrived different.
    private func checkVerified(_ stage: BadStage) throws {
        struct Table: Decodable {
            var schema: String
            var table: String
            var verdict: String
        }
        let verify = try stage.program.run("verify", "--json")
        let tables = try json(verify.output, as: [Table].self)
        let verdicts = Dictionary(tables.map { ("\($0.schema).\($0.table)", $0.verdict) }) { "\($0), \($1)" }
        #expect(verify.status == 1, "\(verify.output)\(verify.errors)")
        #expect(verdicts["public.good_a"] == "equal" && verdicts["public.good_b"] == "equal", "\(verify.output)")
        for world in stage.worlds {
            let bad = verdicts[world.bad]
            let isKnown = world.unforeseen == nil
            #expect(bad.map { $0 != "equal" && $0 != "kept" } == true, "\(verify.output)\(verify.errors)")
            #expect(!isKnown || ["stale", "absent"].contains(bad), "\(verify.output)\(verify.errors)")
        }
    }

    /// Where all is well nobody cries wolf, by whichever method.
    @Test(arguments: [false, true]) func nothingIsToldOfAGoodWorld(hasReader: Bool) throws {
        // A reader that owns nothing makes no triggers.
        let others = ["LOG_BASED", "INCREMENTAL", "auto"] + (hasReader ? [] : ["TRIGGER_BASED"])
        let world = BadWorld(name: "none", reason: "", hasReader: hasReader)
        let stage = try BadStage([world], method: "FULL_TABLE", others: others)
        defer { stage.remove() }
        for round in 1...2 {
            let commands =
                ["plan", "check", "run", "status"].map { [$0] } + stage.syncs.map { ["verify", $0] } + [["plan"]]
            for command in commands {
                let outcome = try stage.program.outcome(of: stage.program.start(command))
                let words = outcome.output + outcome.errors
                #expect(outcome.status == 0, "\(command), round \(round): \(words)")
                #expect(!words.contains("error: ") && !words.contains("✗"), "\(command), round \(round): \(words)")
            }
            try stage.source.execute("INSERT INTO good_a VALUES (50 + \(round), 'new'); ANALYZE good_b")
        }
    }

    @Test(arguments: following) func aRunThatFollowsGoesOn(one: Case) throws {
        let (worlds, stage) = (one.worlds, try BadStage(one.worlds, method: one.method, isFollowed: true))
        defer { stage.remove() }
        let first = try stage.program.run("run")
        #expect(first.status == 0, "\(first.errors)")
        let run = try stage.program.start(["run", "--follow"])
        defer { if run.isRunning { run.terminate() } }
        try stage.spoil()
        let deadline = ContinuousClock.now + .seconds(90)
        let told = worlds.map { "error: \($0.bad): " }
        func isTold() throws -> Bool { told.allSatisfy(try stage.program.text("stderr").contains) }
        while run.isRunning, try !isTold(), ContinuousClock.now < deadline { usleep(5_000) }
        let errors = try stage.program.text("stderr")
        #expect(try run.isRunning && isTold() && worlds.allSatisfy { errors.contains($0.reason) }, "\(errors)")
        try stage.source.execute("INSERT INTO good_a VALUES (77, 'later')")
        try stage.destination?.awaitRow("SELECT 1 FROM public.good_a WHERE id = 77")
        #expect(run.isRunning)
        run.interrupt()
        run.waitUntilExit()
        let status = try stage.program.run("status").output
        #expect(told.allSatisfy(status.contains), "\(status)")
    }
}

/// A destination that somebody else uses for longer than `lock_timeout` is waited for by a run that follows.
@Suite(.blocking) struct HeldFileTests {
    @Test func aReaderOfTheFileIsWaitedFor() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)", in: database)
        let program = try Program()
        defer { program.remove() }
        let text = Program.configuration(server, database, method: "LOG_BASED")
        try program.write(text.replacing("type: duckdb", with: "type: duckdb\n    lock_timeout: 1"))
        #expect(try program.run("run").status == 0)
        let run = try program.start(["run", "--follow"])
        defer { if run.isRunning { run.terminate() } }
        let file = open(program.folder.appending(path: "warehouse.duckdb").path, O_RDWR)
        var lock = flock()
        (lock.l_type, lock.l_whence) = (Int16(F_RDLCK), Int16(SEEK_SET))
        // As DuckDB does. The run has it now and then.
        while fcntl(file, F_SETLK, &lock) != 0, run.isRunning { sched_yield() }
        try server.execute("INSERT INTO a VALUES (2)", in: database)
        while run.isRunning, try !program.text("stderr").contains("(attempt 2)") { usleep(5_000) }
        let errors = try program.text("stderr")
        #expect(run.isRunning, "\(errors)")
        close(file)
        let slot = "SELECT 1 FROM pg_replication_slots WHERE database = '\(database)' AND active"
        try server.awaitRow(slot, in: "postgres")
        run.interrupt()
        run.waitUntilExit()
        #expect(try program.run("run").status == 0)
        #expect(
            try program.run("query", "warehouse", "SELECT 'sum ' || sum(id) FROM public.a").output.contains("sum 3")
        )
        #expect(try program.run("teardown", "shop").status == 0)
    }
}

/// Two databases, or one and a file, and a sync between them, of bad worlds.
final class BadStage {
    struct Database {
        let server: PostgresServer
        let name: String

        @discardableResult
        func execute(_ sql: String) throws -> String { try server.execute(sql, in: name) }
        func awaitRow(_ sql: String) throws { try server.awaitRow(sql, in: name) }
    }

    let worlds: [BadWorld]
    let method: String
    let syncs: [String]
    let source: Database
    /// `nil` where that is a DuckDB file.
    let destination: Database?
    let program: Program
    private let reader: String
    private let slot: String
    private let hasServer: Bool
    private var holders: [Process] = []

    /// - Parameter others: Methods of syncs beside the one that is looked at, into schemas of their own.
    init(_ worlds: [BadWorld], method: String, others: [String] = [], isFollowed: Bool = false) throws {
        (self.worlds, self.method) = (worlds, method)
        syncs = ["copy"] + others.map { $0.lowercased() }
        // Whoever makes a slot waits for every transaction of its server that has begun.
        hasServer = worlds.contains { $0.holding != nil }
        let server = hasServer ? try PostgresServer(.v16) : try .shared(.v16)
        let source = Database(server: server, name: try server.makeDatabase())
        self.source = source
        let hasCopy = worlds[0].isAtDestination || isFollowed
        let destination = hasCopy ? Database(server: server, name: try server.makeDatabase()) : nil
        self.destination = destination
        program = try Program()
        reader = "r_" + source.name
        slot = program.slot(source.name)
        try source.execute(
            """
            CREATE TABLE good_a (id int PRIMARY KEY, note text); CREATE TABLE good_b (id int PRIMARY KEY, note text);
            INSERT INTO good_a SELECT g, 'a' FROM generate_series(1, 20) g;
            INSERT INTO good_b SELECT g, 'b' FROM generate_series(1, 20) g;
            \(worlds.map(\.setup).joined(separator: ";\n"))
            """
        )
        let hasReader = worlds[0].hasReader
        if hasReader {
            // Longer names would be cut.
            let slots = others.isEmpty ? [slot] : ["log_based", "auto"].map { "tandem_w_\(source.name)_\($0)" }
            let published = worlds.filter { $0.setup.contains($0.bad.dropFirst("public.".count)) }.map { ", " + $0.bad }
            try source.execute(
                "CREATE ROLE \(reader) LOGIN REPLICATION; GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(reader);"
                    + slots.map { slot in
                        """
                        CREATE PUBLICATION \(slot) FOR TABLE good_a, good_b\(published.joined());
                        CREATE PUBLICATION \(slot)_appends WITH (publish = 'insert');
                        """
                    }.joined()
            )
        }
        var text = Program.configuration(
            server,
            source.name,
            method: method,
            into: destination.map { ($0.server, $0.name) },
            more: Self.rules(of: worlds, by: method)
        )
        for other in others {
            text += "  \(other.lowercased()):\n    from: shop\n    to: warehouse\n    into: \(other.lowercased())\n"
            text += "    method: \(other)\n" + Self.rules(of: worlds, by: other)
        }
        if !others.isEmpty { text = "project: w\n" + text }
        if hasReader, let range = text.range(of: "user: \(PostgresServer.user)") {
            text.replaceSubrange(range, with: "user: \(reader)")
        }
        try program.write(text)
    }

    /// The lines of the sync. Cursors read what is new by its key.
    private static func rules(of worlds: [BadWorld], by method: String) -> String {
        var entries = worlds.compactMap(\.entry)
        if method == "INCREMENTAL" {
            entries = entries.map { entry in
                entry.hasPrefix("{")
                    ? entry.replacing(", columns", with: ", cursor: id, columns") : "{name: \(entry), cursor: id}"
            }
        }
        let everything = method == "INCREMENTAL" ? "{name: \"*\", cursor: id}" : "\"*\""
        let setUp = method == "TRIGGER_BASED" ? "    auto_setup: true\n" : ""
        return setUp + "    tables: [\(([everything] + entries).joined(separator: ", "))]\n"
    }

    /// Makes the world bad, and changes the good tables.
    func spoil() throws {
        for world in worlds {
            guard let fault = world.fault else { continue }
            try (world.isAtDestination ? destination : source)?.execute(fault.replacing("READER", with: reader))
            if world.isAtDestination { try source.execute("INSERT INTO \(world.bad) VALUES (2, 'x', 'y')") }
        }
        let change =
            method == "INCREMENTAL"
            ? "INSERT INTO good_b VALUES (77, 'new')" : "UPDATE good_b SET note = 'new' WHERE id = 7"
        try source.execute("INSERT INTO good_a VALUES (50, 'new'); \(change)")
        for holding in worlds.compactMap(\.holding) { holders.append(try hold(holding)) }
    }

    /// Opens a session that does not end its transaction.
    private func hold(_ sql: String) throws -> Process {
        let process = Process()
        process.executableURL = source.server.programs.folder.appending(path: "psql")
        process.arguments = [
            "-h", PostgresServer.host, "-p", "\(source.server.port)", "-U", PostgresServer.user, "-d", source.name,
            "-X",
            "-q", "-c", "BEGIN; \(sql); SELECT pg_sleep(600)",
        ]
        try process.run()
        try source.awaitRow(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(source.name)' AND wait_event = 'PgSleep'"
                + " HAVING count(*) > \(holders.count)"
        )
        return process
    }

    private static let question = """
        SELECT (SELECT count(*) FROM public.good_a) || ' ' || (SELECT count(*) FROM public.good_b WHERE note = 'new') AS n
        """

    /// What the good tables hold.
    var rows: String { get throws { try source.execute(Self.question) } }

    /// The same at the destination.
    func arrived() throws -> String {
        if let destination { return try destination.execute(Self.question) }
        struct Answer: Decodable { var rows: [[String?]] }
        let outcome = try program.run("query", "warehouse", Self.question, "--json")
        guard outcome.status == 0 else { return outcome.errors }
        return try json(outcome.output, as: Answer.self).rows.first?.first.flatMap(\.self) ?? ""
    }

    func remove() {
        for holder in holders { holder.terminate() }
        program.remove()
        if hasServer { return source.server.remove() }
        let slots =
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '\(source.name)'"
        _ = try? source.execute(slots)
        for database in [source, destination].compactMap(\.self) {
            _ = try? database.server.execute("DROP DATABASE \(database.name) WITH (FORCE)")
        }
        if worlds[0].hasReader { _ = try? source.server.execute("DROP ROLE \(reader)") }
    }
}
