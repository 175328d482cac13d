import Synchronization
import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// What the log does not bring of tables that are in it: generated columns, and what an administrator's publication
/// holds back. Never a null in its place, and never "equal".
@Suite(.blocking) struct UntoldColumnTests {
    private static let generated = """
        CREATE TABLE g (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO g(a) VALUES (1)
        """
    private static let change = "INSERT INTO g(a) VALUES (2); UPDATE g SET a = 5 WHERE a = 1"

    private func method(of plan: SyncPlan) throws -> Method { try #require(plan.tables.first).method }

    private func isEqual(_ shop: FollowedDatabase) async throws -> Bool {
        let result = try await shop.verify()
        if case .equal = result.verdict { return result.leftOut.isEmpty }
        return false
    }

    @Test(arguments: ["15 pgoutput", "15 wal2json", "16 pgoutput", "18 pgoutput"])
    func aGeneratedColumnHasItsValues(way: String) async throws {
        let version = try #require(PostgresServer.Version.allCases.first { way.hasPrefix("\($0.rawValue)") })
        var shop = try FollowedDatabase(version, Self.generated)
        shop.plugin = String(way.dropFirst(3))
        shop.sync.method = .auto
        try await shop.run()
        try shop.database.execute(Self.change)
        let result = try await shop.run()
        #expect(try await shop.ask("SELECT a, b FROM g ORDER BY a") == [["2", "4"], ["5", "10"]])
        #expect(try await isEqual(shop))
        let isBrought = way.hasSuffix("wal2json") || way.hasPrefix("18")
        #expect(try method(of: result.plan) == (isBrought ? .logBased : .fullTable))
        if !isBrought {
            let reason = result.plan.tables[0].reason
            #expect(reason.contains("its column b would not come: pgoutput sends generated columns since"), "\(reason)")
        }
        try await shop.tearDown()
    }

    @Test func aVirtualColumnIsCopiedOrLeftOut() async throws {
        var shop = try FollowedDatabase(.v18, Self.generated.replacing("STORED", with: "VIRTUAL"))
        shop.sync.method = .auto
        try await shop.run()
        try shop.database.execute(Self.change)
        #expect(try method(of: await shop.run().plan) == .fullTable)
        #expect(try await shop.ask("SELECT a, b FROM g ORDER BY a") == [["2", "4"], ["5", "10"]])
        #expect(try await isEqual(shop))
        // As its remedy says.
        var rule = TableRule(try TablePattern("public.g"))
        rule.columns = .except([NamePattern(literal: "b")])
        shop.sync.tables = [rule]
        #expect(try method(of: await shop.run().plan) == .logBased)
        try shop.database.execute("INSERT INTO g(a) VALUES (7); DELETE FROM g WHERE a = 2")
        try await shop.run()
        #expect(try await shop.ask("SELECT a FROM g ORDER BY a") == [["5"], ["7"]])
        try await shop.tearDown()
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func aGeneratedColumnThatIsAddedToAFollowedTable(version: PostgresServer.Version) async throws {
        for kind in version == .v18 ? ["STORED", "VIRTUAL"] : ["STORED"] {
            var shop = try FollowedDatabase(version, "CREATE TABLE g (a int PRIMARY KEY); INSERT INTO g VALUES (1)")
            shop.sync.method = .auto
            try await shop.run()
            try shop.database.execute("ALTER TABLE g ADD b int GENERATED ALWAYS AS (a * 2) \(kind); " + Self.change)
            try await shop.run()
            try shop.database.execute("INSERT INTO g(a) VALUES (8)")
            try await shop.run()
            #expect(try await shop.ask("SELECT a, b FROM g ORDER BY a") == [["2", "4"], ["5", "10"], ["8", "16"]])
            #expect(try await isEqual(shop))
            try await shop.tearDown()
        }
    }

    /// Its copy stays as it was, with a warning; the next run takes another method.
    @Test func aGeneratedColumnThatIsAddedUnderFollow() async throws {
        var shop = try FollowedDatabase(.v16, "CREATE TABLE g (a int PRIMARY KEY); CREATE TABLE h (a int PRIMARY KEY)")
        shop.sync.method = .auto
        let database = shop.database
        let events = Mutex<(isFollowing: Bool, warnings: [String])>((false, []))
        try await shop.with(
            follows: true,
            { event in
                switch event {
                case .following: events.withLock { $0.isFollowing = true }
                case .followedNoLonger(let table, let reason, _):
                    events.withLock { $0.warnings.append("\(table): \(reason)") }
                default: break
                }
            }
        ) { run in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await run.run() }
                try await eventually("they are followed") { events.withLock(\.isFollowing) }
                try database.execute(
                    "ALTER TABLE g ADD b int GENERATED ALWAYS AS (a * 2) STORED; INSERT INTO g(a) VALUES (1)"
                )
                try await eventually("it is said") { events.withLock { !$0.warnings.isEmpty } }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
        let said = events.withLock { $0.warnings.first ?? "" }
        #expect(said.hasPrefix("public.g: It takes FULL_TABLE from the next run on."), "\(said)")
        try await shop.run()
        #expect(try await shop.ask("SELECT a, b FROM g") == [["1", "2"]])
        try await shop.tearDown()
    }

    @Test(arguments: [
        "ALTER TABLE g ALTER b SET EXPRESSION AS (a * 3)",
        """
        ALTER TABLE g DROP b; ALTER TABLE g ADD b int GENERATED ALWAYS AS (a * 3) STORED
        """,
    ])
    func anotherExpression(statement: String) async throws {
        var shop = try FollowedDatabase(.v18, Self.generated)
        shop.sync.method = .auto
        try await shop.run()
        try shop.database.execute(statement + "; INSERT INTO g(a) VALUES (2)")
        try await shop.run()
        try shop.database.execute("UPDATE g SET a = 5 WHERE a = 1")
        try await shop.run()
        #expect(try await shop.ask("SELECT a, b FROM g ORDER BY a") == [["2", "6"], ["5", "15"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    private static let listed = """
        CREATE TABLE t (id int PRIMARY KEY, note text, secret text); INSERT INTO t VALUES (1, 'n', 's'), (2, 'n', 's');
        CREATE PUBLICATION app FOR TABLE t(id, note)
        """

    @Test func columnsThatAPublicationDoesNotList() async throws {
        var shop = try FollowedDatabase(.v15, Self.listed)
        (shop.publication, shop.sync.method) = ("app", .auto)
        try await shop.run()
        try shop.database.execute("UPDATE t SET note = 'm' WHERE id = 1")
        let plan = try await shop.run().plan
        #expect(try method(of: plan) == .fullTable)
        #expect(plan.tables[0].reason.contains("the publication \"app\" lists the columns"))
        #expect(try await shop.ask("SELECT note, secret FROM t ORDER BY id") == [["m", "s"], ["n", "s"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    @Test(arguments: ["SET TABLE t (id, note)", "SET TABLE t WHERE (id < 2)"])
    func aPublicationThatIsChangedWhileItIsFollowed(change: String) async throws {
        var shop = try FollowedDatabase(.v15, Self.listed + "; ALTER PUBLICATION app SET TABLE t")
        (shop.publication, shop.sync.method) = ("app", .auto)
        #expect(try method(of: await shop.run().plan) == .logBased)
        try shop.database.execute("ALTER PUBLICATION app \(change); UPDATE t SET note = 'm', secret = 'r' WHERE id = 2")
        #expect(try method(of: await shop.run().plan) == .fullTable)
        #expect(try await shop.ask("SELECT note, secret FROM t ORDER BY id") == [["n", "s"], ["m", "r"]])
        try shop.database.execute("ALTER PUBLICATION app SET TABLE t; UPDATE t SET secret = 'q' WHERE id = 1")
        #expect(try method(of: await shop.run().plan) == .logBased)
        try shop.database.execute("UPDATE t SET note = 'l' WHERE id = 1")
        try await shop.run()
        #expect(try await shop.ask("SELECT note, secret FROM t ORDER BY id") == [["l", "q"], ["m", "r"]])
        #expect(try await isEqual(shop))
        try await shop.tearDown()
    }

    /// What it sent in between lacks a column, and says so.
    @Test func aListThatWasThereForAWhile() async throws {
        var shop = try FollowedDatabase(.v15, Self.listed + "; ALTER PUBLICATION app SET TABLE t")
        (shop.publication, shop.sync.method) = ("app", .auto)
        try await shop.run()
        try shop.database.execute(
            "ALTER PUBLICATION app SET TABLE t (id, note); UPDATE t SET secret = 'r' WHERE id = 2"
        )
        try shop.database.execute("ALTER PUBLICATION app SET TABLE t")
        #expect(try method(of: await shop.run().plan) == .logBased)
        #expect(try await shop.ask("SELECT note, secret FROM t ORDER BY id") == [["n", "s"], ["n", "r"]])
        try await shop.tearDown()
    }

    @Test(arguments: [
        ("publish = 'insert'", "does not publish every delete, truncate, update"),
        ("publish = 'insert, update, delete'", "does not publish every truncate"),
    ])
    func aPublicationThatDoesNotTellAll(options: String, reason: String) async throws {
        var shop = try FollowedDatabase(.v15, Self.listed + "; ALTER PUBLICATION app SET TABLE t")
        try shop.database.execute("ALTER PUBLICATION app SET (\(options))")
        shop.publication = "app"
        let error = await #expect(throws: (any Error).self) { try await shop.run() }
        #expect("\(error.map { "\($0)" } ?? "")".contains(reason))
        shop.sync.method = .auto
        #expect(try method(of: await shop.run().plan) == .fullTable)
        try await shop.tearDown()
    }

    /// Through its root, or not at all.
    @Test func partitionsOfAnAdministratorsPublication() async throws {
        let setup = """
            CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1, 'a'), (2, 'a');
            CREATE PUBLICATION app FOR TABLE p
            """
        var shop = try FollowedDatabase(.v15, setup)
        shop.publication = "app"
        let error = await #expect(throws: (any Error).self) { try await shop.run() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("does not publish"))
        try shop.database.execute("ALTER PUBLICATION app SET (publish_via_partition_root = true)")
        try await shop.run()
        try shop.database.execute("UPDATE p SET v = 'b' WHERE id = 2")
        try await shop.run()
        #expect(try await shop.ask("SELECT id, v FROM p ORDER BY id") == [["1", "a"], ["2", "b"]])
        try await shop.tearDown()
    }
}
