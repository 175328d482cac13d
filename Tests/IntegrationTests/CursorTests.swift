import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Tables that are read by a cursor.
@Suite(.blocking) struct CursorTests {
    typealias Way = CursorDatabase.Way

    @Test(arguments: Way.all)
    func onlyWhatIsNotBelowTheLastPlaceIsReadAndMergedByKey(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2), seen int);
            INSERT INTO orders SELECT i, i, i FROM generate_series(1, 100) i
            """
        )
        try shop.read("public.orders", by: ["seen"])
        #expect(try await shop.reading() == (100, false))
        #expect(try await shop.reading() == (1, true))
        // A tie with what was the last place, a new row, an update.
        try shop.database.execute(
            """
            INSERT INTO orders VALUES (101, 1, 100), (102, 2, 101);
            UPDATE orders SET total = -1, seen = 102 WHERE id = 7
            """
        )
        #expect(try await shop.reading() == (4, true))
        #expect(try await shop.isEqual())
        #expect(try await shop.reading() == (1, true))
        #expect(try await shop.ask("SELECT count(*), count(DISTINCT id) FROM public.orders") == [["102", "102"]])
        try shop.tearDown()
    }

    @Test(arguments: Way.all)
    func rowsWithoutACursorAreReadEachTime(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TABLE orders (id int PRIMARY KEY, note text, seen int, part int);
            INSERT INTO orders VALUES (1, 'a', 5, 1), (2, 'b', NULL, 1), (3, 'c', 4, NULL), (4, 'd', 9, NULL)
            """
        )
        try shop.read("public.orders", by: ["seen", "part"])
        try await shop.run()
        try shop.database.execute("UPDATE orders SET note = note || '!'")
        // Its place is (5, 1): the others have a null in it.
        #expect(try await shop.reading() == (4, true))
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }

    @Test(arguments: Way.all)
    func ofRowsWithoutAKeyNoneIsLostOrDoubled(way: Way) async throws {
        var shop = try CursorDatabase(
            way,
            """
            CREATE TABLE events (at timestamptz, what text);
            INSERT INTO events SELECT '2024-01-01'::timestamptz + i / 2 * interval '1 s', 'x' FROM generate_series(1, 9) i;
            INSERT INTO events VALUES (NULL, 'never'), (NULL, 'never')
            """
        )
        try shop.read("public.events", by: ["at"])
        try await shop.run()
        #expect(try await shop.isEqual())
        #expect(try await shop.reading() == (4, true))
        #expect(try await shop.isEqual())
        try shop.database.execute(
            """
            INSERT INTO events SELECT max(at), 'x' FROM events;
            INSERT INTO events SELECT max(at) + interval '1 s', 'y' FROM events;
            INSERT INTO events VALUES (NULL, 'never')
            """
        )
        #expect(try await shop.reading() == (7, true))
        #expect(try await shop.isEqual())
        #expect(try await shop.ask("SELECT count(*) FROM public.events") == [["14"]])
        try shop.tearDown()
    }

    @Test(arguments: [Way(version: .v16), Way(version: .v15, isIntoPostgres: true)])
    func everyOrderedTypeServesAndSomeWithoutAKey(way: Way) async throws {
        let types: [(type: String, value: String, isOrderedAlike: Bool)] = [
            ("timestamptz", "'2024-01-01'::timestamptz + i * interval '1 hour'", true),
            ("timestamp", "'2024-01-01'::timestamp + i * interval '1 hour'", true),
            ("date", "'2024-01-01'::date + i", true),
            ("smallint", "i", true), ("bigint", "i - 30", true), ("numeric(38,4)", "i / 3.0", true), ("oid", "i", true),
            ("uuid", "('01890000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid", true),
            ("numeric", "i / 3.0", false),
            ("text", "'t' || lpad(i::text, 5, '0')", false), ("varchar(9)", "'t''' || lpad(i::text, 5, '0')", false),
            ("double precision", "i / 3.0", false), ("time", "'00:00'::time + i * interval '1 s'", false),
            ("bytea", "decode(lpad(i::text, 6, '0'), 'hex')", false), ("interval", "i * interval '1 day'", false),
        ]
        func statements(
            _ body: (_ name: String, _ type: (type: String, value: String, isOrderedAlike: Bool)) -> String
        ) -> String {
            types.enumerated().map { body("t\($0)", $1) }.joined(separator: ";")
        }
        var shop = try CursorDatabase(
            way,
            statements { name, type in
                """
                CREATE TABLE \(name) (id int PRIMARY KEY, c \(type.type)); CREATE TABLE \(name)_keyless (id int, c \(type.type));
                INSERT INTO \(name) SELECT i, \(type.value) FROM generate_series(1, 50) i; INSERT INTO \(name)_keyless TABLE \(name)
                """
            }
        )
        for (index, type) in types.enumerated() {
            try shop.read("public.t\(index)", by: ["c"])
            if type.isOrderedAlike { try shop.read("public.t\(index)_keyless", by: ["c"]) }
        }
        try await shop.run()
        try shop.database.execute(
            statements { name, type in
                """
                INSERT INTO \(name) SELECT i, \(type.value) FROM generate_series(51, 60) i;
                INSERT INTO \(name)_keyless SELECT * FROM \(name) WHERE id > 50
                """
            }
        )
        for rows in [11, 1] {
            let outcomes = try await shop.run().report.outcomes
            #expect(outcomes.count == types.count + types.count(where: \.isOrderedAlike))
            for outcome in outcomes { #expect(outcome.tally.rows == rows, "\(outcome.copy.schema)") }
        }
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }

    @Test func aSourceThatFailsInPassingIsReadAgainAndOneTableThatFailsStopsNoOther() async throws {
        var shop = try CursorDatabase(
            Way(version: .v16),
            """
            CREATE TABLE a (id int PRIMARY KEY, seen int); CREATE TABLE b (id int PRIMARY KEY, seen int);
            INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1)
            """
        )
        try shop.read("public.a", by: ["seen"])
        try shop.read("public.b", by: ["seen"])
        try await shop.run()
        for table in ["a", "b"] {
            try shop.database.execute("INSERT INTO \(table) SELECT i, i FROM generate_series(2, 9000) i")
        }
        let (a, b) = (TableName(schema: "public", table: "a"), TableName(schema: "public", table: "b"))
        shop.readFaults = [
            a: [.init(TestFault(isTransient: true), afterBatches: 2)],
            b: [.init(TestFault(isTransient: false), afterBatches: 1)],
        ]
        let report = try await shop.run().report
        #expect(report.failures.map(\.table.target) == [b])
        #expect(report.outcomes.map(\.tally.rows) == [9000])
        #expect(try await shop.ask("SELECT count(*) FROM public.b") == [["1"]])
        shop.readFaults = [:]
        try await shop.run()
        #expect(try await shop.isEqual())
        try shop.tearDown()
    }
}
