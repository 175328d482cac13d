import Foundation
import TandemTesting
import Testing

/// What one project made at a server is its own, whatever else is there: no other's is touched, and none is forgotten.
@Suite(.blocking) struct OwnershipTests {
    /// A database, and projects that follow it.
    private struct Shop {
        let server: PostgresServer
        let database: String

        init(_ version: PostgresServer.Version = .v16) throws {
            server = try PostgresServer.shared(version)
            database = try server.makeDatabase()
            try run("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x')")
        }

        @discardableResult
        func run(_ sql: String) throws -> String { try server.execute(sql, in: database) }

        func project(
            _ settings: String = "",
            method: String = "LOG_BASED",
            more: String = "",
            top: String = ""
        ) throws -> Program {
            let program = try Program()
            try write(program, settings, method: method, more: more, top: top)
            return program
        }

        func write(
            _ program: Program,
            _ settings: String = "",
            method: String = "LOG_BASED",
            more: String = "",
            top: String = ""
        ) throws {
            let text = Program.configuration(server, database, method: method, more: more)
            try program.write(top + text.replacing("type: postgres\n", with: "type: postgres\n    \(settings)\n"))
        }

        var slots: Set<String> {
            get throws {
                let names = try run("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()")
                return Set(names.split(separator: "\n").map(String.init))
            }
        }

        func remove(_ programs: Program...) {
            _ = try? run(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
            )
            for program in programs { program.remove() }
        }
    }

