import TandemCore
import TandemTesting
import Testing

@testable import TandemEngine

/// Columns whose values are not to arrive, whatever becomes of them at the source.
@Suite(.blocking) struct WithheldColumnTests {
    private static let setup = """
        CREATE TABLE t (id int PRIMARY KEY, stamp bigint, card_no text, card_end text, v text);
        INSERT INTO t VALUES (1, 1, 'secret', 'secret', 'a'), (2, 1, 'secret', 'secret', 'b')
        """

    private static func route(
        _ way: EveryWay,
        from database: TestDatabase,
        columns: ColumnRule? = nil
    ) throws -> EveryWay.Route {
        let cursor = way.reading == .cursor ? ["stamp"] : []
        return try EveryWay.Route(
            way,
            from: database,
            [
                TableRule(try TablePattern("public.t"), columns: columns, cursor: cursor)
            ]
        )
    }

    private static func columns(_ route: EveryWay.Route) async throws -> [String] {
        let sql =
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't'"
        return try await route.ask(sql).map { $0[0] }.sorted()
    }

    /// An exclusion means the column that it has kept out, under every name, until it is taken out itself.
    @Test(arguments: EveryWay.all) func aRenameBringsNothingIn(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(Self.setup)
        var route = try Self.route(way, from: database, columns: .except([try NamePattern("card*")]))
        try await route.run()
        #expect(try await Self.columns(route) == ["id", "stamp", "v"])
        try database.execute(
            "ALTER TABLE t RENAME card_no TO pan; INSERT INTO t VALUES (3, 2, 'secret', 'secret', 'c'); UPDATE t SET stamp = 3"
        )
        for isReset in [false, true] {
            // Whatever becomes of the copy.
            if isReset { try await route.reset() }
            try await route.run()
            #expect(try await Self.columns(route) == ["id", "stamp", "v"])
            #expect(try await route.differences().isEmpty)
        }
        try database.execute("ALTER TABLE t RENAME pan TO \"a, b%\"; ALTER TABLE t ADD more text DEFAULT 'm'")
        try await route.run()
        #expect(try await Self.columns(route) == ["id", "more", "stamp", "v"])
        // It is asked for now.
        route.sync.tables = try Self.route(way, from: database, columns: .except([try NamePattern("card_end")])).sync
            .tables
        try await route.run()
        #expect(try await Self.columns(route) == ["a, b%", "id", "more", "stamp", "v"])
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }

    /// What the user may not read any more does not come by the log either, and what has come goes.
    @Test(arguments: EveryWay.all.filter { !$0.isIntoPostgres }) func whatIsRevokedStaysOut(way: EveryWay) async throws
    {
        let database = try TestDatabase(.v15)
        let role = "reader_\(database.name)"
        try database.execute(
            """
            \(Self.setup); CREATE ROLE \(role) LOGIN REPLICATION; ALTER DATABASE \(database.name) OWNER TO \(role);
            ALTER TABLE t OWNER TO \(role)
            """
        )
        var route = try Self.route(way, from: database)
        route.user = role
        try await route.run()
        #expect(try await Self.columns(route) == ["card_end", "card_no", "id", "stamp", "v"])
        try database.execute(
            """
            REVOKE SELECT ON t FROM \(role); GRANT SELECT (id, stamp, v) ON t TO \(role);
            INSERT INTO t VALUES (3, 2, 'later', 'later', 'c');
            UPDATE t SET (stamp, card_no) = (2, 'later') WHERE id = 1
            """
        )
        // Triggers are read under a lock that takes more: the table fails, and stays as it was.
        if way.reading == .triggers {
            await #expect(throws: PostgresServer.Failure.self) { try await route.run() }
            let found = try await route.ask(
                "SELECT count(*) FROM public.t WHERE card_no = 'later' OR card_end = 'later'"
            )
            #expect(found == [["0"]])
        } else {
            for number in 4..<6 {
                try await route.run()
                #expect(try await Self.columns(route) == ["id", "stamp", "v"])
                #expect(try await route.differences().isEmpty)
                try database.execute("INSERT INTO t VALUES (\(number), \(number), 'later', 'later', 'c')")
            }
        }
        try await route.tearDown()
        try database.execute("REASSIGN OWNED BY \(role) TO CURRENT_USER; DROP OWNED BY \(role)")
        try database.drop()
        try database.server.execute("DROP ROLE \(role)")
    }
}
