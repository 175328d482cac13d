import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// What rows that are there have in a column that is added with a default, of every kind of type.
@Suite(.blocking) struct AddedDefaultTests {
    /// Arrays stand in the catalog without what separates their elements: one that looks like another is not taken for
    /// it.
    private static let columns = [
        "b boolean DEFAULT true", "i int2 DEFAULT -5", "n numeric DEFAULT 'NaN'", "m numeric(9,3) DEFAULT -1.5",
        "f float4 DEFAULT '-0'", "g float8 DEFAULT 'Infinity'", "t text DEFAULT E'it''s \\\\ \"so\"'",
        "e text DEFAULT ''",
        "y bytea DEFAULT '\\x00ff27'", "j jsonb DEFAULT '{\"a\": \"\\\"\"}'", "d date DEFAULT '0044-03-15 BC'",
        "p timestamp DEFAULT '0044-03-15 12:34:56.789 BC'", "z timestamptz DEFAULT '-infinity'",
        "c time DEFAULT '24:00'", "k timetz DEFAULT '12:34:56-03:30'",
        "v interval DEFAULT '-1 mon +2 days -3.000001 sec'",
        "u uuid DEFAULT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "x inet DEFAULT '10.0.0.1'", "l int[] DEFAULT '{}'",
        "o text[] DEFAULT '{\"{1}\"}'", "q text[] DEFAULT '{\"a,b\",NULL,\"\"}'", "w int[] DEFAULT '{1,2}'",
        "h box[] DEFAULT '{(1,1),(0,0);(2,2),(1,1)}'",
    ]

    @Test(arguments: EveryWay.all) func theyAreThoseOfTheSource(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY, stamp bigint NOT NULL DEFAULT 1);
            INSERT INTO t SELECT generate_series(1, 3);
            """
        )
        let rule = TableRule(try TablePattern("public.t"), cursor: ["stamp"], lookback: .number(0))
        let route = try EveryWay.Route(way, from: database, way.reading == .cursor ? [rule] : [])
        try await route.run()
        for column in Self.columns {
            try database.execute("ALTER TABLE t ADD COLUMN \(column); UPDATE t SET stamp = stamp + 1 WHERE id = 2")
            try await route.run()
            #expect(try await route.differences().isEmpty, "\(column)")
        }
        if way.isIntoPostgres {
            let sql = "SELECT t::text FROM public.t AS t WHERE id <> 2 ORDER BY id"
            #expect(try await route.ask(sql) == (try await database.ask(sql)))
        }
        try await route.tearDown()
        try database.drop()
    }
}
