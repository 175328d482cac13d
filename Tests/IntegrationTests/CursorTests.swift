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

    @Test func everyOrderedTypeServes() async throws {
        let types = [
            ("timestamptz", "'2024-01-01'::timestamptz + i * interval '1 hour'"),
            ("timestamp", "'2024-01-01'::timestamp + i * interval '1 hour'"), ("date", "'2024-01-01'::date + i"),
            ("smallint", "i"), ("bigint", "i"), ("numeric(38,4)", "i / 3.0"), ("numeric", "i / 3.0"), ("oid", "i"),
            ("text", "'t' || lpad(i::text, 5, '0')"), ("varchar(9)", "'t' || lpad(i::text, 5, '0')"),
            ("uuid", "('01890000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid"), ("double precision", "i / 3.0"),
            ("time", "'00:00'::time + i * interval '1 s'"), ("bytea", "decode(lpad(i::text, 6, '0'), 'hex')"),
            ("interval", "i * interval '1 day'"),
        ]
        for (type, value) in types {
            var shop = try CursorDatabase(
                Way(version: .v16),
                """
                CREATE TABLE t (id int PRIMARY KEY, c \(type));
                INSERT INTO t SELECT i, \(value) FROM generate_series(1, 50) i
                """
            )
            try shop.read("public.t", by: ["c"])
            try await shop.run()
            try shop.database.execute("INSERT INTO t SELECT i, \(value) FROM generate_series(51, 60) i")
            #expect(try await shop.reading() == (11, true), "\(type)")
            #expect(try await shop.reading() == (1, true), "\(type)")
            #expect(try await shop.isEqual(), "\(type)")
            try shop.tearDown()
        }
    }
}
