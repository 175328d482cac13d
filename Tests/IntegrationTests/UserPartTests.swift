import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// What users have made at a copy is theirs: it stays, or is named before anything of it is changed.
@Suite(.blocking) struct UserPartTests {
    private static let ways = EveryWay.all.filter(\.isIntoPostgres)

    /// A column that was added to the copy has its values still, whatever comes; where the source gets one of its name
    /// the table is refused by name, and the others go on.
    @Test(arguments: ways) func addedColumnsStay(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(UserPartRoute.setup)
        let route = try UserPartRoute.make(way, from: database)
        let copy = try #require(route.copy)
        try await route.run()
        try copy.execute("ALTER TABLE t ADD note text; UPDATE t SET note = 'mine ' || id")
        try database.execute("INSERT INTO t VALUES (3, 2, 'c', 'g'); UPDATE t SET (v, stamp) = ('d', 2) WHERE id = 1")
        try await route.run()
        let rows = [["1", "d", "mine 1"], ["2", "b", "mine 2"], ["3", "c", "-"]]
        #expect(try await route.ask("SELECT id, v, note FROM t ORDER BY id") == rows)
        // Copied again, and after all has been forgotten.
        try database.execute("ALTER TABLE t ALTER v TYPE varchar(9) USING upper(v)")
        try await route.run()
        let upper = [["1", "D", "mine 1"], ["2", "B", "mine 2"], ["3", "C", "-"]]
        #expect(try await route.ask("SELECT id, v, note FROM t ORDER BY id") == upper)
        let destination = try route.makeDestination()
        try await destination.forget(route.sync.name, tables: [TableName(schema: "public", table: "t")])
        await destination.close()
        try await route.run()
        #expect(try await route.ask("SELECT id, v, note FROM t ORDER BY id") == upper)
        // The source comes to have one of its name.
        try database.execute(
            """
            ALTER TABLE t ADD note int; INSERT INTO t VALUES (4, 5, 'E', 'g', 7); INSERT INTO other VALUES (2, 5)
            """
        )
        for _ in 0..<2 {
            let failures = try await route.with { try await $0.run() }.report.failures
            #expect(failures.map(\.table.target.table) == ["t"])
            #expect(failures.first.map { "\($0.failure)" }?.contains("that was added to it there") == true)
            let kept = try await route.ask("SELECT id, note FROM t WHERE id < 4 ORDER BY id")
            #expect(kept == upper.map { [$0[0], $0[2]] })
            #expect(try await route.ask("SELECT count(*) FROM other") == [["2"]])
        }
        try copy.execute("ALTER TABLE t RENAME note TO note_own")
        try await route.run()
        let both = try await route.ask("SELECT id, note, note_own FROM t ORDER BY id")
        #expect(both == [["1", "-", "mine 1"], ["2", "-", "mine 2"], ["3", "-", "-"], ["4", "7", "-"]])
        // A column that the source drops and has again is not the user's.
        try database.execute("ALTER TABLE t DROP gone; UPDATE t SET (v, stamp) = ('f', 6) WHERE id = 1")
        try await route.run()
        try database.execute("ALTER TABLE t ADD gone int; UPDATE t SET (gone, stamp) = (5, 7) WHERE id = 1")
        try await route.run()
        #expect(try await route.ask("SELECT gone, note_own FROM t WHERE id = 1") == [["5", "mine 1"]])
        try await route.tearDown()
        try database.drop()
    }

    /// So does a column of one of the names that this program gives its own.
    @Test func aColumnNamedAsOneOfOursStays() async throws {
        let database = try TestDatabase(.v15)
        try database.execute(UserPartRoute.setup)
        for reading in [EveryWay.Reading.pgoutput, .whole] {
            var route = try UserPartRoute.make(EveryWay(reading: reading, isIntoPostgres: true), from: database)
            let copy = try #require(route.copy)
            try await route.run()
            try copy.execute(
                "ALTER TABLE t ADD _tandem_synced_at timestamptz; UPDATE t SET _tandem_synced_at = '2020-01-01'"
            )
            try await route.run()
            route.sync.syncedAt = true
            let failures = try await route.with { try await $0.run() }.report.failures
            #expect(failures.map(\.table.target.table) == ["t"])
            #expect(try await route.ask("SELECT count(*) FROM t WHERE _tandem_synced_at < '2021-01-01'") == [["2"]])
            try await route.tearDown()
        }
        try database.drop()
    }

