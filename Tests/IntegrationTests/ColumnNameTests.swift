import TandemTesting
import Testing

@testable import TandemEngine

/// Columns that are renamed at the source, where no row changes.
@Suite(.blocking) struct ColumnNameTests {
    private static let steps = [
        "ALTER TABLE t RENAME a TO once", "ALTER TABLE t RENAME once TO a; ALTER TABLE t ADD more int",
        "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b",
        "ALTER TABLE t DROP a; ALTER TABLE t RENAME c TO a", "ALTER TABLE t RENAME a TO \"A\"",
        "ALTER TABLE t RENAME \"A\" TO a; ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t",
        "ALTER TABLE t RENAME id TO key; ALTER TABLE t ADD id int DEFAULT 7",
    ]

    @Test(arguments: EveryWay.all) func valuesGoWithTheirNames(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            "CREATE TABLE t (id int PRIMARY KEY, stamp bigint, a int, b int, c int); INSERT INTO t VALUES (1, 1, 10, 20, 30)"
        )
        let cursor = way.reading == .cursor ? ["stamp"] : []
        let route = try EveryWay.Route(way, from: database, [TableRule(try TablePattern("public.t"), cursor: cursor)])
        try await route.run()
        for step in Self.steps {
            try database.execute(step)
            try await route.run()
            let names = try await database.ask(
                "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped"
            )
            let columns = names.map { "\"\($0[0])\"" }.joined(separator: ", ")
            let rows = try await database.ask("SELECT \(columns) FROM t")
            #expect(try await route.ask("SELECT \(columns) FROM public.t") == rows, "\(step)")
            #expect(try await route.differences().isEmpty, "\(step)")
        }
        try database.execute("INSERT INTO t (key, stamp, a) VALUES (2, 2, 3); UPDATE t SET (stamp, b) = (2, 5)")
        try await route.run()
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }
}
