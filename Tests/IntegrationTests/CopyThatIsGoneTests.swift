import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Copies that users have dropped, altered or replaced, and copies whose names others take, without a change of a row
/// that would show it.
@Suite(.blocking) struct CopyThatIsGoneTests {
    private static let ways = EveryWay.all.filter { [.pgoutput, .wal2json, .triggers].contains($0.reading) }

    private func change(_ statements: String, at route: EveryWay.Route) throws {
        if let copy = route.copy { try copy.execute(statements) } else { try route.folder.change(statements) }
    }

    @Test(arguments: ways) func isNoticedWithoutAChange(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');
            CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)
            """
        )
        let route = try EveryWay.Route(way, from: database)
        try await route.run()
        #expect(try await route.run() == 0)
        for statement in ["DROP TABLE public.t", "ALTER TABLE public.t DROP COLUMN v"] {
            try change(statement, at: route)
            #expect(try await route.run() == 1, "\(statement)")
            #expect(try await route.differences().isEmpty, "\(statement)")
        }
        // What a user adds is no reason.
        try change("ALTER TABLE public.t ADD COLUMN mine int", at: route)
        #expect(try await route.run() == 0)
        try change(
            "DROP TABLE public.t; CREATE TABLE public.t (id int, mine text); INSERT INTO public.t VALUES (7, 'x')",
            at: route
        )
        let error = await #expect(throws: PostgresServer.Failure.self) { try await route.run() }
        #expect(error?.description.contains("that Tandem did not make") == true)
        #expect(try await route.ask("SELECT id, mine FROM public.t") == [["7", "x"]])
        try await route.tearDown()
        try database.drop()
    }

    /// A table that can be followed no more is renamed, and a new one takes its name.
    @Test(arguments: ways) func staysWhereItsTableCannotBeFollowed(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE k (id int PRIMARY KEY, v text); INSERT INTO k VALUES (1, 'a');
            CREATE TABLE other (id int PRIMARY KEY)
            """
        )
        let route = try EveryWay.Route(way, from: database)
        try await route.run()
        try database.execute(
            """
            ALTER TABLE k DROP CONSTRAINT k_pkey; ALTER TABLE k REPLICA IDENTITY NOTHING; ALTER TABLE k RENAME TO kold;
            CREATE TABLE k (id int PRIMARY KEY, c int); INSERT INTO k VALUES (5, 5)
            """
        )
        for _ in 0..<2 {
            let report = try await route.with { try await $0.run() }.report
            #expect(Set(report.failures.map(\.table.schema.name.table)) == ["k", "kold"])
            #expect(try await route.ask("SELECT id, v FROM public.k") == [["1", "a"]])
        }
        try database.execute("ALTER TABLE kold REPLICA IDENTITY DEFAULT; ALTER TABLE kold ADD PRIMARY KEY (id)")
        try await route.run()
        #expect(try await route.differences().isEmpty)
        #expect(try await route.ask("SELECT id, v FROM public.kold") == [["1", "a"]])
        #expect(try await route.ask("SELECT id, c FROM public.k") == [["5", "5"]])
        try await route.tearDown()
        try database.drop()
    }

    /// A user's table inherits from a copy, whose column gets another type.
    @Test func whatInheritsFromACopyKeepsItsValues() async throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY, w int); INSERT INTO t VALUES (1, 1)")
        let route = try EveryWay.Route(EveryWay(reading: .pgoutput, isIntoPostgres: true), from: database)
        try await route.run()
        try change("CREATE TABLE mine () INHERITS (public.t); INSERT INTO mine VALUES (77, 7)", at: route)
        try database.execute("ALTER TABLE t ALTER w TYPE text")
        let error = await #expect(throws: PostgresServer.Failure.self) { try await route.run() }
        #expect(error?.description.contains("because of table public.mine") == true, "\(error?.description ?? "")")
        #expect(try await route.ask("SELECT id, w FROM mine") == [["77", "7"]])
        try change("ALTER TABLE mine NO INHERIT public.t", at: route)
        try await route.run()
        #expect(try await route.ask("SELECT id, w FROM mine") == [["77", "7"]])
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }
}
