import Foundation
import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

/// Tables at the edges of what a server takes.
@Suite(.blocking) struct CatalogShapeTests {
    private func table(_ name: String, in database: TestDatabase) throws -> PostgresTable? {
        try CatalogReader(database.session()).tables().first { $0.name.table == name }
    }

    @Test func sixteenHundredColumns() throws {
        let database = try TestDatabase(.v15)
        let columns = (1...1600).map { "c\($0) \($0 % 2 == 0 ? "int" : "text")" }
        try database.execute("CREATE TABLE broad (\(columns.joined(separator: ", ")))")
        let broad = try #require(try table("broad", in: database))
        #expect(broad.columns.count == 1600)
        #expect(broad.columns.last?.number == 1600)
        #expect(broad.columns[1].native.type == .int32)
    }

    @Test func droppedColumnsLeaveGaps() throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            "CREATE TABLE t (a int, b int, c int PRIMARY KEY); ALTER TABLE t DROP b; ALTER TABLE t ADD d int"
        )
        let t = try #require(try table("t", in: database))
        #expect(t.columns.map(\.name) == ["a", "c", "d"])
        #expect(t.columns.map(\.number) == [1, 3, 4])
        #expect(t.identity == [1])
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func generatedColumnsAreRead(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        let virtual = version == .v18 ? ", v int GENERATED ALWAYS AS (a + 1) VIRTUAL" : ""
        try database.execute(
            "CREATE TABLE t (a int, s int GENERATED ALWAYS AS (a * 2) STORED, i bigint GENERATED ALWAYS AS IDENTITY\(virtual))"
        )
        #expect(try table("t", in: database)?.columns.map(\.name) == ["a", "s", "i"] + (version == .v18 ? ["v"] : []))
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func domainsOfArraysOfEnums(version: PostgresServer.Version) throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN moods AS mood[] CHECK (cardinality(VALUE) > 0);
            CREATE DOMAIN money_amount AS numeric(12, 2); CREATE DOMAIN price AS money_amount CHECK (VALUE > 0);
            CREATE TYPE pair AS (a int, b text);
            CREATE TABLE t (a moods, b price, c price[], d moods[], e pair[], f public.pair, g moods NOT NULL);
            """
        )
        let t = try #require(try table("t", in: database))
        let decimal = ColumnType.decimal(precision: 12, scale: 2)
        #expect(
            t.columns.map(\.native.type)
                == [.list(.text), decimal, .list(decimal), .list(.text), .list(.text), .text, .list(.text)]
        )
        #expect(t.columns.map(\.native.reading.cast) == [.none, .none, .none, .textArray, .textArray, .text, .none])
        #expect(
            t.columns.map(\.typeName)
                == ["moods", "price", "price[]", "moods[]", "pair[]", "pair", "moods"].map { "public." + $0 }
        )
    }

    /// Postgres 15 comes with the extensions.
    @Test func foreignTablesAndExtensions() throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
            CREATE FOREIGN TABLE lines (line text) SERVER files OPTIONS (filename '/dev/null');
            CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
            CREATE TABLE t (a citext, b hstore, c ltree, d citext[], e hstore[]);
            CREATE EXTENSION pg_stat_statements;
            """
        )
        let lines = try #require(try table("lines", in: database))
        #expect(lines.kind == .foreignTable)
        #expect(
            lines.methods[.fullTable]
                == .usable(note: "Its rows come from the foreign server \"files\", which need not show one moment.")
        )
        #expect(
            try table("t", in: database)?.columns.map(\.native.type) == [
                .text, .text, .text, .list(.text), .list(.text),
            ]
        )
        let statements = try #require(try table("pg_stat_statements", in: database))
        #expect(statements.methods[.fullTable] == .usable(note: "It belongs to the extension \"pg_stat_statements\"."))
    }

    @Test func aTableUnderALockHoldsNobodyUp() async throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE TABLE busy (id int PRIMARY KEY); INSERT INTO busy VALUES (1); ANALYZE busy")
        let holder = try database.session()
        try holder.begin(.readWrite)
        try holder.execute("LOCK TABLE public.busy IN ACCESS EXCLUSIVE MODE")
        let duration = try ContinuousClock().measure {
            let busy = try table("busy", in: database)
            #expect(busy?.estimatedRows == 1)
            #expect(busy?.bytes == nil)
        }
        #expect(duration < .seconds(8))
        holder.close()
    }

    @Test func onlyTheTablesAskedFor() throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE TABLE a (x int); CREATE TABLE b (y int PRIMARY KEY); CREATE TABLE c ()")
        let reader = CatalogReader(try database.session())
        let all = try reader.tables()
        let b = try #require(all.first { $0.name.table == "b" })
        let some = try reader.tables(only: [b.oid, 4_000_000_000])
        #expect(some.map(\.name.table) == ["b"])
        #expect(some[0].schema == b.schema)
        #expect(try reader.tables(only: []).isEmpty)
    }
}
