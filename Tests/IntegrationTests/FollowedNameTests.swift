import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Changes under names that tables had only for a while: wal2json tells tables by nothing else.
@Suite(.blocking) struct FollowedNameTests {
    private func isEqual(_ shop: FollowedDatabase) async throws -> Bool {
        try await shop.with { try await $0.verify().results }.allSatisfy {
            if case .equal = $0.verdict { true } else { false }
        }
    }

    @Test(arguments: ["pgoutput", "wal2json"], [false, true])
    func changesUnderFormerNamesAreNotLost(plugin: String, isRenamedTwice: Bool) async throws {
        var shop = try FollowedDatabase(.v15, "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
        shop.plugin = plugin
        try await shop.run()
        try shop.database.execute("INSERT INTO a VALUES (2); ALTER TABLE a RENAME TO b; INSERT INTO b VALUES (3)")
        if isRenamedTwice { try shop.database.execute("ALTER TABLE b RENAME TO c; INSERT INTO c VALUES (4)") }
        try await shop.run()
        let count = try await shop.ask("SELECT count(*) FROM \(isRenamedTwice ? "c" : "b")")
        #expect(count == [[isRenamedTwice ? "4" : "3"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    @Test(arguments: ["pgoutput", "wal2json"])
    func changesOfAPartitionThatIsGoneAreNotLost(plugin: String) async throws {
        let setup = """
            CREATE TABLE a (id int PRIMARY KEY, note text) PARTITION BY LIST (id);
            CREATE TABLE a_1 PARTITION OF a FOR VALUES IN (1); CREATE TABLE a_2 PARTITION OF a FOR VALUES IN (2);
            INSERT INTO a VALUES (1, 'x'), (2, 'y')
            """
        var shop = try FollowedDatabase(.v15, setup)
        shop.plugin = plugin
        try await shop.run()
        try shop.database.execute(
            "DELETE FROM a WHERE id = 2; ALTER TABLE a DETACH PARTITION a_2; DROP TABLE a_2; UPDATE a SET note = 'z'"
        )
        try await shop.run()
        #expect(try await shop.ask("SELECT id, note FROM a") == [["1", "z"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    private static let two = """
        CREATE TABLE a (id int PRIMARY KEY, note text); INSERT INTO a VALUES (1, 'a');
        CREATE TABLE b (id int PRIMARY KEY, note text); INSERT INTO b VALUES (1, 'b'), (2, 'b')
        """

    /// What happens to the names of two tables between two runs, with rows that are written under each.
    enum Renames: String, CaseIterable {
        case trade = """
            INSERT INTO a VALUES (3, 'a'); ALTER TABLE a RENAME TO c; INSERT INTO c VALUES (4, 'a');
            ALTER TABLE b RENAME TO a; INSERT INTO a VALUES (5, 'b'); ALTER TABLE c RENAME TO b;
            INSERT INTO b VALUES (6, 'a')
            """
        case chain = """
            INSERT INTO a VALUES (3, 'a'); ALTER TABLE a RENAME TO a_old; ALTER TABLE b RENAME TO a;
            INSERT INTO a VALUES (4, 'b'); UPDATE a SET note = 'b, again' WHERE id = 1; DELETE FROM a_old WHERE id = 1
            """
        case nameForAWhile = """
            INSERT INTO a VALUES (3, 'a'); ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a;
            INSERT INTO a VALUES (4, 'b'); ALTER TABLE a RENAME TO d; INSERT INTO d VALUES (5, 'b')
            """
        case thereAndBack = """
            ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; INSERT INTO a VALUES (3, 'b');
            ALTER TABLE a RENAME TO d; ALTER TABLE c RENAME TO a; INSERT INTO a VALUES (4, 'a')
            """
        case ofADroppedOne = """
            INSERT INTO a VALUES (3, 'a'); DROP TABLE a; ALTER TABLE b RENAME TO a; INSERT INTO a VALUES (4, 'b')
            """
        case caseOnly = """
            ALTER TABLE a RENAME TO "A"; INSERT INTO "A" VALUES (3, 'a')
            """
    }

    @Test(arguments: ["pgoutput", "wal2json"], Renames.allCases)
    func tablesMayTakeEachOthersNames(plugin: String, renames: Renames) async throws {
        var shop = try FollowedDatabase(.v15, Self.two)
        shop.plugin = plugin
        try await shop.run()
        try shop.database.execute(renames.rawValue)
        let copied = try await shop.run().report.outcomes.map(\.copy.target.table)
        // Numbers tell everything; names do not, and then what may be mixed up is copied again.
        if plugin == "pgoutput" { #expect(copied.isEmpty) }
        #expect(try await isEqual(shop))
        #expect(try await shop.run().report.outcomes.isEmpty)
        // What comes next is followed under the names of today.
        let tables = try shop.database.execute(
            "SELECT string_agg(format('INSERT INTO %s VALUES (9, %L)', oid::regclass, 'new'), ';')"
                + " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        try shop.database.execute(tables)
        #expect(try await shop.run().report.outcomes.isEmpty)
        #expect(try await isEqual(shop))
        let names = try await shop.ask("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        #expect(!names.contains { $0[0].contains("tandem") })
        try await shop.tearDown()
    }

    /// Nothing is left of it in the catalog but that the table is called otherwise.
    @Test(arguments: ["pgoutput", "wal2json"], ["t_old", "elsewhere.t"])
    func anotherTableMayHaveHadTheNameForAWhile(plugin: String, place: String) async throws {
        let setup =
            "CREATE SCHEMA elsewhere; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')"
        var shop = try FollowedDatabase(.v15, setup)
        shop.plugin = plugin
        try await shop.run()
        let move = place == "t_old" ? "RENAME TO t_old" : "SET SCHEMA elsewhere"
        try shop.database.execute(
            """
            ALTER TABLE t \(move); CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (5, 'other'); DROP TABLE t;
            INSERT INTO \(place) VALUES (6, 'mine')
            """
        )
        let copied = try await shop.run().report.outcomes
        #expect(copied.isEmpty == (plugin == "pgoutput"))
        #expect(try await shop.ask("SELECT id FROM \(place) ORDER BY id") == [["1"], ["6"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    /// What another sync has put there stays, and so does the copy, until it can have its name.
    @Test(arguments: ["pgoutput", "wal2json"])
    func aNameThatIsTakenAtTheDestinationIsWaitedFor(plugin: String) async throws {
        var shop = try FollowedDatabase(.v15, Self.two)
        shop.plugin = plugin
        try await shop.run()
        let sample = SampleTable(TableName(schema: "public", table: "c"), ids: 0..<7)
        let moment = Moment(checkpoint: Checkpoint("1"), origin: "elsewhere", time: 1)
        let copy = SyncedTable(target: sample.schema.name, schema: sample.schema, rows: 7, moment: moment)
        let other = try shop.folder.warehouse()
        _ = try await other.load(BatchRows(sample.batches(), schema: sample.schema), into: copy.target)
        try await other.publish([copy], retiring: [], of: "another")
        try shop.database.execute(
            "ALTER TABLE a RENAME TO c; INSERT INTO c VALUES (3, 'a'); INSERT INTO b VALUES (3, 'b')"
        )
        let failures = try await shop.with { try await $0.run() }.report.failures
        #expect(failures.map(\.table.target) == [copy.target])
        #expect(try await shop.ask("SELECT count(*) FROM public.c") == [["7"]])
        #expect(try await shop.ask("SELECT count(*) FROM public.a") == [["1"]])
        try await other.publish([], retiring: [copy.target], of: "another")
        await other.close()
        try await shop.run()
        #expect(try await isEqual(shop))
        #expect(try await shop.ask("SELECT count(*) FROM public.c") == [["2"]])
        try await shop.tearDown()
    }
}
