import TandemCore
import TandemRows
import TandemTesting
import TandemTwoWay
import Testing

@Suite(.blocking) struct TwoWayDatabaseTests {
    @Test func bothSidesGetWhatTheOtherHas() async throws {
        let databases = try TwoWayDatabases(.v15, .v18)
        try databases.databases.left.execute(
            """
            INSERT INTO customers (email, name, score, secret) VALUES
              ('ann@x', 'Ann', 1, 'a'), ('bob@x', 'Bob', 2, 'b'), ('cyd@x', NULL, NULL, 'c')
            """
        )
        try databases.databases.right.execute(
            """
            INSERT INTO contacts (email, full_name, score, phone) VALUES
              ('bob@x', 'Robert', 2, '1'), ('dan@x', 'Dan', 4, '2'), ('ann@x', 'Ann', 1, '3')
            """
        )
        let first = try await databases.run()
        #expect(first.created == Both(left: 1, right: 1))
        #expect(first.updated == Both(left: 0, right: 1))
        try databases.expectEqual()
        // What is not kept in step stays as it was.
        #expect(try databases.databases.right.execute("SELECT phone FROM contacts WHERE email = 'bob@x'") == "1")
        #expect(try databases.databases.right.execute("SELECT phone FROM contacts WHERE email = 'cyd@x'") == "none")

        try databases.databases.left.execute(
            "UPDATE customers SET name = 'Anna' WHERE email = 'ann@x'; DELETE FROM customers WHERE email = 'dan@x'"
        )
        try databases.databases.right.execute(
            """
            UPDATE contacts SET score = 9 WHERE email = 'ann@x';
            INSERT INTO contacts (email, full_name, score) VALUES ('eve@x', 'Eve', 5);
            UPDATE contacts SET email = 'bobby@x' WHERE email = 'bob@x'
            """
        )
        let second = try await databases.run()
        #expect(second.created == Both(left: 1, right: 0))
        #expect(second.deleted == Both(left: 0, right: 1))
        try databases.expectEqual()
        #expect(try databases.people().left.contains("ann@x|Anna|9"))
        #expect(try databases.people().left.contains("bobby@x|Bob|2"))

        #expect(try await databases.run(audits: true).written == 0)
    }

    @Test(arguments: [TandemCore.Method.logBased, .triggerBased])
    func randomEditsOnBothSidesMeet(_ method: TandemCore.Method) async throws {
        var random = SeededGenerator(seed: UInt64.random(in: 0..<1_000_000))
        let seed = random
        let databases = try TwoWayDatabases(.v18, .v15, methods: Both(left: method, right: method))
        for round in 0..<6 {
            for _ in 0..<20 { try databases.edit(&random) }
            if round % 2 == 0 {
                try await databases.run()
            } else {
                // Cut wherever it is.
                let edits = random
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try? await databases.run(follows: true) }
                    group.addTask {
                        var random = edits
                        for _ in 0..<20 { try? databases.edit(&random) }
                    }
                    await group.next()
                    group.cancelAll()
                }
                for _ in 0..<7 { _ = random.next() }
            }
        }
        try await databases.run()
        try databases.expectEqual("seed \(seed)")
        #expect(try await databases.run(audits: true).written == 0, "seed \(seed)")
    }
}

extension TwoWayDatabases {
    /// A statement of some user's on one of the sides.
    func edit(_ random: inout SeededGenerator) throws {
        let side: Side = Bool.random(using: &random) ? .left : .right
        let email = "p\(Int.random(in: 0..<12, using: &random))@x"
        let value = Int.random(in: 0..<100_000, using: &random)
        let (table, name) = side == .left ? ("customers", "name") : ("contacts", "full_name")
        let statement =
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3:
                """
                INSERT INTO \(table) (email, \(name), score) VALUES ('\(email)', 'n\(value)', \(value))
                ON CONFLICT DO NOTHING
                """
            case 3..<6: "UPDATE \(table) SET \(name) = 'n\(value)' WHERE email = '\(email)'"
            case 6..<9: "UPDATE \(table) SET score = \(value) WHERE email = '\(email)'"
            default: "DELETE FROM \(table) WHERE email = '\(email)'"
            }
        try databases[side].execute(statement)
    }
}
