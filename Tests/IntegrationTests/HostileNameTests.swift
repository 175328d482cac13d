import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Names that this program, Postgres or DuckDB use themselves, as a user's.
@Suite(.blocking) struct HostileNameTests {
    /// Names in statements of ours and in the two databases: pseudo columns, aliases, columns of temporary tables,
    /// variables, keywords, catalogs, and what needs quoting.
    private static let columns =
        [
            "rowid", "oid", "filename", "file_row_number", "file_index", "k0", "k1", "c0", "c1", "o", "n", "a", "d",
            "s", "t",
            "w", "g", "f", "l", "r", "x", "i", "kept", "gone", "sent", "place", "ordinal", "count", "number", "time",
            "times",
            "image", "wanted", "found", "old", "new", "twice", "stored", "known", "added", "excluded", "key", "keys",
            "checksum", "value", "rows", "row", "kind", "xid", "answer", "new_rows", "old_rows", "tg_op",
            "tandem_names",
            "tandem_reason", "tandem_patched", "_tandem_rowid", "__tandem_rowid", "_tandem_last", "_tandem_no_columns",
            "main", "temp", "system", "memory", "tandem", "public", "select", "from", "null", "true", "current_date",
            "md5",
            "now", "text", "a\"b", "a'b", "a.b", "a b", " ", "new\nline", "back\\slash", "100%", "$1", "%1$s", "{}",
            "café", "a--b",
            "ROWID_", "C0_",
            // A quote, a backslash and a line's end that are none to who reads by characters.
            "a\"\u{301}b", "a'\u{301}b", "a\\\u{301}b", "a\r\nb", "\u{301}", "$\u{301}", "\u{200D}a",
            String(repeating: "é", count: 31) + "x",
        ]

    private static let tables =
        [
            "t", "s", "excluded", "kept", "gone", "found", "sent", "stored", "n", "l", "w", "answer", "rows", "tandem",
            "tandem_patched",
            "_tandem_stage_1", "_tandem_load_t", "rowid", "main", "temp", "memory", "text", "tables", "log_1",
            "pg_class",
            "duckdb_tables", "unnest", "select", "new_rows", "old_rows", "a\"b", "a.b", " ", "new\nline", "T_",
            "a'\u{301}b", "a\\\u{301}b", "\u{301}", "a.\u{301}",
            String(repeating: "é", count: 31) + "x",
        ]

    /// A quote that is none to who reads by characters, a line's end, and two that are one to Swift.
    private static let always = ["a\"\u{301}b", "a\r\nb", "é", "e\u{301}"]

    private static let keys = [
        "a\r\nb", "a\"\u{301}b", "a'\u{301}b", "a\"b", "a'b", "back\\slash", "100%", "$1", "%1$s", "a--b",
    ]

    private static let schemas = [
        "main", "temp", "system", "memory", "select", "a\"b.c", " ", "tandem_2", "warehouse", "\"\u{301}",
    ]

    private static func quoted(_ name: String) -> String { "\"" + name.replacing(bytes: "\"", with: "\"\"") + "\"" }

    /// A table whose columns have all of the names, in an order that a seed gives: the first two are its key, if any.
    private static func wide(_ name: String, _ columns: [String], hasKey: Bool) -> String {
        let list = columns.map { "\(quoted($0)) int NOT NULL DEFAULT 7" }.joined(separator: ", ")
        let key = hasKey ? ", PRIMARY KEY (\(columns.prefix(2).map(quoted).joined(separator: ", ")))" : ""
        return "CREATE TABLE \(name) (\(list), stamp bigint NOT NULL DEFAULT 1, note text\(key));\n"
            + (hasKey ? "" : "ALTER TABLE \(name) REPLICA IDENTITY FULL;\n")
    }

