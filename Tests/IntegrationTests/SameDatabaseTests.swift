import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// A database that is copied into itself.
@Suite(.blocking) struct SameDatabaseTests {
    private func plan(_ route: EveryWay.Route) async throws -> SyncPlan {
        let (source, destination) = (try route.makeSource(), try route.makeDestination())
        let plan = try await Planner.plan(route.sync, from: source, to: destination)
        await source.close()
        await destination.close()
        return plan
    }

    @Test(arguments: EveryWay.all.filter(\.isIntoPostgres)) func copiesAreNotCopied(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE orders (id int PRIMARY KEY, stamp bigint); INSERT INTO orders VALUES (1, 1), (2, 1);
            CREATE SCHEMA tandem; CREATE TABLE tandem.bicycles (id int PRIMARY KEY, stamp bigint);
            INSERT INTO tandem.bicycles VALUES (1, 1);
            CREATE TABLE _tandem_load_of_bricks (id int PRIMARY KEY, stamp bigint)
            """
        )
        let all = TableRule(try TablePattern("*.*"), cursor: way.reading == .cursor ? ["stamp"] : [])
        var route = try EveryWay.Route(way, from: database, [all], into: database)
        route.sync.into = "copied"
        var other = route
        (other.sync.name, other.sync.into) = ("other", "elsewhere")
        for round in 1...3 {
            for route in [route, other] {
                let plan = try await plan(route)
                #expect(plan.problems.map(\.message).isEmpty)
                #expect(plan.tables.map { "\($0.schema.name)" } == ["public.orders", "tandem.bicycles"])
                #expect(plan.skipped.contains { $0.name.table == "_tandem_load_of_bricks" })
                if round > 1 {
                    #expect(
                        plan.skipped.contains { $0.reason == "It is a copy that sync \(route.sync.name) has written." }
                    )
                }
                let copied = try await route.run()
                #expect(round == 1 || !way.isFollowed || copied == 0)
                #expect(try await route.differences().isEmpty)
            }
            try database.execute("INSERT INTO orders VALUES (\(round + 10), \(round + 10))")
        }
        #expect(try database.execute("SELECT count(*) FROM copied.orders") == "4")
        #expect(try database.execute("SELECT count(*) FROM elsewhere.bicycles") == "1")
        try database.execute("DROP TABLE copied.orders")
        let source = try #require(route.makeSource() as? any ChangeSource)
        _ = try await source.teardown(syncs: nil)
        await source.close()
        try database.drop()
    }
}
