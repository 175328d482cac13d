import Foundation
import TandemTesting
import Testing

/// What `tandem status` says of syncs that follow a log.
@Suite(.blocking) struct StatusTests {
    private struct Report: Decodable {
        struct Stream: Decodable {
            struct Warning: Decodable { var severity, message: String }

            var slot: String?
            var exists: Bool?
            var isRead: Bool?
            var keptBytes, lagBytes: Int?
            var lagSeconds: Double?
            var walStatus: String?
            var warnings: [Warning]
            var error: String?
        }

        struct Table: Decodable {
            var state: String
            var rows: Int
            var changes: Int
        }

        var sync: String
        var stream: Stream?
        var tables: [Table]
    }

    private func status(_ program: Program) throws -> Report {
        let outcome = try program.run("status", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let reports: [Report] = try json(outcome.output)
        return try #require(reports.first)
    }

    /// Rows are told as those of the copy, with what has changed since, whoever applied it.
    @Test func whatHasChangedSinceACopyIsCounted() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database, method: "LOG_BASED"))
        var counts: [[Int]] = []
        func look() throws { counts.append(try status(program).tables.flatMap { [$0.rows, $0.changes] }) }
        #expect(try program.run("run").status == 0)
        try look()
        try server.execute("INSERT INTO t VALUES (4), (5)", in: database)
        #expect(try program.run("run").status == 0)
        try look()
        try server.execute("DELETE FROM t WHERE id < 4; ALTER TABLE t RENAME TO u", in: database)
        #expect(try program.run("verify").status == 0)
        #expect(try program.run("run").status == 0)
        try look()
        #expect(try program.run("status").output.contains("changes since"))
        #expect(try program.run("reset", "copy").status == 0)
        #expect(try program.run("run").status == 0)
        try look()
        #expect(counts == [[3, 0], [3, 2], [3, 5], [2, 0]])
        #expect(try program.run("teardown", "shop").status == 0)
    }

    /// A slot that is gone is no slot that was never there.
    @Test(arguments: ["resnapshot", "fail"]) func aLostSlotIsTold(policy: String) throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", in: database)
        let program = try Program()
        defer { program.remove() }
        let more = "    on_gap: \(policy)\n"
        try program.write(Program.configuration(server, database, method: "auto", more: more))
        #expect(try program.run("run").status == 0)
        let drop = "SELECT pg_drop_replication_slot('\(program.slot(database))')"
        try server.execute(drop, in: database)
        let told = try program.run("status")
        #expect(told.status == 1, "\(told.output)")
        #expect(told.output.contains("The next run fails") == (policy == "fail"), "\(told.output)")
        #expect(told.output.contains("copies every table.") == (policy != "fail"), "\(told.output)")
        let verified = try program.run("verify")
        #expect(verified.status == 1 && verified.errors.contains("cannot go on where it was"), "\(verified.errors)")
        #expect(verified.errors.contains("`tandem run copy`") == (policy != "fail"), "\(verified.errors)")
        #expect(try program.run("run").status == (policy == "fail" ? 1 : 0))
        #expect(try program.run("verify").status == (policy == "fail" ? 1 : 0))
        #expect(try program.run("teardown", "shop").status == 0)
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func slotLagAndThreshold(version: PostgresServer.Version) throws {
        let server = try PostgresServer.shared(version)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x')", in: database)
        let program = try Program()
        defer { program.remove() }
        let configuration = Program.configuration(server, database, method: "LOG_BASED")
        try program.write(configuration.replacing("type: postgres", with: "type: postgres\n    max_slot_wal: 2MB"))
        let before = try #require(try status(program).stream)
        #expect(before.exists == false && before.slot == program.slot(database))
        #expect(try program.run("run").status == 0)
        let after = try status(program)
        let stream = try #require(after.stream)
        #expect(stream.exists == true && stream.isRead == false && stream.walStatus == "reserved")
        #expect(stream.lagBytes != nil && stream.lagSeconds != nil && stream.error == nil)
        #expect(after.tables.map(\.state) == ["streaming"])
        try server.execute(
            "INSERT INTO t SELECT g, repeat(md5(g::text), 30) FROM generate_series(2, 5000) g",
            in: database
        )
        let late = try #require(try status(program).stream)
        #expect(late.warnings.contains { $0.message.contains("max_slot_wal (2MB)") })
        #expect(try #require(late.lagBytes) > 2 << 20)
        let text = try program.run("status").output
        #expect(
            text.contains("slot \(program.slot(database)) (pgoutput): not being read")
                && text.contains("→ Run its sync")
        )
        #expect(try program.run("teardown", "shop").status == 0)
    }

    @Test func whileARunFollowsItsTablesAreStreamingAndTheOthersInPlace() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE whole AS SELECT 1 AS n",
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        let tables = "    tables: [public.t, {name: public.whole, method: FULL_TABLE}]"
        try program.write(Program.configuration(server, database, method: "auto", more: tables))
        let following = try program.start(["run", "--follow", "--quiet"])
        defer { if following.isRunning { following.interrupt() } }
        var row = 1
        let limit = ContinuousClock.now + .seconds(90)
        var report: Report?
        // `status` has its own files for what it prints.
        let asking = try Program()
        defer { asking.remove() }
        let state = program.folder.appending(path: ".tandem/state.sqlite").path
        let configuration = program.folder.appending(path: "tandem.yaml").path
        while report?.tables.map(\.state) != ["streaming", "copied"], ContinuousClock.now < limit {
            row += 1
            try server.execute("INSERT INTO t VALUES (\(row))", in: database)
            let outcome = try asking.run("status", "--json", "--config", configuration, "--state", state)
            report = try json(outcome.output, as: [Report].self).first
        }
        #expect(report?.tables.map(\.state) == ["streaming", "copied"])
        #expect(report?.stream?.isRead == true)
        following.interrupt()
        #expect(try program.outcome(of: following).status == 130)
        #expect(try program.run("teardown", "shop").status == 0)
    }

    @Test func aSourceThatCannotBeReachedIsALineOfTheAnswer() throws {
        let server = try PostgresServer(.v16)
        defer { server.remove() }
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", in: database)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, database, method: "LOG_BASED"))
        #expect(try program.run("run").status == 0)
        server.stop(.fast)
        let report = try status(program)
        #expect(report.stream?.error?.contains("cannot be reached") == true)
        #expect(report.tables.map(\.state) == ["streaming"])
        let text = try program.run("status")
        #expect(text.status == 0 && text.output.contains("last run succeeded"))
        #expect(text.output.contains("source: ") && text.output.contains("cannot be reached"))
    }
}
