import Foundation
import TandemTesting
import Testing

/// `tandem issues`, as somebody at a shell uses it.
@Suite(.blocking) struct IssuesTests {
    private struct Listed: Decodable {
        struct Name: Decodable { var schema, table: String }

        var id, sync, key, cause, since: String
        var table, target: Name
        var code, constraint, column: String?
        var deletion, ignored: Bool
        var settled: Bool?
    }

    private struct Report: Decodable {
        struct Row: Decodable { var key, column, cause: String }

        var issues: [Row]
    }

    private struct Ran: Decodable {
        var issues: Int
        var outcome: String
    }

    @Test func listShowIgnoreAndRetry() throws {
        let server = try PostgresServer.shared(.v18)
        let (shop, copy) = (try server.makeDatabase(), try server.makeDatabase())
        try server.execute("CREATE TABLE t (id int PRIMARY KEY, price int)", in: shop)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, shop, method: "LOG_BASED", into: (server, copy)))
        #expect(try program.run("issues").output == "No issues.\n")
        #expect(try program.run("run").status == 0)
        try server.execute("ALTER TABLE t ADD CONSTRAINT cheap CHECK (price < 50)", in: copy)
        try server.execute("INSERT INTO t VALUES (1, 99), (2, 98), (3, 3)", in: shop)
        let run = try program.run("run", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let ran: [Ran] = try json(run.output)
        #expect(ran.map(\.issues) == [2] && ran.map(\.outcome) == ["succeeded"])
        #expect(try program.run("run").output.contains("public.t: 2 issues open; `tandem issues` lists them"))
        let listed: [Listed] = try json(try program.run("issues", "--json").output)
        #expect(listed.map(\.key) == ["id = 1", "id = 2"] && listed.allSatisfy { $0.constraint == "cheap" })
        #expect(listed.map(\.code) == ["23514", "23514"] && listed.map(\.sync) == ["copy", "copy"])
        let text = try program.run("issues", "list", "--table", "public.t").output
        #expect(text.contains("check constraint \"cheap\" refuses it (23514)") && !text.contains("99"))
        #expect(try program.run("issues", "--table", "public.other").output == "No issues.\n")
        let status = try program.run("status").output
        #expect(
            status.contains("2 issues; `tandem issues` lists them") && status.contains("left out: public.t: id = 1")
        )
        let reports: [Report] = try json(try program.run("status", "--json").output)
        #expect(reports.first?.issues.map(\.key) == ["id = 1", "id = 2"])
        let shown = try program.run("issues", "show", listed[0].id).output
        #expect(
            shown.contains("id = 1") && shown.contains("→ ") && shown.contains("tandem issues retry \(listed[0].id)")
        )
        #expect(try program.run("issues", "show", "nothing").status == 2)
        #expect(try program.run("issues", "retry").status == 2)
        let refused = try program.run("issues", "retry", "--all")
        #expect(refused.status == 1 && refused.output.contains("0 of 2 issues settled"), "\(refused.errors)")
        #expect(try program.run("issues", "ignore", listed[1].id).output == "Ignored 1 issue.\n")
        #expect(!(try program.run("issues").output.contains(listed[1].id)))
        #expect(try program.run("issues", "--all").output.contains("(ignored)"))
        #expect(try program.run("status").output.contains("1 issue;"))
        // What is known of them is kept with the rows.
        try FileManager.default.removeItem(at: program.folder.appending(path: ".tandem"))
        try server.execute("ALTER TABLE t DROP CONSTRAINT cheap", in: copy)
        let retried = try program.run("issues", "retry", "--all", "--json")
        let results: [Listed] = try json(retried.output)
        #expect(retried.status == 0 && results.map(\.settled) == [true] && results.map(\.key) == ["id = 1"])
        #expect(try program.run("issues", "retry", listed[1].id).output.contains("1 of 1 issue settled"))
        #expect(try program.run("verify", "copy").status == 0)
        #expect(try program.run("teardown", "copy").status == 0)
    }

    @Test func aRunThatFollowsGivesWay() throws {
        let server = try PostgresServer.shared(.v16)
        let (shop, copy) = (try server.makeDatabase(), try server.makeDatabase())
        try server.execute("CREATE TABLE t (id int PRIMARY KEY, price int)", in: shop)
        let program = try Program()
        defer { program.remove() }
        try program.write(Program.configuration(server, shop, method: "LOG_BASED", into: (server, copy)))
        #expect(try program.run("run").status == 0)
        try server.execute("ALTER TABLE t ADD CONSTRAINT cheap CHECK (price < 50)", in: copy)
        let following = try program.start(["run", "--follow", "--quiet"])
        defer { if following.isRunning { following.interrupt() } }
        try server.execute("INSERT INTO t VALUES (1, 99), (2, 2)", in: shop)
        let asking = try Program()
        defer { asking.remove() }
        let place = ["--config", program.folder.appending(path: "tandem.yaml").path]
        let limit = ContinuousClock.now + .seconds(60)
        var listed: [Listed] = []
        while listed.isEmpty, ContinuousClock.now < limit {
            listed = try json(try asking.outcome(of: asking.start(["issues", "--json"] + place)).output)
        }
        #expect(listed.map(\.key) == ["id = 1"], "it is told while the run goes on")
        // The run gives way to it.
        try server.execute("ALTER TABLE t DROP CONSTRAINT cheap", in: copy)
        let tried = try asking.outcome(of: asking.start(["issues", "retry", "--all"] + place))
        #expect(tried.status == 0 && following.isRunning, "\(tried.errors)")
        #expect(try server.execute("SELECT count(*) FROM t", in: copy) == "2")
        following.interrupt()
        following.waitUntilExit()
        #expect(try program.run("teardown", "copy").status == 0)
    }
}