    private func expectGood(_ outcome: Program.Outcome, _ location: SourceLocation = #_sourceLocation) {
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)", sourceLocation: location)
    }

    @Test func aSlotOfAnotherNameIsTornDownAndNoOther() throws {
        let shop = try Shop()
        let (one, two) = (try shop.project(), try shop.project("slot: projectb"))
        defer { shop.remove(one, two) }
        for program in [one, two] { expectGood(try program.run("run")) }
        #expect(try shop.slots == [one.slot(shop.database), "projectb"])
        let removed = try two.run("teardown", "copy")
        expectGood(removed)
        #expect(removed.output.contains("removed the slot \"projectb\""))
        #expect(removed.output.contains("left slot \(one.slot(shop.database))"), "\(removed.output)")
        #expect(try shop.slots == [one.slot(shop.database)])
        try shop.run("INSERT INTO t VALUES (2, 'y')")
        let again = try one.run("run")
        expectGood(again)
        #expect(!again.errors.contains("again"), "\(again.errors)")
        expectGood(try one.run("verify", "copy"))
    }

    /// Such as development and production: one configuration, one source, a destination for each.
    @Test(arguments: ["run", "teardown copy", "teardown shop", "reset copy"])
    func cloneLeavesWhatTheOtherMade(last: String) throws {
        let shop = try Shop(.v18)
        let (one, two) = (try shop.project(top: "project: shop\n"), try shop.project(top: "project: shop\n"))
        defer { shop.remove(one, two) }
        for program in [one, two, one, two] { expectGood(try program.run("run")) }
        let name = "tandem_shop_\(shop.database)"
        #expect(try shop.slots == [name, name + "_2"])
        let arguments = last.split(separator: " ").map(String.init)
        expectGood(try two.outcome(of: two.start(arguments)))
        try shop.run("INSERT INTO t VALUES (2, 'y')")
        let again = try one.run("run")
        expectGood(again)
        #expect(!again.errors.contains("again"), "\(again.errors)")
        expectGood(try one.run("verify", "copy"))
        #expect(try shop.slots.contains(name + "_2") != last.hasPrefix("teardown"))
        // What was forgotten is still ours: the next run takes a new slot in place of the old one.
        if last.hasPrefix("reset") {
            expectGood(try two.run("run"))
            #expect(try shop.slots == [name, name + "_2"])
            expectGood(try two.run("reset", "copy"))
            expectGood(try two.run("teardown", "copy"))
            #expect(try shop.slots == [name])
        }
    }

    @Test(arguments: ["teardown", "max_slot_wal_policy"])
    func aSlotMadeByHandIsNamedAndLeft(how: String) throws {
        let shop = try Shop(.v15)
        let more = how == "teardown" ? "" : "\n    max_slot_wal: 1MB\n    max_slot_wal_policy: drop_slot"
        let program = try shop.project("slot: tandem_mine_\(shop.database)" + more)
        defer { shop.remove(program) }
        let slot = "tandem_mine_\(shop.database)"
        try shop.run("SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput')")
        expectGood(try program.run("run"))
        if how == "teardown" {
            let removed = try program.run("teardown", "copy")
            expectGood(removed)
            #expect(removed.output.contains("left slot \(slot)") && removed.output.contains("pg_drop_replication_slot"))
            #expect(try shop.run("SELECT count(*) FROM pg_publication") == "0")
        } else {
            try shop.run("INSERT INTO t SELECT g, repeat(md5(g::text), 50) FROM generate_series(2, 3000) g")
            expectGood(try program.run("run"))
        }
        #expect(try shop.slots == [slot])
    }

    @Test func aSyncOfTwoTakesItsOwn() throws {
        let shop = try Shop()
        let more = """
              other:
                from: shop
                to: warehouse
                method: LOG_BASED
                into: elsewhere
            """
        let program = try shop.project(more: more)
        defer { shop.remove(program) }
        expectGood(try program.run("run"))
        let name = program.slot(shop.database)
        #expect(try shop.slots == [name + "_copy", name + "_other"])
        expectGood(try program.run("teardown", "other"))
        #expect(try shop.slots == [name + "_copy"])
        try shop.run("INSERT INTO t VALUES (2, 'y')")
        expectGood(try program.run("run", "copy"))
        expectGood(try program.run("verify", "copy"))
        expectGood(try program.run("teardown", "shop"))
        #expect(try shop.slots == [])
        #expect(try shop.run("SELECT count(*) FROM pg_publication") == "0")
    }

    /// Nothing is known then, so nothing is dropped; what there is, is named.
    @Test func aDestinationThatIsGoneOrAway() throws {
        let shop = try Shop()
        let program = try shop.project()
        defer { shop.remove(program) }
        expectGood(try program.run("run"))
        let slot = program.slot(shop.database)
        let file = program.folder.appending(path: "warehouse.duckdb")
        try FileManager.default.moveItem(at: file, to: file.appendingPathExtension("away"))
        try Data("no database".utf8).write(to: file)
        let failed = try program.run("teardown", "copy")
        #expect(failed.status == 1)
        #expect(try shop.slots == [slot])
        try FileManager.default.removeItem(at: file)
        let unknown = try program.run("teardown", "copy")
        expectGood(unknown)
        #expect(unknown.output.contains("left slot \(slot)"))
        #expect(try shop.slots == [slot])
        let anew = try program.run("run")
        expectGood(anew)
        #expect(anew.errors.contains(slot) && anew.errors.contains("pg_drop_replication_slot"), "\(anew.errors)")
        #expect(try shop.slots == [slot, slot + "_2"])
    }

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func onGapFailTouchesNothing(version: PostgresServer.Version) throws {
        let shop = try Shop(version)
        let program = try shop.project(more: "    on_gap: fail\n")
        defer { shop.remove(program) }
        expectGood(try program.run("run"))
        let slot = program.slot(shop.database)
        try shop.run("SELECT pg_drop_replication_slot('\(slot)'); INSERT INTO t VALUES (2, 'y')")
        var reasons: Set<String> = []
        for _ in 0..<3 {
            let failed = try program.run("run")
            #expect(failed.status == 1)
            #expect(failed.errors.contains("is gone") && !failed.errors.contains("somebody else"), "\(failed.errors)")
            #expect(!failed.errors.contains("copying"), "\(failed.errors)")
            reasons.insert(failed.errors.split(separator: "\n").first { $0.hasPrefix("error:") }.map(String.init) ?? "")
            #expect(try shop.slots == [])
        }
        #expect(reasons.count == 1)
        let count = try program.run("query", "warehouse", "SELECT count(*) FROM t", "--csv")
        #expect(count.output.split(whereSeparator: \.isNewline).last == "1", "the old copy is there: \(count.output)")
        expectGood(try program.run("reset", "copy"))
        expectGood(try program.run("run"))
        #expect(try shop.slots == [slot])
        expectGood(try program.run("verify", "copy"))
    }

    @Test(arguments: [PostgresServer.Version.v15, .v18])
    func twoProjectsNoteTheChangesOfOneTable(version: PostgresServer.Version) throws {
        let shop = try Shop(version)
        try shop.run("CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE v (id int PRIMARY KEY)")
        func tables(_ names: String) -> String { "    auto_setup: true\n    tables: [\(names)]\n" }
        let one = try shop.project(method: "TRIGGER_BASED", more: tables("public.t, public.u"))
        let two = try shop.project(method: "TRIGGER_BASED", more: tables("public.t, public.v"))
        defer { shop.remove(one, two) }
        for program in [one, two] { expectGood(try program.run("run")) }
        // Each reads all that is noted, whatever the other has read.
        try shop.run("INSERT INTO t VALUES (2, 'y'); INSERT INTO u VALUES (1); INSERT INTO v VALUES (1)")
        for program in [one, two, one, two] {
            let run = try program.run("run")
            expectGood(run)
            #expect(!run.errors.contains("again"), "\(run.errors)")
        }
        for program in [one, two] { expectGood(try program.run("verify", "copy")) }
        expectGood(try two.run("teardown", "copy"))
        let watched = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'tandem%' ORDER BY 1"
        #expect(try shop.run(watched) == "t\nu")
        try shop.run("INSERT INTO t VALUES (3, 'z'); INSERT INTO v VALUES (2)")
        let run = try one.run("run")
        expectGood(run)
        #expect(!run.errors.contains("again"), "\(run.errors)")
        expectGood(try one.run("verify", "copy"))
        expectGood(try one.run("teardown", "shop"))
        #expect(try shop.run(watched) == "")
        #expect(try shop.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'tandem'") == "0")
    }

    // MARK: rename

    private struct Renamed: Decodable { var sync, name, next: String; var renamed, configured: Bool }

    @Test(arguments: ["LOG_BASED", "TRIGGER_BASED"], [false, true])
    func renameTakesEverythingAlong(method: String, isEditedFirst: Bool) throws {
        let shop = try Shop()
        let more = method == "TRIGGER_BASED" ? "    auto_setup: true\n" : ""
        let program = try shop.project(method: method, more: more)
        defer { shop.remove(program) }
        expectGood(try program.run("run"))
        let slots = try shop.slots
        try shop.run("INSERT INTO t VALUES (2, 'y')")
        let old = try program.text("tandem.yaml")
        func edit() throws { try program.write(old.replacing("\n  copy:\n", with: "\n  shop_copy:\n")) }
        if isEditedFirst {
            try edit()
            let refused = try program.run("run")
            #expect(refused.status == 2)
            #expect(refused.errors.contains("tandem rename copy shop_copy"), "\(refused.errors)")
        }
        let first = try program.run("rename", "copy", "shop_copy", "--json")
        expectGood(first)
        let result: Renamed = try json(first.output)
        #expect(result.renamed && result.configured == isEditedFirst && result.name == "shop_copy")
        if !isEditedFirst {
            #expect(result.next.contains("`copy:` to `shop_copy:`"))
            #expect(try program.run("run").status == 2, "not under the old name any more")
            try edit()
        }
        // As after a kill: it can be said again.
        let again = try program.run("rename", "copy", "shop_copy")
        expectGood(again)
        let run = try program.run("run")
        expectGood(run)
        #expect(!run.errors.contains("again"), "\(run.errors)")
        #expect(try shop.slots == slots)
        expectGood(try program.run("verify", "shop_copy"))
        let status = try program.run("status", "--json")
        #expect(status.output.contains("\"shop_copy\"") && !status.output.contains("\"copy\""))
        expectGood(try program.run("teardown", "shop_copy"))
        #expect(try shop.slots == [])
        #expect(try shop.run("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tandem%'") == "0")
    }

    /// Killed at any moment, it is done by saying it again.
    @Test func aRenameThatIsKilledIsRepeated() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let shop = try Shop()
        let program = try shop.project()
        defer { shop.remove(program) }
        expectGood(try program.run("run"))
        let text = try program.text("tandem.yaml")
        var (old, new) = ("copy", "other")
        for round in 1...6 {
            let lock = program.folder.appending(path: ".tandem/\(new).lock").path
            try? FileManager.default.removeItem(atPath: lock)
            let rename = try program.start(["rename", old, new])
            while rename.isRunning, !FileManager.default.fileExists(atPath: lock) { sched_yield() }
            let end = ContinuousClock.now + .seconds(Double.random(in: 0...0.15, using: &random))
            while rename.isRunning, ContinuousClock.now < end { sched_yield() }
            kill(rename.processIdentifier, SIGKILL)
            rename.waitUntilExit()
            expectGood(try program.run("rename", old, new))
            try program.write(text.replacing("\n  copy:\n", with: "\n  \(new):\n"))
            try shop.run("INSERT INTO t VALUES (100 + \(round), 'y')")
            let run = try program.run("run")
            expectGood(run)
            #expect(!run.errors.contains("again") && !run.output.contains("copied"), "\(run.output)\(run.errors)")
            expectGood(try program.run("verify"))
            let status = try program.run("status", "--json").output
            #expect(status.contains("\"\(new)\"") && status.contains("\"streaming\""), "seed \(seed): \(status)")
            swap(&old, &new)
        }
    }

    @Test func renameIsRefusedWhereItWouldHarm() throws {
        let shop = try Shop()
        let program = try shop.project()
        defer { shop.remove(program) }
        expectGood(try program.run("run"))
        #expect(try program.run("rename", "nothing", "else").status == 2)
        #expect(try program.run("rename", "copy", "copy").status == 2)
        #expect(try program.run("rename", "copy", "a/b").status == 2)
        let follower = try program.start(["run", "--follow", "--quiet"])
        try shop.server.awaitRow(
            "SELECT 1 FROM pg_replication_slots WHERE slot_name = '\(program.slot(shop.database))' AND active",
            in: shop.database
        )
        let held = try program.run("rename", "copy", "other")
        #expect(held.status == 1 && held.errors.contains("is being run"), "\(held.errors)")
        kill(follower.processIdentifier, SIGTERM)
        follower.waitUntilExit()
        try shop.write(program, more: "  second:\n    from: shop\n    to: warehouse\n    into: second\n")
        #expect(try program.run("rename", "copy", "second").status == 2)
    }
}
