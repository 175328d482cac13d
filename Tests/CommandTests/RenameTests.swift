import Foundation
import TandemTesting
import Testing

/// What `rename` accepts, and what goes along and what stays in whatever order it comes with others.
@Suite(.blocking) struct RenameTests {
    private func expectGood(_ outcome: Program.Outcome, _ location: SourceLocation = #_sourceLocation) {
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)", sourceLocation: location)
    }

    /// No name is given that no configuration may have; a remedy with one that is there works as it stands.
    @Test func namesAreThoseOfConfigurations() throws {
        let server = try PostgresServer.shared(.v16)
        let (from, to) = (try server.makeDatabase(), try server.makeDatabase())
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", in: from)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, from, into: (server, to)))
        expectGood(try program.run("run"))
        let long = String(repeating: "n", count: 64)
        for name in ["bad name!", " ", "", "a/b", "../x", ".", "-x", "a:b", "a'b", "e\u{301}", long, "a\nb"] {
            let refused = try program.run("rename", "copy", "--", name)
            #expect(refused.status == 2, "\(name): \(refused.output)")
            #expect(refused.errors.contains("letters, digits"), "\(name): \(refused.errors)")
        }
        expectGood(try program.run("run"))
        #expect(try program.run("rename", "../x", "copy").status == 2)
        // As an earlier version left it.
        for name in ["bad name!", "it's", "-x", "`id`"] {
            try server.execute(
                ["tables", "made"].map { "UPDATE tandem.\($0) SET sync = $_$\(name)$_$" }.joined(separator: ";"),
                in: to
            )
            let refused = try program.run("run")
            #expect(refused.status == 2)
            let start = try #require(refused.errors.firstRange(of: "`tandem rename ")).lowerBound
            let end = try #require(refused.errors[start...].firstRange(of: " copy`")).upperBound
            let command = refused.errors[start..<end].dropFirst().dropLast()
            expectGood(try program.shell(String(command)))
            expectGood(try program.run("run"))
        }
    }

    private enum Step: String, CaseIterable { case rename, edit, teardown, reset, run }

    /// Only what is remembered under a name goes with it, and no other sync's.
    @Test func teardownTakesWhatIsRememberedUnderItsName() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)", in: database)
        for round in 0..<5 {
            // The other sync reads by a connection of its own, so that each is the only one of its own.
            var steps = Step.allCases.shuffled(using: &random)
            if round == 0 { steps = [.rename, .teardown, .edit, .run] }
            try follow(steps, server, database, seed)
        }
        #expect(try server.execute("SELECT count(*) FROM pg_replication_slots", in: database) != "")
    }

    private func follow(_ steps: [Step], _ server: PostgresServer, _ database: String, _ seed: UInt64) throws {
        let program = try Program()
        defer { program.remove() }
        let text = Program.configuration(server, database, method: "LOG_BASED")
        let connection = text.components(separatedBy: "  warehouse:\n")[0].components(separatedBy: "connections:\n")[1]
        let other = "  other:\n    from: shop2\n    to: warehouse\n    into: other\n    method: LOG_BASED\n"
        let both =
            text.replacing("  warehouse:\n", with: connection.replacing("shop:", with: "shop2:") + "  warehouse:\n")
            + "\n" + other
        try program.write(both)
        expectGood(try program.run("run", "--quiet"))
        func slots() throws -> Set<String> {
            let sql = "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE '\(program.slot(database))%'"
            return Set(try server.execute(sql, in: database).split(separator: "\n").map(String.init))
        }
        let others = program.slot(database) + "_2"
        var slot: String? = program.slot(database)
        #expect(try slots() == [slot ?? "", others])
        var (remembered, configured, hasCopies) = ("copy" as String?, "copy", true)
        for step in steps {
            let told = "seed \(seed): \(steps), \(step)"
            switch step {
            case .rename:
                expectGood(try program.run("rename", "copy", "moved"))
                if remembered == "copy" { remembered = "moved" }
            case .edit:
                configured = "moved"
                try program.write(both.replacing("\n  copy:\n", with: "\n  moved:\n"))
            case .teardown:
                let gone = try program.run("teardown", configured)
                expectGood(gone)
                if remembered == configured {
                    (remembered, slot) = (nil, nil)
                } else {
                    #expect(!gone.output.contains("removed the"), "\(told): \(gone.output)")
                    #expect(!gone.output.contains("by hand"), "\(told): \(gone.output)")
                }
            case .reset:
                expectGood(try program.run("reset", configured))
                if remembered == configured { hasCopies = false }
            case .run:
                // Nothing that is copied has the other name: then it is another sync, with a slot of its own.
                guard hasCopies || remembered == configured || remembered == nil else { continue }
                let run = try program.run("run", configured, "--quiet")
                if remembered == nil || remembered == configured {
                    expectGood(run)
                    (remembered, slot, hasCopies) = (configured, slot ?? program.slot(database), true)
                } else {
                    #expect(run.status == 2, "\(told): \(run.output)\(run.errors)")
                }
            }
            #expect(try slots() == Set([slot, others].compactMap(\.self)), "\(told)")
        }
        try server.execute("INSERT INTO t SELECT max(id) + 1 FROM t", in: database)
        let last = try program.run("run", "other")
        expectGood(last)
        #expect(!last.errors.contains("again"), "\(last.errors)")
        expectGood(try program.run("teardown", "shop"))
        expectGood(try program.run("teardown", "shop2"))
        #expect(try slots() == [])
    }
}
