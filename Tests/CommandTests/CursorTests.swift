import Foundation
import TandemTesting
import Testing

/// INCREMENTAL as a user has it.
@Suite(.blocking) struct CursorTests {
    private struct Report: Decodable {
        struct Table: Decodable {
            var outcome: String
            var rowsRead: Int?
            var rowsDeleted: Int?
        }

        var tables: [Table]
    }

    @Test func aTableIsReadByItsCursorAndEveryCommandSaysSo() throws {
        let server = try PostgresServer.shared(.v16)
        let database = try server.makeDatabase()
        try server.execute(
            """
            CREATE TABLE visits (id int PRIMARY KEY, page text, updated_at timestamptz, data json);
            INSERT INTO visits SELECT i, 'p', '2024-01-01'::timestamptz + i * interval '1 h', NULL
            FROM generate_series(1, 100) i
            """,
            in: database
        )
        let program = try Program()
        defer { program.remove() }
        func configure(cursor: String, more: String = "") throws {
            let tables = "    tables: [{name: public.visits, cursor: \(cursor)}]\n" + more
            try program.write(Program.configuration(server, database, method: "INCREMENTAL", more: tables))
        }
        try configure(cursor: "data")
        let refused = try program.run("plan")
        #expect(refused.status == 2)
        #expect(refused.output.contains("Its cursor data is json, which has no order to read by."))
        #expect(refused.output.contains("Name another: updated_at, id"))

        try configure(cursor: "updated_at")
        let plan = try program.run("plan")
        #expect(plan.output.contains("public.visits: copied whole, and read by updated_at from then on"))
        #expect(plan.output.contains("INCREMENTAL does not see deletes, so rows that are deleted at the source stay"))
        #expect(try program.run("run").status == 0)
        #expect(
            try program.run("plan").output.contains(
                "public.visits: read by updated_at from 5m before its last value on, rows merged by key"
            )
        )
        try server.execute(
            "DELETE FROM visits WHERE id = 5; UPDATE visits SET updated_at = now() WHERE id = 7",
            in: database
        )
        let run: [Report] = try json(program.run("run", "--json").output)
        #expect(run.first?.tables.map(\.outcome) == ["merged"] && run.first?.tables.first?.rowsRead == 2)
        let verify = try program.run("verify", "copy")
        #expect(verify.status == 1)
        #expect(verify.output.contains("only here, perhaps deleted at the source: id = 5"))

        try configure(cursor: "updated_at", more: "    deletes: compare\n")
        let compared: [Report] = try json(program.run("run", "--json").output)
        #expect(compared.first?.tables.first?.rowsDeleted == 1)
        let equal = try program.run("verify", "copy")
        #expect(equal.status == 0, "\(equal.output)")
        #expect(try program.run("status").output.contains("copied"))
    }
}
