import Foundation
import TandemTesting
import Testing

/// What `plan` and `check` say beforehand is what `run` then does, in a list of bad worlds.
@Suite(.blocking) struct ForesightTests {
    /// A place where something is wrong.
    private struct World {
        let program: Program
        let server: PostgresServer
        let database: String
        /// A second database, at the same server.
        let other: String

        init() throws {
            server = try PostgresServer.shared(.v16)
            database = try server.makeDatabase()
            other = try server.makeDatabase()
            program = try Program()
            try server.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)", in: database)
            try write()
        }

        func write(_ method: String = "FULL_TABLE", _ more: String = "") throws {
            try program.write(Program.configuration(server, database, method: method, more: more))
        }

        /// Into the other database, as a user who may do nothing there but log in and what `grants` say.
        func writeAsNobody(_ grants: String) throws {
            let role = "writer_\(other.suffix(12))"
            try server.execute("CREATE ROLE \(role) LOGIN; \(grants.replacing("ROLE", with: role))", in: other)
            let text = Program.configuration(server, database, into: (server, other))
            let parts = text.components(separatedBy: "  warehouse:\n")
            try program.write(
                parts[0] + "  warehouse:\n"
                    + parts[1].replacing("user: \(PostgresServer.user)", with: "user: \(role)")
            )
        }

        var warehouse: String { program.folder.appending(path: "warehouse.duckdb").path }
    }

    /// What `setup` prints for a connection that is written to is what a run needs.
    @Test func whatSetupAsksForIsEnough() throws {
        let world = try World()
        defer { world.program.remove() }
        try world.writeAsNobody("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        #expect(try world.program.run("plan").status == 1)
        let url = "postgresql://\(PostgresServer.user)@\(PostgresServer.host):\(world.server.port)/\(world.other)"
        let setup = try world.program.run("setup", "warehouse", "--apply", "--admin-url", url)
        #expect(setup.status == 0 && setup.output.contains("GRANT USAGE, CREATE ON SCHEMA"), "\(setup.output)")
        for command in ["plan", "check", "run", "verify"] {
            let outcome = try world.program.run(command)
            #expect(outcome.status == 0, "\(command): \(outcome.output)\(outcome.errors)")
        }
        let again = try world.program.run("setup", "warehouse", "--apply", "--admin-url", url)
        #expect(again.errors.contains("Nothing was missing."), "\(again.output)\(again.errors)")
    }

    private struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// What a run is to end with.
        let status: Int32
        let prepare: @Sendable (World) throws -> Void

        init(_ name: String, _ status: Int32, _ prepare: @escaping @Sendable (World) throws -> Void) {
            (testDescription, self.status, self.prepare) = (name, status, prepare)
        }
    }

    private static let cases = [
        Case("nothing is wrong", 0) { _ in },
        // auto takes another method, and all is well.
        Case("a reader who may not publish", 0) { world in
            let role = "reader_\(world.database.suffix(12))"
            try world.server.execute(
                "CREATE ROLE \(role) LOGIN REPLICATION; GRANT SELECT ON a TO \(role)",
                in: world.database
            )
            let text = Program.configuration(world.server, world.database, method: "auto")
            try world.program.write(text.replacing("user: \(PostgresServer.user)", with: "user: \(role)"))
        },
        Case("two syncs into one table", 2) { world in
            try world.write("FULL_TABLE", "  again:\n    from: shop\n    to: warehouse\n    method: FULL_TABLE\n")
        },
        Case("two syncs into one table, by two connections to one file", 2) { world in
            let text = Program.configuration(
                world.server,
                world.database,
                more: "  again:\n    from: shop\n    to: same\n    method: FULL_TABLE\n"
            )
            let same = "  same: {type: duckdb, path: ./warehouse.duckdb}\n"
            try world.program.write(text.replacing("syncs:", with: same + "syncs:"))
        },
        Case("a table that is named and not there", 2) { try $0.write("FULL_TABLE", "    tables: [public.nowhere]\n") },
        Case("the source's database is not there", 1) { world in
            let text = Program.configuration(world.server, world.database)
            try world.program.write(text.replacing(world.database, with: "nowhere"))
        },
        Case("the warehouse's folder is not there", 1) { world in
            let text = Program.configuration(world.server, world.database)
            try world.program.write(text.replacing("warehouse.duckdb", with: "nowhere/warehouse.duckdb"))
        },
        Case("the warehouse is a folder", 1) { world in
            try FileManager.default.createDirectory(atPath: world.warehouse, withIntermediateDirectories: true)
        },
        Case("the warehouse is no database", 1) { world in
            try world.program.write(String(repeating: "text ", count: 10_000), to: "warehouse.duckdb")
        },
        Case("the warehouse is cut off", 1) { world in
            try world.server.execute("INSERT INTO a SELECT generate_series(2, 300000)", in: world.database)
            #expect(try world.program.run("run").status == 0)
            truncate(world.warehouse, 20_000)
        },
        Case("a schema at the destination that may not be made", 1) { try $0.writeAsNobody("") },
        Case("a schema at the destination that may not be written to", 1) { world in
            try world.writeAsNobody(
                "CREATE SCHEMA tandem AUTHORIZATION ROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
            )
        },
        Case("schemas that are just enough", 0) { world in
            try world.writeAsNobody("CREATE SCHEMA tandem AUTHORIZATION ROLE; GRANT CREATE ON SCHEMA public TO ROLE")
        },
        Case("a view at the destination in the place of a table", 1) { world in
            try world.server.execute("CREATE VIEW a AS SELECT 1 AS id", in: world.other)
            try world.program.write(
                Program.configuration(world.server, world.database, into: (world.server, world.other))
            )
        },
        Case("somebody's table at the destination", 1) { world in
            try world.server.execute("CREATE TABLE a (id int)", in: world.other)
            try world.program.write(
                Program.configuration(world.server, world.database, into: (world.server, world.other))
            )
        },
        Case("a slot that is gone, under on_gap: fail", 1) { try loseSlot($0, "fail") },
        Case("a slot that is gone", 0) { try loseSlot($0, "resnapshot") },
        Case("a followed table's place at the destination is taken by a view before its copy", 1) { world in
            try world.server.execute("CREATE VIEW a AS SELECT 1 AS id", in: world.other)
            try world.program.write(
                Program.configuration(
                    world.server,
                    world.database,
                    method: "LOG_BASED",
                    into: (world.server, world.other)
                )
            )
        },
    ]

    private static func loseSlot(_ world: World, _ policy: String) throws {
        try world.write("LOG_BASED", "    on_gap: \(policy)\n")
        #expect(try world.program.run("run").status == 0)
        try world.server.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
            in: world.database
        )
        try world.server.execute("INSERT INTO a VALUES (2)", in: world.database)
    }

    @Test(arguments: cases) private func whatIsForeseenHappens(_ it: Case) throws {
        let world = try World()
        let program = world.program
        defer { program.remove() }
        try it.prepare(world)
        let plan = try program.run("plan")
        let check = try program.run("check")
        let run = try program.run("run")
        #expect(run.status == it.status, "\(run.output)\(run.errors)")
        #expect(plan.status == run.status, "\(plan.output)\(plan.errors)")
        #expect((check.status == 0) == (run.status == 0), "\(check.output)\(check.errors)")
        _ = try program.run("teardown", "shop")
    }
}
