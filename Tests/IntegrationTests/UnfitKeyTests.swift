import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemEngine

/// Keys that the type of their column cannot hold: rows are known by them, so no policy may change one.
@Suite(.blocking) struct UnfitKeyTests {
    /// A type of keys, with values that fit it and others that do not.
    struct Kind {
        var type: String
        var fitting: [String]
        var unfit: [String]

        static let all = [
            Kind(
                type: "numeric",
                fitting: ["1", "99999999.99", "-99999999.99"],
                unfit: ["1.001", "1.002", "NaN", "123456789.5", "123456790.5", "-123456789.5"]
            ),
            Kind(type: "numeric(6, 2)", fitting: ["1", "9999.99"], unfit: ["NaN"]),
            Kind(
                type: "timestamptz",
                fitting: ["2026-01-01 00:00Z", "infinity"],
                unfit: ["294275-01-01 00:00Z", "294276-01-01 00:00Z"]
            ),
            Kind(type: "timestamp", fitting: ["2026-01-01"], unfit: ["294275-01-01", "294276-01-01"]),
            Kind(type: "int[]", fitting: ["{1,2}", "{}"], unfit: ["{{1,2},{3,4}}", "[0:1]={1,2}", "[2:3]={1,2}"]),
        ]
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var way: EveryWay
        var policy: UnfitPolicy
        var testDescription: String { "\(policy.rawValue), \(way.testDescription)" }
        /// The kinds of keys that the way can follow.
        var kinds: [Kind] { way.reading == .triggers ? Kind.all.filter { !$0.type.hasSuffix("[]") } : Kind.all }

        static let all =
            EveryWay.all.map { Case(way: $0, policy: .clamp) }
            + EveryWay.all.filter { !$0.isIntoPostgres && $0.reading != .wal2json }.map {
                Case(way: $0, policy: .issue)
            }
    }

    /// Every row arrives under its own key and goes by it, whether its key was there in the first copy or came later.
    @Test(arguments: Case.all) func everyRowKeepsItsKey(_ test: Case) async throws {
        let database = try TestDatabase(.v15)
        var stamp = 0
        func write(_ keys: (Kind) -> [String]) throws {
            stamp += 1
            let rows = test.kinds.enumerated().flatMap { index, kind in
                keys(kind).flatMap { key in
                    ["k", "c"].map { "INSERT INTO \($0)\(index) VALUES ('\(key)', 1, \(stamp), 'v \(stamp) \(key)')" }
                }
            }
            try database.execute(rows.joined(separator: ";"))
        }
        for (index, kind) in test.kinds.enumerated() {
            try database.execute(
                """
                CREATE TABLE k\(index) (k \(kind.type) PRIMARY KEY, n int, stamp bigint, v text);
                CREATE TABLE c\(index) (k \(kind.type), n int, stamp bigint, v text, PRIMARY KEY (n, k))
                """
            )
        }
        let tables = test.kinds.indices.flatMap { ["k\($0)", "c\($0)"] }
        let cursor = test.way.reading == .cursor ? ["stamp"] : []
        let rules = try tables.map { TableRule(try TablePattern("public.\($0)"), cursor: cursor) }
        var route = try EveryWay.Route(test.way, from: database, rules)
        route.sync.numeric = .decimal(precision: 10, scale: 2)
        route.sync.unfitValues = test.policy
        func check(_ texts: Bool = true) async throws {
            for table in tables {
                let columns = texts ? "k::text, v" : "v"
                let wanted = try await database.ask("SELECT \(columns) FROM \(table) ORDER BY v COLLATE \"C\"")
                let asked = test.way.isIntoPostgres ? columns : columns.replacing("k::text", with: "k")
                let order = test.way.isIntoPostgres ? " COLLATE \"C\"" : ""
                #expect(try await route.ask("SELECT \(asked) FROM public.\(table) ORDER BY v\(order)") == wanted)
            }
            #expect(try await route.differences().isEmpty)
        }
        try write { $0.fitting }
        try await route.run()
        try await check(false)
        try write { $0.unfit }
        try await route.run()
        try await check()
        // One of those that would be one row, and one that would be another's; then each alone.
        stamp += 1
        let changes = test.kinds.enumerated().flatMap { index, kind in
            ["k\(index)", "c\(index)"].flatMap { table in
                [
                    "DELETE FROM \(table) WHERE k = '\(kind.unfit[0])'",
                    "UPDATE \(table) SET (stamp, v) = (\(stamp), 'later') WHERE k = '\(kind.unfit[kind.unfit.count - 1])'",
                ]
            }
        }
        try database.execute(changes.joined(separator: ";"))
        try await route.run()
        try await check()
        try await route.tearDown()
        try database.drop()
    }

    /// A column that becomes the key while its table is followed may hold what took the place of other values.
    @Test func aClampedColumnBecomesTheKey() async throws {
        var shop = try FollowedDatabase(
            .v15,
            """
            CREATE TABLE t (id int PRIMARY KEY, k numeric NOT NULL, v text);
            INSERT INTO t VALUES (1, 1.001, 'a'), (2, 1.002, 'b'), (3, 3, 'c')
            """
        )
        shop.sync.unfitValues = .clamp
        shop.sync.numeric = .decimal(precision: 10, scale: 2)
        try await shop.run()
        #expect(
            try await shop.ask("SELECT k, v FROM public.t ORDER BY v") == [["-", "a"], ["-", "b"], ["3.00", "c"]]
        )
        try shop.database.execute(
            """
            ALTER TABLE t DROP CONSTRAINT t_pkey, ADD CONSTRAINT other PRIMARY KEY (k); DELETE FROM t WHERE id = 1
            """
        )
        try await shop.run()
        #expect(try await shop.ask("SELECT k, v FROM public.t ORDER BY v") == [["1.002", "b"], ["3", "c"]])
        try shop.database.execute("UPDATE t SET v = 'd' WHERE id = 2")
        try await shop.run()
        #expect(try await shop.ask("SELECT k, v FROM public.t ORDER BY v") == [["3", "c"], ["1.002", "d"]])
        try await shop.tearDown()
    }
}
