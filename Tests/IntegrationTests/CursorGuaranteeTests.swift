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
        for (type, value, lookback, late, read) in cases {
            for key in ["PRIMARY KEY", ""] where key.isEmpty == (type != "numeric") || !key.isEmpty {
                var shop = try CursorDatabase(
                    Way(version: .v16),
                    """
                    CREATE TABLE t (id int \(key), c \(type));
                    INSERT INTO t SELECT i, \(value) FROM generate_series(1, 20) i
                    """
                )
                try shop.read("public.t", by: ["c"], lookback: lookback)
                try await shop.run()
                try shop.database.execute("INSERT INTO t VALUES (21, \(late))")
                #expect(try await shop.reading() == (read, true), "\(type) \(key)")
                #expect(try await shop.isEqual(), "\(type) \(key)")
                try shop.tearDown()
            }
        }
    }

    @Test func aPlaceInTheFutureHidesNothing() async throws {
        for type in ["timestamptz", "timestamp", "date", "double precision", "numeric"] {
            let isNumber = type == "numeric" || type == "double precision"
            let (past, now) = isNumber ? ("1", "2") : ("now() - interval '40 days'", "now() - interval '20 days'")
            var shop = try CursorDatabase(
                Way(version: .v16),
                """
                CREATE TABLE t (id int PRIMARY KEY, c \(type));
                INSERT INTO t VALUES (1, \(past)), (2, 'infinity'), (3, \(isNumber ? "'NaN'" : "'3000-01-01'"))
                """
            )
            try shop.read("public.t", by: ["c"])
            try await shop.run()
            try shop.database.execute("INSERT INTO t VALUES (4, \(now))")
            #expect(try await shop.reading() == (4, true), "\(type)")
            #expect(try await shop.reading() == (3, true), "\(type)")
            #expect(try await shop.isEqual(), "\(type)")
            try shop.tearDown()
        }
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
