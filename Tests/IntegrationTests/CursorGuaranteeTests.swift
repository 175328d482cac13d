import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What is committed late, deleted, or out of order at the source of tables that are read by a cursor.
@Suite(.blocking) struct CursorGuaranteeTests {
    typealias Way = CursorDatabase.Way

    private static let orders = """
        CREATE TABLE orders (id int PRIMARY KEY, note text, seen int);
        INSERT INTO orders SELECT i, 'first', i FROM generate_series(1, 20) i
        """

    @Test(arguments: [Way(version: .v15), Way(version: .v18, isIntoPostgres: true)])
    func whatWasBeingWrittenIsReadOnceItIsCommitted(way: Way) async throws {
        var shop = try CursorDatabase(way, Self.orders)
        try shop.read("public.orders", by: ["seen"])
        let name = "late_\(shop.database.name)"
        try shop.database.execute("BEGIN; INSERT INTO orders VALUES (21, 'late', 21); PREPARE TRANSACTION '\(name)'")
        try shop.database.execute("INSERT INTO orders VALUES (22, 'early', 22)")
        // Nobody knows what the first copy may leave behind.
        try await shop.run()
        #expect(try await shop.reading() == (21, false))
        try shop.database.execute("COMMIT PREPARED '\(name)'")
        #expect(try await shop.reading() == (22, false))
        #expect(try await shop.isEqual())

        try shop.database.execute("BEGIN; INSERT INTO orders VALUES (23, 'late', 23); PREPARE TRANSACTION '\(name)'")
        try shop.database.execute("INSERT INTO orders VALUES (24, 'early', 24)")
        let held = try await shop.run().report.outcomes.first
        #expect(held?.merge?.isHeldBack == true)
        #expect(try await shop.reading() == (2, true))
        try shop.database.execute("COMMIT PREPARED '\(name)'")
        #expect(try await shop.reading() == (3, true))
        #expect(try await shop.isEqual())
        #expect(try await shop.reading() == (1, true))
        try shop.tearDown()
    }

    @Test func lookbackReadsAgainWhatLiesBeforeTheLastPlace() async throws {
        let cases: [(type: String, value: String, lookback: Lookback, late: String, read: Int)] = [
            ("int", "i", .number(5), "16", 7), ("smallint", "i", .number(40_000), "1", 21),
            ("numeric(4,2)", "i", .number(200), "1.5", 21), ("numeric", "i", .number(5), "15.5", 7),
            ("timestamptz", "'2024-01-01'::timestamptz + i * interval '1 min'", .seconds(300), "'2024-01-01 00:16'", 7),
            ("timestamp", "'2024-01-01'::timestamp + i * interval '1 min'", .seconds(60), "'2024-01-01 00:19:30'", 3),
            ("date", "'2024-01-01'::date + i", .seconds(86_400), "'2024-01-20'", 3),
        ]
        var shop = try CursorDatabase(Way(version: .v16), "")
        for (index, item) in cases.enumerated() {
            // Numerics of any size have one order at the source only.
            for name in item.type == "numeric" ? ["t\(index)"] : ["t\(index)", "t\(index)_keyless"] {
                try shop.database.execute(
                    """
                    CREATE TABLE \(name) (id int \(name.hasSuffix("keyless") ? "" : "PRIMARY KEY"), c \(item.type));
                    INSERT INTO \(name) SELECT i, \(item.value) FROM generate_series(1, 20) i
                    """
                )
                try shop.read("public.\(name)", by: ["c"], lookback: item.lookback)
            }
        }
        try await shop.run()
        for rule in shop.sync.tables {
            let index = try #require(cases.indices.last { "\(rule.pattern)".contains("t\($0)") })
            try shop.database.execute("INSERT INTO \(rule.pattern) VALUES (21, \(cases[index].late))")
        }
        for outcome in try await shop.run().report.outcomes {
            let index = try #require(cases.indices.last { outcome.copy.target.table.contains("t\($0)") })
            #expect(outcome.tally.rows == cases[index].read && outcome.merge != nil, "\(outcome.copy.schema)")
        }
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }

    @Test func aPlaceInTheFutureHidesNothing() async throws {
        let types = ["timestamptz", "timestamp", "date", "double precision", "numeric"]
        var shop = try CursorDatabase(Way(version: .v16), "")
        for (index, type) in types.enumerated() {
            let past = index < 3 ? "now() - interval '40 days'" : "1"
            try shop.database.execute(
                """
                CREATE TABLE t\(index) (id int PRIMARY KEY, c \(type));
                INSERT INTO t\(index) VALUES (1, \(past)), (2, 'infinity'), (3, \(index < 3 ? "'3000-01-01'" : "'NaN'"))
                """
            )
            try shop.read("public.t\(index)", by: ["c"])
        }
        try await shop.run()
        for index in types.indices {
            let now = index < 3 ? "now() - interval '20 days'" : "2"
            try shop.database.execute("INSERT INTO t\(index) VALUES (4, \(now))")
        }
        for rows in [4, 3] {
            let outcomes = try await shop.run().report.outcomes
            #expect(outcomes.map(\.tally.rows) == Array(repeating: rows, count: types.count))
        }
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }

    @Test(arguments: [Way(version: .v16), Way(version: .v16, isIntoPostgres: true)])
    func deletesAreFoundByComparingKeysEveryNthTime(way: Way) async throws {
        var shop = try CursorDatabase(way, Self.orders)
        try shop.read("public.orders", by: ["seen"])
        try await shop.run()
        try shop.database.execute("DELETE FROM orders WHERE id IN (3, 20); INSERT INTO orders VALUES (30, 'new', 30)")
        try await shop.run()
        let results = try await shop.verify()
        guard case .different(let differences) = try #require(results.first).verdict else {
            return #expect(Bool(false), "no delete is to be seen")
        }
        #expect(differences.extra == ["id = 20", "id = 3"] && differences.missing.isEmpty)
        #expect(results.first?.missesDeletes == true)

        shop.sync.deletes = .compare
        shop.sync.compareEvery = 2
        // The second read since the copy was made.
        var merge = try await shop.run().report.outcomes.first?.merge
        #expect(merge?.deleted == 2)
        #expect(try await shop.isEqual())
        try shop.database.execute("DELETE FROM orders WHERE id <> 30")
        merge = try await shop.run().report.outcomes.first?.merge
        #expect(merge != nil && merge?.deleted == nil)
        merge = try await shop.run().report.outcomes.first?.merge
        #expect(merge?.deleted == 18)
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }

    @Test func thePlanSaysThatDeletesAreNotSeen() async throws {
        var shop = try CursorDatabase(Way(version: .v16), "\(Self.orders); CREATE TABLE log (at date, what text)")
        try shop.read("public.orders", by: ["seen"])
        try shop.read("public.log", by: ["at"])
        #expect(try await shop.plan().notes.contains { $0.contains("stay: public.log, public.orders") })
        shop.sync.deletes = .compare
        #expect(try await shop.plan().notes == ["Without a key no deleted row can be found, so they stay: public.log."])
        try shop.tearDown()
    }
}
