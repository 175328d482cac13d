import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// What users have made at a copy in a DuckDB file is theirs: it stays, or is named before anything of it is changed.
@Suite(.blocking) struct WarehousePartTests {
    private static let ways = EveryWay.all.filter { !$0.isIntoPostgres }

    private static func forget(_ route: EveryWay.Route) async throws {
        let destination = try route.makeDestination()
        try await destination.forget(route.sync.name, tables: nil)
        await destination.close()
    }

    @Test(arguments: ways) func addedColumnsStay(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(UserPartRoute.setup)
        let route = try UserPartRoute.make(way, from: database)
        try await route.run()
        try route.folder.change(
            "USE public; ALTER TABLE t ADD COLUMN note VARCHAR DEFAULT 'new'; UPDATE t SET note = 'mine ' || id"
        )
        let question = "SELECT id, v, note FROM public.t ORDER BY id"
        try database.execute("INSERT INTO t VALUES (3, 2, 'c', 'g'); UPDATE t SET (v, stamp) = ('B2', 2) WHERE id = 2")
        try await route.run()
        let added = try await route.ask(question)
        #expect(added == [["1", "a", "mine 1"], ["2", "B2", "mine 2"], ["3", "c", "new"]])
        // Copied again, after a rename, and after all has been forgotten.
        for change in [
            "ALTER v TYPE varchar(9) USING upper(v)", "RENAME id TO number", "ALTER v TYPE text USING v || '!'",
        ] {
            try database.execute("ALTER TABLE t \(change)")
            if change.hasSuffix("'!'") { try await Self.forget(route) }
            try await route.run()
        }
        let again = "SELECT number, v, note FROM public.t ORDER BY number"
        let rows = try await route.ask(again)
        #expect(rows == [["1", "A!", "mine 1"], ["2", "B2!", "mine 2"], ["3", "C!", "new"]])
        #expect(try await route.differences().isEmpty)
        // The source comes to have one of its name.
        try database.execute(
            """
            ALTER TABLE t ADD "Note" int; INSERT INTO t VALUES (4, 5, 'E', 'g', 7); INSERT INTO other VALUES (2, 5)
            """
        )
        for _ in 0..<2 {
            let failures = try await route.with { try await $0.run() }.report.failures
            #expect(failures.map(\.table.target.table) == ["t"])
            #expect(failures.first.map { "\($0.failure)" }?.contains("that was added to it in the warehouse") == true)
            #expect(try await route.ask("\(again) LIMIT 3") == rows)
            #expect(try await route.ask("SELECT count(*) FROM public.other") == [["2"]])
        }
        try route.folder.change("USE public; ALTER TABLE t RENAME note TO note_own")
        try await route.run()
        let both = try await route.ask("SELECT number, \"Note\", note_own FROM public.t ORDER BY 1")
        #expect(both.first == ["1", "-", "mine 1"] && both.last == ["4", "7", "new"])
        // A column that the source drops and has again is not the user's.
        try database.execute("ALTER TABLE t DROP gone; UPDATE t SET (v, stamp) = ('f', 6) WHERE number = 1")
        try await route.run()
        try database.execute("ALTER TABLE t ADD gone int; UPDATE t SET (gone, stamp) = (5, 7) WHERE number = 1")
        try await route.run()
        #expect(try await route.ask("SELECT gone, note_own FROM public.t WHERE number = 1") == [["5", "mine 1"]])
        try await route.tearDown()
        try database.drop()
    }

    /// Comments are the users' to give, and tell nothing of whose a table is; indexes and views work as before.
    @Test(arguments: ways) func commentsAndIndexesStay(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(UserPartRoute.setup)
        var route = try UserPartRoute.make(way, from: database)
        try await route.run()
        try route.folder.change(
            """
            CREATE SCHEMA "my own"; USE public;
            COMMENT ON TABLE t IS 'orders of the shop'; COMMENT ON TABLE other IS NULL; COMMENT ON COLUMN t.v IS 'it''s v';
            CREATE INDEX "t (v)" ON t(v, (lower(v))); COMMENT ON INDEX "t (v)" IS 'quick'; CREATE INDEX late ON t(gone);
            CREATE VIEW seen AS SELECT count(*) AS n FROM public.t
            """
        )
        func check(_ schema: String = "public") async throws {
            #expect(try await route.differences().isEmpty)
            let comments = try await route.ask(
                """
                SELECT table_name, comment FROM duckdb_tables() WHERE table_name IN ('t', 'other') ORDER BY table_name
                """
            )
            #expect(comments == [["other", "-"], ["t", "orders of the shop"]])
            let columns = try await route.ask(
                "SELECT comment FROM duckdb_columns() WHERE table_name = 't' AND column_name = 'v'"
            )
            #expect(columns == [["it's v"]])
            let indexes = try await route.ask(
                "SELECT schema_name, table_name, index_name, comment FROM duckdb_indexes() ORDER BY index_name"
            )
            #expect(indexes == [[schema, "t", "late", "-"], [schema, "t", "t (v)", "quick"]])
        }
        for number in 3..<6 {
            try database.execute(
                "INSERT INTO t VALUES (\(number), \(number), 'c', 'g'); INSERT INTO other VALUES (\(number), 9)"
            )
            // The second time it is copied again, the third time after all has been forgotten.
            if number == 4 { try database.execute("ALTER TABLE t ALTER v TYPE varchar(9) USING upper(v)") }
            if number == 5 { try await Self.forget(route) }
            try await route.run()
            try await check()
            #expect(try await route.ask("SELECT n FROM public.seen") == [["\(number)"]])
        }
        // It goes to another schema, where its stream goes on.
        let isMoved = ![.whole, .cursor].contains(way.reading)
        if isMoved {
            route.sync.into = "my own"
            try await route.run()
            try await check("my own")
        }
        // One that cannot be made again is named, and keeps nothing back.
        try database.execute("ALTER TABLE t DROP gone; ALTER TABLE t ALTER v TYPE text USING v || '!'")
        try await route.run()
        let left = try await route.ask("SELECT schema_name, index_name FROM duckdb_indexes()")
        #expect(left == [[isMoved ? "my own" : "public", "t (v)"]])
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }

    /// What is not ours is not replaced, whatever it looks like.
    @Test func whatLooksLikeACopyIsNot() async throws {
        let database = try TestDatabase(.v15)
        try database.execute(UserPartRoute.setup)
        let route = try UserPartRoute.make(EveryWay(reading: .whole), from: database)
        try await route.run()
        let makers = [
            "ALTER TABLE t RENAME TO ours; CREATE TABLE t AS FROM ours",
            "DROP TABLE t; CREATE TABLE t AS FROM ours; COMMENT ON TABLE t IS 'mine'",
            "DROP TABLE t; CREATE TABLE t (v VARCHAR DEFAULT 'CHECK (''copied by tandem'')', CHECK (v <> ''))",
        ]
        for maker in makers {
            try route.folder.change("USE public; \(maker); DELETE FROM t; INSERT INTO t(v) VALUES ('mine')")
            let failures = try await route.with { try await $0.run() }.report.failures
            #expect(failures.map(\.table.target.table) == ["t"], "\(maker)")
            #expect(try await route.ask("SELECT v FROM public.t") == [["mine"]])
        }
        try await route.tearDown()
        try database.drop()
    }
}