    /// A comment is the user's to give, and tells nothing of whose the table is.
    @Test(arguments: ways) func commentsStay(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(UserPartRoute.setup)
        let route = try UserPartRoute.make(way, from: database)
        let copy = try #require(route.copy)
        try await route.run()
        try copy.execute("COMMENT ON TABLE t IS 'orders of the shop'; COMMENT ON TABLE other IS NULL")
        let comments = """
            SELECT obj_description('t'::regclass), coalesce(obj_description('other'::regclass), 'none')
            """
        for number in 3..<6 {
            try database.execute(
                "INSERT INTO t VALUES (\(number), \(number), 'c', 'g'); INSERT INTO other VALUES (\(number), 9)"
            )
            // The second time it is copied again, the third time after all has been forgotten.
            if number == 4 { try database.execute("ALTER TABLE t ALTER v TYPE varchar(9) USING upper(v)") }
            if number == 5 {
                let destination = try route.makeDestination()
                try await destination.forget(route.sync.name, tables: nil)
                await destination.close()
            }
            try await route.run()
            #expect(try await route.differences().isEmpty)
            #expect(try copy.execute(comments) == "orders of the shop|none")
        }
        // What is not ours is not replaced, whatever it looks like.
        try copy.execute(
            "ALTER TABLE t RENAME TO ours; CREATE TABLE t (LIKE ours INCLUDING ALL); INSERT INTO t VALUES (99, 1)"
        )
        try database.execute("INSERT INTO t VALUES (7, 10, 'c', 'g')")
        let failures = try await route.with { try await $0.run() }.report.failures
        #expect(failures.map(\.table.target.table) == ["t"])
        #expect(try copy.execute("SELECT id FROM t") == "99")
        try await route.tearDown()
        try database.drop()
    }

    /// Names of tables that keys of ours, or types, have: every table arrives, in whatever order they come.
    @Test(arguments: ways) func noNameIsTakenByAKeyOfOurs(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        let seed = UInt64.random(in: 0..<1 << 32)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let long = String(repeating: "n", count: 63)
        var names = [
            "t", "t_pkey", "t_pkey1", "t_pkey_2", "t_pkey_pkey", "t_pkey_pkey_2", "_t", "__t", "_t_pkey", "t_id_seq",
            long,
            String(repeating: "n", count: 58) + "_pkey", "u", "u_pkey",
        ]
        names.shuffle(using: &random)
        var made: [String] = []
        let route: EveryWay.Route
        let cursor = way.reading == .cursor ? ["stamp"] : []
        route = try EveryWay.Route(way, from: database, [TableRule(try TablePattern("public.*"), cursor: cursor)])
        while !names.isEmpty {
            for name in names.prefix(Int.random(in: 1...5, using: &random)) {
                try database.execute(
                    """
                    CREATE TABLE "\(name)" (id int, stamp bigint, CONSTRAINT "k\(made.count)" PRIMARY KEY (id));
                    INSERT INTO "\(name)" VALUES (1, 1), (2, 1)
                    """
                )
                made.append(name)
                names.removeFirst()
            }
            // What is there is copied again now and then, and renamed to a name that is a key's by now.
            if Bool.random(using: &random), let name = made.randomElement(using: &random) {
                try database.execute("ALTER TABLE \"\(name)\" ALTER stamp TYPE bigint USING stamp + 1")
            }
            try await route.run()
            for name in made {
                #expect(try await route.ask("SELECT count(*) FROM public.\"\(name)\"") == [["2"]], "\(name)")
            }
        }
        try database.execute("ALTER TABLE u RENAME TO w_pkey; CREATE TABLE w (id int PRIMARY KEY, stamp bigint)")
        try await route.run()
        try database.execute("ALTER TABLE w RENAME TO u_pkey_2; ALTER TABLE u_pkey RENAME TO w")
        try await route.run()
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }
}