    @Test(arguments: EveryWay.all) func everyNameTravels(way: EveryWay) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(way.testDescription), seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        // Of a key, names stand in functions and conditions too.
        let keys = ["new\nline", Self.keys.randomElement(using: &generator) ?? "a\r\nb"]
        let columns = keys + Self.columns.filter { !keys.contains($0) }.shuffled(using: &generator)
        let (first, second) = (Self.quoted(columns[0]), Self.quoted(columns[1]))
        let database = try TestDatabase(.v15)
        var setup = Self.wide("keyed", columns, hasKey: true)
        setup +=
            "INSERT INTO keyed (\(first), \(second), note) SELECT i, i % 3, 'v' || i FROM generate_series(1, 6) i;\n"
        // A cursor needs a key to tell rows apart by.
        let hasTwins = way.reading != .cursor && way.reading != .triggers
        if hasTwins {
            setup += Self.wide("twins", columns, hasKey: false)
            setup += "INSERT INTO twins (note) SELECT 'v' || i % 3 FROM generate_series(1, 6) i;\n"
        }
        // Fifty tables by each way would take long; all columns come every time.
        var names = (Self.tables.shuffled(using: &generator).prefix(7) + Self.always).map {
            "public.\(Self.quoted($0))"
        }
        for schema in Self.schemas.shuffled(using: &generator).prefix(4) + ["\u{e9}", "e\u{301}"] {
            setup += "CREATE SCHEMA \(Self.quoted(schema));\n"
            names.append("\(Self.quoted(schema)).\(Self.quoted(schema))")
        }
        for name in names {
            setup += "CREATE TABLE \(name) (rowid int PRIMARY KEY, stamp bigint NOT NULL DEFAULT 1, note text);\n"
            setup += "INSERT INTO \(name) (rowid, note) VALUES (1, 'one'), (2, 'two'), (3, 'three');\n"
        }
        try database.execute(setup)
        let all = TableRule(try TablePattern("*.*"), cursor: ["stamp"], lookback: .number(0))
        let route = try EveryWay.Route(way, from: database, way.reading == .cursor ? [all] : [])
        try await route.run()
        var changes = """
            UPDATE keyed SET note = 'changed', stamp = 2 WHERE note = 'v2';
            UPDATE keyed SET \(second) = 99, stamp = 2 WHERE note = 'v4'; DELETE FROM keyed WHERE note = 'v3';
            INSERT INTO keyed (\(first), \(second), note, stamp) VALUES (77, 0, 'added', 2);

            """
        if hasTwins {
            changes += "DELETE FROM twins WHERE ctid = (SELECT min(ctid) FROM twins WHERE note = 'v1');\n"
            changes += "UPDATE twins SET note = 'w' WHERE ctid = (SELECT min(ctid) FROM twins WHERE note = 'v2');\n"
        }
        for name in names {
            changes +=
                "UPDATE \(name) SET note = 'changed', stamp = 2 WHERE rowid = 1; DELETE FROM \(name) WHERE rowid = 2;\n"
        }
        try database.execute(changes)
        let copied = try await route.run()
        #expect(!way.isFollowed || copied == 0, "seed \(seed): \(copied) tables were copied again")
        #expect(try await route.differences().isEmpty)
        let list = (columns.map(Self.quoted) + ["note"]).joined(separator: ", ")
        for table in hasTwins ? ["keyed", "twins"] : ["keyed"] {
            let sql = "SELECT \(list) FROM public.\(table) ORDER BY \(list)"
            let (found, wanted) = (try await route.ask(sql), try await database.ask(sql))
            #expect(found == wanted, "seed \(seed): \(table)")
        }
        for name in names {
            let sql = "SELECT rowid, note FROM \(name) ORDER BY note"
            // What cannot have its name is said so, and its statement fails.
            guard !name.hasSuffix("\"_tandem_load_t\"") else { continue }
            let catalog = way.isIntoPostgres ? "" : "warehouse."
            let there = sql.replacing("FROM ", with: "FROM \(catalog)")
            #expect(try await route.ask(there) == [["1", "changed"], ["3", "three"]], "seed \(seed): \(name)")
        }
        try await route.tearDown()
        try database.drop()
    }

    /// Two columns that Swift takes for one come under two names, whose values are their own.
    @Test(arguments: EveryWay.all) func unicodeFormsOfAColumnAreKeptApart(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        let (one, other) = ("\"\u{e9}\"", "\"e\u{301}\"")
        try database.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY, stamp bigint NOT NULL DEFAULT 1, \(one) text, \(other) text, z int);
            INSERT INTO t SELECT i, 1, 'one ' || i, 'other ' || i, i FROM generate_series(1, 4) i
            """
        )
        let rule = TableRule(try TablePattern("public.*"), cursor: ["stamp"], lookback: .number(0))
        let route = try EveryWay.Route(way, from: database, way.reading == .cursor ? [rule] : [])
        try await route.run()
        try database.execute("UPDATE t SET \(other) = 'new', stamp = 2 WHERE id = 2; DELETE FROM t WHERE id = 3")
        try await route.run()
        try database.execute("UPDATE t SET \(one) = 'first', stamp = 3 WHERE id = 1")
        try await route.run()
        let catalog = way.isIntoPostgres ? "" : "warehouse."
        let found = try await route.ask(
            "SELECT \(one), \"e\u{301}_2\", z FROM \(catalog)public.t WHERE id <> 3 ORDER BY id"
        )
        #expect(found == [["first", "other 1", "1"], ["one 2", "new", "2"], ["one 4", "other 4", "4"]])
        #expect(try await route.differences().isEmpty)
        // The one becomes the other.
        try database.execute(
            """
            ALTER TABLE t RENAME COLUMN \(one) TO tmp; ALTER TABLE t RENAME COLUMN \(other) TO \(one);
            ALTER TABLE t RENAME COLUMN tmp TO \(other); UPDATE t SET \(one) = 'traded', stamp = 4 WHERE id = 4;
            CREATE TABLE "a\u{e8}" (id int PRIMARY KEY, stamp bigint NOT NULL DEFAULT 1, \(one) int);
            INSERT INTO "a\u{e8}" VALUES (1, 1, 7);
            """
        )
        try await route.run()
        try database.execute(
            """
            ALTER TABLE "a\u{e8}" RENAME TO "ae\u{300}"; ALTER TABLE "ae\u{300}" RENAME COLUMN \(one) TO \(other);
            INSERT INTO "ae\u{300}" VALUES (2, 2, 8);
            """
        )
        try await route.run()
        #expect(try await route.differences().isEmpty)
        for (column, second) in [(one, "\"\u{e9}_2\""), (other, "\"e\u{301}_2\"")] {
            func there(_ name: String) async throws -> [[String?]] {
                try await route.ask("SELECT \(name) FROM \(catalog)public.t WHERE id = 4")
            }
            var found = try? await there(column)
            if found == nil { found = try await there(second) }
            #expect(found == (try await database.ask("SELECT \(column) FROM public.t WHERE id = 4")))
        }
        let moved = "SELECT id, \(other) FROM \(catalog)public.\"ae\u{300}\" ORDER BY id"
        #expect(try await route.ask(moved) == [["1", "7"], ["2", "8"]])
        await #expect(throws: (any Error).self) { try await route.ask("SELECT 1 FROM \(catalog)public.\"a\u{e8}\"") }
        try await route.tearDown()
        try database.drop()
    }

    /// What a user makes in a schema that is searched before the server's own, or in the warehouse itself.
    private static let shadows = """
        CREATE SCHEMA evil;
        CREATE FUNCTION evil.raise() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'a shadow was called'; END $$;
        CREATE FUNCTION evil.md5(text) RETURNS text LANGUAGE sql AS 'SELECT evil.raise()::text';
        CREATE FUNCTION evil.count(int) RETURNS bigint LANGUAGE sql AS 'SELECT evil.raise()::bigint';
        CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT evil.raise()::text::timestamptz';
        CREATE FUNCTION evil.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS 'SELECT evil.raise()::text';
        CREATE FUNCTION evil.concat(text, text) RETURNS text LANGUAGE sql AS 'SELECT evil.raise()::text';
        CREATE FUNCTION evil.length(text) RETURNS int LANGUAGE sql AS 'SELECT evil.raise()';
        CREATE FUNCTION evil.pg_backend_pid() RETURNS int LANGUAGE sql AS 'SELECT evil.raise()';
        CREATE FUNCTION evil.same(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT evil.raise() = 1';
        CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT evil.raise() = 1';
        CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.same);
        CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same);
        CREATE TABLE evil.text (a int); CREATE TABLE evil.pg_class (a int); CREATE TYPE evil.oid AS ENUM ('a');
        CREATE TYPE evil.bytea AS (a int); CREATE TYPE evil.json AS (a int); CREATE DOMAIN evil.name AS int;
        """

    @Test(arguments: EveryWay.all) func whatShadowsTheServersOwnIsNeverUsed(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        let copy = way.isIntoPostgres ? try TestDatabase(.v15) : nil
        for end in [database, copy].compactMap(\.self) {
            try end.execute("\(Self.shadows) ALTER DATABASE \(end.name) SET search_path = evil, public, pg_catalog")
        }
        try database.execute(
            """
            SET search_path = pg_catalog;
            CREATE TABLE public.t (id int PRIMARY KEY, stamp bigint, note text, b bytea, j json);
            INSERT INTO public.t SELECT i, 1, 'v' || i, '\\x00', '1' FROM generate_series(1, 5) i
            """
        )
        let cursor = way.reading == .cursor ? ["stamp"] : []
        let route = try EveryWay.Route(
            way,
            from: database,
            [TableRule(try TablePattern("public.t"), cursor: cursor)],
            into: copy
        )
        try await route.run()
        if !way.isIntoPostgres { try await route.makeMacros() }
        // The trigger runs with the application's own path.
        try database.execute("UPDATE public.t SET note = 'new', stamp = 2 WHERE id OPERATOR(pg_catalog.=) 2")
        try database.execute(
            "CREATE TEMPORARY TABLE text (a int); DELETE FROM public.t WHERE id OPERATOR(pg_catalog.=) 3"
        )
        #expect(try await route.run() == (way.isFollowed ? 0 : 1))
        #expect(try await route.differences().isEmpty)
        let answer = try await route.ask("SELECT string_agg(note, ',' ORDER BY id) FROM public.t")
        #expect(answer == [["v1,new,v4,v5"]])
        try await route.tearDown()
        try database.drop()
    }
}

extension EveryWay.Route {
    /// Makes macros in the warehouse that have the names of functions which statements of ours call.
    func makeMacros() async throws {
        try folder.change(
            [
                "md5(x)", "count(x)", "concat(x, y)", "now()", "max(x)", "sum(x)", "strlen(x)", "translate(x, y, z)",
                "list(x)",
            ]
            .map { "CREATE MACRO main.\($0) AS error('a shadow was called')" }.joined(separator: ";")
        )
    }
}
