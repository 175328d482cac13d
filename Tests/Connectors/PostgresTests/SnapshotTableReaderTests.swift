import TandemCore
import TandemRows
import TandemTesting
import Testing

@testable import TandemPostgres

@Suite(.blocking) struct SnapshotTableReaderTests {
    /// Large enough for several ranges, with rows of different widths and holes.
    static let several = """
        CREATE TABLE t (id int8, filler text);
        ALTER TABLE t ALTER filler SET STORAGE PLAIN;
        INSERT INTO t SELECT g, repeat('x', 60 + (g % 50)::int) FROM generate_series(1, 160000) g;
        DELETE FROM t WHERE id % 97 = 0;
        ANALYZE t
        """

    /// The first are asked for one by one, and the others all at once: it makes no difference.
    @Test(arguments: PostgresServer.Version.allCases)
    func whatTablesConsistOfIsTheSameForManyAtOnce(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, m mood);
            CREATE TABLE a (id int PRIMARY KEY, m mood); CREATE TABLE b (id int, p pair[]); CREATE TABLE c (x text);
            ALTER TABLE c ADD COLUMN y int DEFAULT 7; ALTER TABLE c DROP COLUMN x; CREATE TABLE d ();
            CREATE TABLE e (id int, part int) PARTITION BY LIST (part);
            CREATE TABLE e1 PARTITION OF e FOR VALUES IN (1); CREATE TABLE e2 PARTITION OF e FOR VALUES IN (2);
            CREATE VIEW f AS SELECT id, m FROM a; CREATE MATERIALIZED VIEW g AS SELECT * FROM a;
            CREATE SCHEMA other; CREATE TABLE other.a (LIKE a)
            """
        )
        let source = PostgresSource(database.config, in: .test)
        let tables = try await source.catalog().tables.sorted { $0.schema.id < $1.schema.id }
        #expect(tables.count == 8)
        func extents(of tables: [CatalogTable]) async throws -> [TableID: TableExtent] {
            let snapshot = try await source.snapshot(readers: 2)
            var found: [TableID: TableExtent] = [:]
            for table in tables {
                var extent = try await snapshot.extent(of: table)
                // What goes on at the server meanwhile.
                extent?.definition?.moment = 0
                found[table.schema.id] = extent
            }
            await snapshot.close()
            return found
        }
        let (forward, backward) = (try await extents(of: tables), try await extents(of: tables.reversed()))
        #expect(forward.count == 8 && forward == backward)
        // Asked for again, where a copy was made once more.
        #expect(try await extents(of: tables + tables) == forward)
        #expect(forward.values.map(\.parts.count).max() == 2)
        await source.close()
    }

    @Test(arguments: [1, 2, 5])
    func eachRowComesOnce(readers: Int) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(Self.several)
        let read = try await database.read("t", readers: readers)
        try expectSameIDs(read, in: database)
        #expect(read.readers.count == min(readers, 4))
        #expect(read.tally.rows == read.count)
        #expect(read.notes.isEmpty)
    }

    @Test func aWholeTableAtOnceWhereRangesAreNotKnown() async throws {
        let database = try TestDatabase(.v16)
        try database.execute(Self.several)
        try expectSameIDs(try await database.read("t", readers: 3, pinned: { $0.version = 130_000 }), in: database)
    }

    @Test func laterChangesAreNotSeen() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(Self.several)
        let source = database.source()
        let table = try await source.table("t")
        let before = try database.execute("SELECT count(*), sum(id) FROM t")
        let snapshot = try await source.snapshot(readers: 2)
        try database.execute(
            """
            DELETE FROM t WHERE id < 30000;
            UPDATE t SET id = -id WHERE id > 120000;
            INSERT INTO t SELECT g, 'new' FROM generate_series(1000000, 1050000) g;
            VACUUM t
            """
        )
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        let read = ReadTable(schema: table.schema, readers: try await rows.pullAll(), tally: rows.tally, notes: [])
        let ids = read.texts.compactMap { $0[0].flatMap { Int($0) } }
        #expect("\(ids.count)|\(ids.reduce(0, +))" == before)
        await snapshot.close()
        await source.close()
    }

    @Test(arguments: [
        "TRUNCATE t", "VACUUM FULL t", "TRUNCATE t; INSERT INTO t VALUES (1, 'x')", "ALTER TABLE t ALTER id TYPE int4",
    ])
    func aTableRewrittenMeanwhileIsNoticed(statement: String) async throws {
        let database = try TestDatabase(.v15)
        try database.execute(Self.several)
        let source = database.source()
        let table = try await source.table("t")
        let snapshot = try await source.snapshot(readers: 2)
        try database.execute(statement)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        let error = await #expect(throws: PostgresError.self) { try await rows.pullAll() }
        guard case .tableRewritten = error, error?.isTransient == true else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        await snapshot.close()
        await source.close()
    }

    @Test func aColumnIsFoundByItsNumber() async throws {
        let database = try TestDatabase(.v16)
        try database.execute("CREATE TABLE t (a int4, b text); INSERT INTO t VALUES (1, 'one')")
        let source = database.source()
        let table = try await source.table("t")
        try database.execute("ALTER TABLE t RENAME b TO renamed")
        let snapshot = try await source.snapshot(readers: 1)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        #expect(try await rows.pullAll()[0][0].columns[1].text(0, as: .text) == "one")
        await snapshot.close()
        try database.execute("ALTER TABLE t DROP renamed")
        let later = try await source.snapshot(readers: 1)
        let gone = try await later.rows(of: table, as: table.schema, unfit: .text)
        let error = await #expect(throws: PostgresError.self) { try await gone.pullAll() }
        #expect(error?.description.contains("public.t") == true)
        #expect(error?.isTransient == false)
        await later.close()
        await source.close()
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func unusualShapes(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        let columns = (1...1600).map { "c\($0) int2" }.joined(separator: ", ")
        try database.execute(
            """
            CREATE TABLE empty (a int4);
            CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
            CREATE TABLE wide (\(columns)); INSERT INTO wide (c1, c1600) SELECT g, -g FROM generate_series(1, 3000) g;
            CREATE TABLE large (id int4, v text, w bytea);
            INSERT INTO large SELECT g, repeat('é', 10000000), decode(repeat('00ff', 10000000), 'hex') FROM generate_series(1, 3) g;
            CREATE TABLE parent (a int4); CREATE TABLE child (b int4) INHERITS (parent);
            INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 2);
            CREATE VIEW v AS SELECT a * 10 AS a FROM parent;
            CREATE MATERIALIZED VIEW mv AS SELECT a + 1 AS a FROM parent;
            CREATE TABLE made (a int4, b int4 GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO made VALUES (21);
            CREATE SCHEMA "S p.a""ce 🐘"; CREATE TABLE "S p.a""ce 🐘"."T ""x"".y" ("SELECT" int4, "a b""c" text);
            INSERT INTO "S p.a""ce 🐘"."T ""x"".y" VALUES (1, 'quoted')
            """
        )
        #expect(try await database.read("empty").count == 0)
        let nothing = try await database.read("nothing")
        #expect(nothing.count == 2 && nothing.batches.allSatisfy { $0.columns.isEmpty })
        let wide = try await database.read("wide")
        #expect(wide.texts.allSatisfy { $0.count == 1600 && $0[1599] == "-" + ($0[0] ?? "") && $0[5] == nil })
        #expect(wide.count == 3000)
        for batch in try await database.read("large").batches {
            #expect(batch.columns[1].lengths == Array(repeating: 20_000_000, count: batch.rowCount))
            #expect(batch.columns[2].lengths == Array(repeating: 20_000_000, count: batch.rowCount))
        }
        #expect(try await database.read("parent").texts == [["1"]])
        #expect(try await database.read("child").texts == [["2", "2"]])
        #expect(try await database.read("v").texts.map { $0[0] }.sorted { $0 ?? "" < $1 ?? "" } == ["10", "20"])
        #expect(try await database.read("mv").count == 2)
        #expect(try await database.read("made").texts == [["21", "42"]])
        let quoted = try await database.read("T \"x\".y", schema: "S p.a\"ce 🐘")
        #expect(quoted.texts == [["1", "quoted"]])
    }

    private func expectSameIDs(_ read: ReadTable, in database: TestDatabase) throws {
        let ids = read.texts.compactMap { $0[0].flatMap { Int($0) } }
        #expect(Set(ids).count == ids.count)
        #expect("\(ids.count)|\(ids.reduce(0, +))" == (try database.execute("SELECT count(*), sum(id) FROM t")))
    }
}

extension Column {
    /// How many bytes each value has.
    fileprivate var lengths: [UInt32] {
        guard case .bytes(let bytes) = storage else { return [] }
        return bytes.views.map(\.length)
    }
}
