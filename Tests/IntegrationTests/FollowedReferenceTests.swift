import TandemEngine
import TandemTesting
import Testing

/// Values that are written with the names of other objects, by a setting, or by a function that can be replaced: no
/// change tells of rows that show something else once these are others.
@Suite(.blocking) struct FollowedReferenceTests {
    static let setup = """
        CREATE SCHEMA other; CREATE SEQUENCE a; CREATE TYPE kind AS ENUM ('x');
        CREATE FUNCTION f(kind) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE DOMAIN place AS regclass; CREATE TYPE named AS (what regclass, n int);
        CREATE TABLE classes (id int PRIMARY KEY, r regclass, many regclass[], d place, c named);
        CREATE TABLE routines (id int PRIMARY KEY, p regproc, s regprocedure);
        CREATE TABLE types (id int PRIMARY KEY, t regtype, n regnamespace);
        CREATE TABLE plain (id int PRIMARY KEY, note text);
        INSERT INTO classes VALUES (1, 'a', NULL, NULL, NULL), (2, NULL, '{a,NULL}', 'a', ('a', 1));
        INSERT INTO routines VALUES (1, 'f', 'f(kind)'); INSERT INTO types VALUES (1, 'kind', 'other');
        INSERT INTO plain VALUES (1, 'a');
        """

    @Test(arguments: FollowedDefinitionTests.ways) func whatIsShownByName(way: String) async throws {
        let shop = try FollowedDefinitionTests.database(way, Self.setup)
        try await shop.run()
        let harmless = [
            "CREATE SEQUENCE more; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE u AS ENUM ('u')",
            "GRANT ALL ON SEQUENCE a TO PUBLIC; GRANT EXECUTE ON FUNCTION f TO PUBLIC; ANALYZE; REINDEX TABLE classes",
            "CREATE TEMP TABLE passing (id int PRIMARY KEY)", "ALTER TYPE kind ADD VALUE 'y'",
            "CREATE OR REPLACE FUNCTION f(kind) RETURNS int LANGUAGE sql AS 'SELECT 2'",
        ]
        for step in harmless { #expect(try await shop.reasons(after: step) == [:], "\(step)") }
        let steps = [
            ("ALTER SEQUENCE a RENAME TO b; INSERT INTO classes VALUES (3, 'b')", ["classes": "public.b"]),
            ("ALTER SEQUENCE b SET SCHEMA other", ["classes": "other.b"]),
            ("ALTER FUNCTION f RENAME TO h", ["routines": "public.h"]),
            ("ALTER TYPE kind RENAME TO sort", ["routines": "public.h", "types": "public.sort"]),
            ("ALTER SCHEMA other RENAME TO elsewhere", ["classes": "elsewhere.b", "types": "elsewhere"]),
            ("DROP SEQUENCE elsewhere.b", ["classes": "dropped"]),
            ("DROP SEQUENCE more; DROP FUNCTION h", ["classes": "dropped", "routines": "dropped"]),
        ]
        for (step, wanted) in steps {
            let reasons = try await shop.reasons(after: step)
            try await shop.checkEqual(after: step)
            #expect(Set(reasons.keys) == Set(wanted.keys), "\(step): \(reasons)")
            for (table, reason) in reasons { #expect(reason.contains(wanted[table] ?? "-"), "\(step): \(reason)") }
        }
        #expect(try await shop.reasons(after: "INSERT INTO classes VALUES (5, 'plain')") == [:])
        try await shop.checkEqual(after: "an insert")
        try await shop.tearDown()
    }

    /// Copies that are kept in the database itself come and go with each run, and say nothing.
    @Test func copiesInTheSameDatabaseDoNotCount() async throws {
        let way = EveryWay(reading: .triggers, isIntoPostgres: true)
        let source = try TestDatabase(.v15)
        try source.execute(
            "CREATE TABLE t (id int PRIMARY KEY, r regclass, y regtype); INSERT INTO t VALUES (1, 't', 't')"
        )
        var route = try EveryWay.Route(way, from: source, into: source)
        route.sync.into = "copies"
        route.sync.tables = [TableRule(try TablePattern("public.*"))]
        #expect(try await route.run() == 1)
        for _ in 1...2 { #expect(try await route.run() == 0) }
        try source.execute("CREATE SEQUENCE s; ALTER SEQUENCE s RENAME TO s2; CREATE TABLE u (id int PRIMARY KEY)")
        #expect(try await route.run() == 1)
        try source.execute("ALTER TABLE u RENAME TO u2")
        #expect(try await route.run() == 1)
        #expect(try await route.run() == 0)
        try await route.tearDownSource()
        try source.drop()
    }

    @Test(arguments: ["15 pgoutput", "18 triggers"]) func rolesSettingsAndFunctions(way: String) async throws {
        let shop = try FollowedDefinitionTests.database(way, "CREATE TABLE plain (id int PRIMARY KEY)")
        let (role, name) = ("r_" + shop.database.name, shop.database.name)
        try shop.database.execute(
            """
            SET client_min_messages = error; CREATE ROLE \(role);
            CREATE TABLE owners (id int PRIMARY KEY, r regrole, acl aclitem[]);
            INSERT INTO owners VALUES (1, '\(role)', '{\(role)=r/\(role)}');
            CREATE TABLE sums (id int PRIMARY KEY, m money); INSERT INTO sums VALUES (1, 5);
            CREATE TYPE num;
            CREATE FUNCTION num_in(cstring) RETURNS num LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
            CREATE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
            CREATE TYPE num (INPUT = num_in, OUTPUT = num_out, INTERNALLENGTH = 4, PASSEDBYVALUE, ALIGNMENT = int4);
            CREATE TABLE made (id int PRIMARY KEY, n num, many num[]); INSERT INTO made VALUES (1, '-1', '{-1}')
            """
        )
        try await shop.run()
        let steps = [
            ("ALTER ROLE \(role) RENAME TO \(role)_2", "owners", "\(role)_2"),
            ("ALTER DATABASE \(name) SET lc_monetary = 'POSIX'", "sums", "lc_monetary"),
            (
                "CREATE OR REPLACE FUNCTION num_out(num) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'oidout'",
                "made", "num_out"
            ),
        ]
        for (step, table, words) in steps {
            let reasons = try await shop.reasons(after: step)
            #expect(reasons[table]?.contains(words) == true, "\(step): \(reasons)")
            // Roles of others come and go.
            #expect(Set(reasons.keys).subtracting(["owners"]) == Set([table]).subtracting(["owners"]), "\(step)")
            try await shop.checkEqual(after: step)
        }
        try await shop.tearDown()
        try shop.database.server.execute("DROP ROLE \(role)_2")
    }
}
