import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// What becomes of tables that are read by a cursor when they, or what is asked for, change.
@Suite(.blocking) struct CursorShapeTests {
    typealias Way = CursorDatabase.Way

    private func orders(_ way: Way = Way(version: .v16)) throws -> CursorDatabase {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TABLE orders (id int PRIMARY KEY, note text, seen int NOT NULL);
            INSERT INTO orders SELECT i, 'first', i FROM generate_series(1, 20) i
            """
        )
        try shop.read("public.orders", by: ["seen"])
        return shop
    }

    /// Rows below the last place show other values.
    @Test(arguments: [Way(version: .v15), Way(version: .v18, isIntoPostgres: true)])
    func whatShowsOtherValuesIsReadWhole(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TYPE state AS ENUM ('open', 'payed');
            CREATE TABLE orders (id int PRIMARY KEY, cents bigint, state state, seen int NOT NULL);
            INSERT INTO orders VALUES (1, 1, 'open', 1), (2, 2, 'payed', 2), (3, 3, NULL, 3);
            """
        )
        try shop.read("public.orders", by: ["seen"])
        #expect(try await shop.reading() == (3, false))
        for step in [
            "ALTER TABLE orders ALTER cents TYPE bigint USING cents * 100",
            "ALTER TYPE state RENAME VALUE 'payed' TO 'paid'",
        ] {
            try shop.database.execute(step)
            #expect(try await shop.reading() == (3, false), "\(step)")
            #expect(try await shop.isEqual(), "\(step)")
        }
        for step in ["VACUUM FULL orders", "GRANT SELECT (id) ON orders TO PUBLIC", "ALTER TYPE state ADD VALUE 'new'"]
        {
            try shop.database.execute(step)
            #expect(try await shop.reading() == (1, true), "\(step)")
        }
        try shop.tearDown()
    }

    @Test func aViewThatIsReplacedIsReadWhole() async throws {
        var shop = try CursorDatabase(
            Way(version: .v16),
            """
            CREATE TABLE orders (id int PRIMARY KEY, cents bigint, seen int NOT NULL);
            INSERT INTO orders VALUES (1, 1, 1), (2, 2, 2);
            CREATE VIEW inner_view AS SELECT id, cents, seen FROM orders; CREATE VIEW shown AS SELECT * FROM inner_view;
            """
        )
        try shop.read("public.shown", by: ["seen"])
        shop.sync.tables.append(TableRule(try TablePattern("public.orders"), excludes: true))
        shop.sync.tables.append(TableRule(try TablePattern("public.inner_view"), excludes: true))
        #expect(try await shop.reading() == (2, false))
        #expect(try await shop.reading().isMerged)
        try shop.database.execute(
            "CREATE OR REPLACE VIEW inner_view AS SELECT id, cents * 100 AS cents, seen FROM orders"
        )
        #expect(try await shop.reading() == (2, false))
        #expect(try await shop.isEqual())
        try shop.database.execute("ALTER TABLE orders RENAME TO sales")
        #expect(try await shop.reading().isMerged)
        try shop.tearDown()
    }

    /// What a view depends on besides other views, as far as the server knows.
    @Test(arguments: [Way(version: .v15), Way(version: .v18, isIntoPostgres: true)])
    func aViewIsReadWholeWhereWhatItIsMadeOfChanges(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TYPE state AS ENUM ('open', 'payed');
            CREATE SCHEMA other;
            CREATE TABLE other.orders (id int PRIMARY KEY, cents int, state state, seen int NOT NULL,
              more int GENERATED ALWAYS AS (cents + 1) STORED);
            INSERT INTO other.orders VALUES (1, 1, 'open', 1), (2, 2, 'payed', 2), (3, 3, NULL, 3);
            CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
            CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
            CREATE OPERATOR <+> (LEFTARG = int, RIGHTARG = int, PROCEDURE = plus);
            CREATE FUNCTION thrice(int) RETURNS int BEGIN ATOMIC SELECT $1 + twice($1); END;
            CREATE FUNCTION total(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
            CREATE AGGREGATE total(int) (sfunc = total, stype = int, initcond = '0');
            CREATE VIEW inner_view AS SELECT id, seen, state::text AS state, thrice(cents) AS thrice, more,
              tableoid::regclass::text AS place FROM other.orders;
            CREATE VIEW shown AS SELECT *, thrice <+> 1 AS plus,
              (SELECT total(cents) FROM other.orders WHERE id < 3) AS total
              FROM inner_view
            """
        )
        try shop.read("public.shown", by: ["seen"])
        #expect(try await shop.reading() == (3, false))
        var steps = [
            "ALTER TYPE state RENAME VALUE 'payed' TO 'paid'", "ALTER TABLE other.orders RENAME TO sales",
            "CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 20'",
            "CREATE OR REPLACE FUNCTION plus(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2 * 100'",
            "CREATE OR REPLACE FUNCTION total(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2 * 5'",
            "CREATE OR REPLACE AGGREGATE total(int) (sfunc = total, stype = int, initcond = '7')",
        ]
        if way.version == .v18 { steps.append("ALTER TABLE other.sales ALTER more SET EXPRESSION AS (cents * 9)") }
        for step in steps {
            try shop.database.execute(step)
            #expect(try await shop.reading() == (3, false), "\(step)")
            #expect(try await shop.isEqual(), "\(step)")
        }
        for step in [
            "GRANT EXECUTE ON FUNCTION twice(int), plus(int, int) TO PUBLIC", "ALTER TYPE state ADD VALUE 'new'",
            "ALTER FUNCTION twice(int) COST 7", "ANALYZE other.sales; GRANT SELECT ON other.sales TO PUBLIC",
            "CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 20'",
            "CREATE TABLE another (id int); ALTER TABLE other.sales ADD COLUMN extra int",
        ] {
            try shop.database.execute(step)
            #expect(try await shop.reading() == (1, true), "\(step)")
            #expect(try await shop.isEqual(), "\(step)")
        }
        try shop.tearDown()
    }

    /// Whole and in part alike: names in its functions are looked up by the user's own `search_path`, and shown by it.
    @Test(arguments: [Way(version: .v15), Way(version: .v18, isIntoPostgres: true)])
    func aViewIsReadAsItsUserReadsIt(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TABLE rates (rate int); INSERT INTO rates VALUES (5);
            CREATE FUNCTION rate() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT rate FROM rates); END';
            CREATE TABLE orders (id int, seen timestamptz); INSERT INTO orders VALUES (1, '2024-01-01'), (2, '2024-01-02');
            CREATE VIEW shown AS SELECT *, rate() AS rate, tableoid::regclass::text AS place FROM orders
            """
        )
        try shop.read("public.shown", by: ["seen", "id"], lookback: nil)
        #expect(try await shop.reading() == (2, false))
        try shop.database.execute("INSERT INTO orders VALUES (3, '2024-01-03')")
        #expect(try await shop.reading().isMerged)
        #expect(try await shop.isEqual())
        #expect(try await shop.ask("SELECT DISTINCT rate, place FROM public.shown") == [["5", "orders"]])
        try shop.tearDown()
    }

    /// What changes once the catalog has been looked at, and before rows are read, is found by the next run.
    @Test func whatChangesBeforeTheRowsAreReadIsFoundByTheNextRun() async throws {
        var shop = try CursorDatabase(
            Way(version: .v16),
            """
            CREATE TYPE state AS ENUM ('open', 'payed'); CREATE TABLE orders (id int PRIMARY KEY, state state, seen int);
            INSERT INTO orders VALUES (1, 'open', 1), (2, 'payed', 2), (3, NULL, 3)
            """
        )
        try shop.read("public.orders", by: ["seen"])
        try await shop.run()
        let database = shop.database
        try await shop.run { event in
            guard case .planned = event else { return }
            _ = try? database.execute("ALTER TYPE state RENAME VALUE 'payed' TO 'paid'")
        }
        #expect(try await shop.reading() == (3, false))
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }

    @Test(arguments: [Way(version: .v15), Way(version: .v18), Way(version: .v16, isIntoPostgres: true)])
    func columnsThatComeGoAndAreRenamedAreFollowed(way: Way) async throws {
        let shop = try orders(way)
        try await shop.run()
        try shop.database.execute(
            """
            ALTER TABLE orders ADD COLUMN price numeric(6,2) DEFAULT 1.5, ADD COLUMN extra text;
            ALTER TABLE orders RENAME COLUMN note TO remark;
            INSERT INTO orders VALUES (21, 'new', 21, 9.25, 'more')
            """
        )
        #expect(try await shop.reading() == (2, true))
        #expect(try await shop.isEqual())
        try shop.database.execute(
            "ALTER TABLE orders DROP COLUMN remark; INSERT INTO orders VALUES (22, 22, 2, NULL)"
        )
        #expect(try await shop.reading() == (2, true))
        #expect(try await shop.isEqual())
        let kept = try await shop.ask("SELECT remark FROM public.orders WHERE id IN (1, 22) ORDER BY id")
        #expect(kept == [["first"], ["-"]])
        try shop.tearDown()
    }

    @Test(arguments: [Way(version: .v15), Way(version: .v16, isIntoPostgres: true)])
    func aTableIsKnownByItsNumber(way: Way) async throws {
        var shop = try orders(way)
        try await shop.run()
        try shop.database.execute("ALTER TABLE orders RENAME TO sales; INSERT INTO sales VALUES (21, 'new', 21)")
        shop.sync.tables = []
        try shop.read("public.sales", by: ["seen"])
        #expect(try await shop.reading() == (2, true))
        #expect(try await shop.isEqual())
        #expect(try await shop.ask("SELECT count(*) FROM public.sales") == [["21"]])

        try shop.database.execute("DROP TABLE sales; CREATE TABLE sales (id int PRIMARY KEY, note text, seen int)")
        #expect(try await shop.reading() == (0, false))
        #expect(try await shop.isEqual())
        // No place is known of a table that had no row.
        try shop.database.execute("INSERT INTO sales VALUES (1, 'again', 1)")
        #expect(try await shop.reading() == (1, false))
        #expect(try await shop.reading() == (1, true))
        try shop.tearDown()
    }

    @Test(arguments: [
        "ALTER TABLE orders ALTER seen TYPE bigint", "ALTER TABLE orders ADD other int NOT NULL DEFAULT random() * 10",
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey; ALTER TABLE orders ADD PRIMARY KEY (id, seen)",
        "ALTER TABLE orders ADD other int; UPDATE orders SET note = 'all' WHERE id < 5",
    ])
    func whatCannotBeFollowedIsCopiedAgain(change: String) async throws {
        let shop = try orders()
        try await shop.run()
        try shop.database.execute(change)
        guard change.contains("UPDATE") else {
            #expect(try await shop.reading() == (20, false))
            #expect(try await shop.isEqual())
            return try shop.tearDown()
        }
        // An update that leaves the cursor alone is what a cursor cannot see.
        #expect(try await shop.reading() == (1, true))
        #expect(try await !shop.isEqual())
        try shop.tearDown()
    }

    @Test func anotherCursorOtherColumnsOrAnotherMethodBringANewCopyAndThePlanSaysSo() async throws {
        var shop = try orders()
        try await shop.run()
        let first = shop.sync.tables
        #expect(try await shop.plan().tables.first?.cursor?.copy != nil)
        shop.sync.tables = []
        try shop.read("public.orders", by: ["seen", "id"])
        #expect(try await shop.plan().tables.first?.notes.last == "Copied whole, because it had another cursor.")
        #expect(try await shop.reading() == (20, false))
        #expect(try await shop.reading() == (1, true))

        shop.sync.tables[0].columns = .only([try NamePattern("id"), try NamePattern("seen")])
        #expect(try await shop.reading() == (20, false))
        shop.sync.tables[0].columns = nil
        #expect(try await shop.reading() == (20, false))
        #expect(try await shop.isEqual())

        shop.sync.tables = first
        shop.sync.tables[0].method = .fixed(.fullTable)
        #expect(try await shop.reading() == (20, false))
        shop.sync.tables[0].method = nil
        #expect(
            try await shop.plan().tables.first?.notes.last
                == "Copied whole, because it has not been read by a cursor before."
        )
        try shop.tearDown()
    }

    @Test func aValueThatDoesNotFitTakesItsColumnToText() async throws {
        var shop = try CursorDatabase(
            Way(version: .v16),
            "CREATE TABLE t (id int PRIMARY KEY, n numeric(5,2), seen int); INSERT INTO t VALUES (1, 1, 1)"
        )
        try shop.read("public.t", by: ["seen"])
        try await shop.run()
        try shop.database.execute("INSERT INTO t VALUES (2, 'NaN', 2)")
        #expect(try await shop.reading() == (2, false))
        #expect(try await shop.isEqual())
        #expect(try await shop.reading() == (1, true))
        #expect(try await shop.ask("SELECT n FROM public.t ORDER BY id") == [["1.00"], ["NaN"]])
        try shop.tearDown()
    }

    @Test(arguments: [Way(version: .v15), Way(version: .v18, isIntoPostgres: true)])
    func viewsAndPartitionedTablesAreRead(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TABLE visits (id int, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
            CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
            INSERT INTO visits SELECT i, '2024-01-01'::timestamptz + i * interval '1 day' FROM generate_series(1, 40) i;
            CREATE VIEW seen AS SELECT at, id * 2 AS twice FROM visits
            """
        )
        try shop.read("public.visits", by: ["at"])
        try shop.read("public.seen", by: ["at"])
        try await shop.run()
        let insert = "INSERT INTO visits VALUES (41, '2024-02-10'), (42, '2024-02-12')"
        try shop.database.execute(insert)
        let outcomes = try await shop.run().report.outcomes
        #expect(outcomes.map(\.tally.rows) == [3, 3])
        #expect(try await shop.isEqual())
        // Its rows have been there for longer than the last place.
        try shop.database.execute("ALTER TABLE visits DETACH PARTITION visits_1")
        #expect(try await shop.run().report.outcomes.filter { $0.merge == nil }.map(\.copy.target.table) == ["visits"])
        try shop.tearDown()
    }

    @Test func autoTakesItWhereTheLogIsOutOfReachAndSaysWhyNot() async throws {
        var shop = try CursorDatabase(
            Way(version: .v16),
            """
            CREATE TABLE a (id int PRIMARY KEY, seen int, data json); CREATE VIEW v AS SELECT * FROM a;
            CREATE VIEW w AS SELECT * FROM a
            """
        )
        shop.sync.method = .auto
        try shop.read("public.v", by: ["seen"])
        try shop.read("public.w", by: ["data"], lookback: nil)
        let plan = try await shop.plan()
        #expect(plan.tables.map(\.method) == [.incremental, .fullTable])
        #expect(
            plan.tables.last?.notes.contains(
                "Its cursor cannot be used. Its cursor data is json, which has no order to read by."
            ) == true
        )
        try shop.tearDown()
    }

    @Test func aCursorThatCannotBeUsedIsRefusedWithTheRemedy() async throws {
        let setup = """
            CREATE TABLE a (id int PRIMARY KEY, seen int, data json, at date); CREATE TABLE b (seen text, id int)
            """
        let cases: [(table: String, cursor: [String], lookback: Lookback?, message: String)] = [
            ("a", ["sen"], nil, "It has no column sen, which its cursor names; did you mean \"seen\"?"),
            ("a", ["data"], nil, "Its cursor data is json, which has no order to read by."),
            ("a", ["seen", "seen"], nil, "Its cursor names seen twice."),
            (
                "a", ["seen"], .seconds(60),
                "`lookback` 1m does not go with integer: it takes a number, if it is one itself."
            ),
            ("a", ["at"], .number(3), "`lookback` 3 does not go with date: it takes a time such as 10m."),
            (
                "b", ["seen"], nil,
                "It has no key, so rows are replaced from a place on, and seen (text) is not in the same order everywhere."
            ),
        ]
        for (table, cursor, lookback, message) in cases {
            var shop = try CursorDatabase(Way(version: .v16), setup)
            try shop.read("public.\(table)", by: cursor, lookback: lookback)
            let problems = try await shop.plan().problems
            #expect(problems.map(\.message) == ["public.\(table) cannot be copied: \(message)"])
            try shop.tearDown()
        }
    }
}
