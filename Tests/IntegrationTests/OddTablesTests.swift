import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Tables of unusual shapes, from Postgres into DuckDB and compared.
@Suite(.blocking) struct OddTablesTests {
    /// Runs a sync of everything in `database` and verifies it; returns what `sql` answers at the warehouse.
    private func copy(
        _ database: TestDatabase,
        readers: Int = 2,
        then sql: String = "SELECT 1",
        into folder: TemporaryFolder
    ) async throws -> [[String?]] {
        let source = try database.source(readers: readers)
        let warehouse = try folder.warehouse()
        let sync = SyncConfiguration(name: "odd", from: "shop", to: "warehouse")
        let result = try await SyncRun(RunContext(sync, from: source, to: warehouse, readers: readers), state: nil)
            .run()
        #expect(result.report.failures.isEmpty, "\(result.report.failures)")
        let verified = try await Verification(
            RunContext(
                SyncConfiguration(name: "odd", from: "shop", to: "warehouse"),
                from: source,
                to: warehouse,
                readers: readers
            )
        ).run()
        for table in verified {
            guard case .equal = table.verdict else {
                Issue.record("\(table)")
                continue
            }
        }
        let rows = try await warehouse.query(sql).rows
        await source.close()
        await warehouse.close()
        return rows
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func tablesWithoutRowsOrColumns(version: PostgresServer.Version) async throws {
        let database = try TestDatabase(version)
        try database.execute(
            """
            CREATE TABLE nothing (id int PRIMARY KEY, v text[]);
            CREATE TABLE bare ();
            INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES;
            """
        )
        let rows = try await copy(
            database,
            then: "SELECT (SELECT count(*) FROM public.nothing), (SELECT count(*) FROM public.bare)",
            into: TemporaryFolder()
        )
        #expect(rows == [["0", "3"]])
    }

    @Test func sixteenHundredColumns() async throws {
        let database = try TestDatabase(.v16)
        let columns = (0..<1600).map { "c\($0) smallint" }.joined(separator: ", ")
        let values = (0..<1600).map { $0 % 7 == 0 ? "NULL" : "g + \($0)" }.joined(separator: ", ")
        try database.execute(
            "CREATE TABLE broad (\(columns)); INSERT INTO broad SELECT \(values) FROM generate_series(1, 3000) g"
        )
        let rows = try await copy(
            database,
            then: "SELECT count(*), count(c7), min(c1599), max(c1599) FROM public.broad",
            into: TemporaryFolder()
        )
        #expect(rows == [["3000", "0", "1600", "4599"]])
    }

    @Test func partitionsArriveAsTheirRootThoughTheirColumnsLieElsewhere() async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE events (id bigint, at date NOT NULL, kind text NOT NULL, note text) PARTITION BY RANGE (at);
            CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind);
            CREATE TABLE events_1a PARTITION OF events_1 FOR VALUES IN ('a');
            CREATE TABLE events_1z PARTITION OF events_1 DEFAULT;
            CREATE TABLE events_2 (note text, gone int, kind text NOT NULL, at date NOT NULL, id bigint);
            ALTER TABLE events_2 DROP COLUMN gone;
            ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
            INSERT INTO events SELECT g, date '2024-01-01' + g % 700, CASE g % 3 WHEN 0 THEN 'a' ELSE 'b' END, 'note ' || g
                FROM generate_series(1, 30000) g;
            """
        )
        let rows = try await copy(
            database,
            then:
                "SELECT count(*), count(DISTINCT id), min(note), (SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'public') FROM public.events",
            into: TemporaryFolder()
        )
        #expect(rows == [["30000", "30000", "note 1", "1"]])
    }

    @Test func generatedColumnsViewsAndInheritance() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            """
            CREATE TABLE parent (id int PRIMARY KEY, price numeric(8,2), stored numeric(9,2) GENERATED ALWAYS AS (price * 2) STORED,
                counted int GENERATED ALWAYS AS (id + 1) VIRTUAL);
            INSERT INTO parent SELECT g, g FROM generate_series(1, 100) g;
            CREATE TABLE child (extra text) INHERITS (parent);
            INSERT INTO child (id, price, extra) SELECT g, g, 'x' FROM generate_series(1000, 1009) g;
            CREATE VIEW dear AS SELECT id, stored FROM parent WHERE price > 50;
            CREATE MATERIALIZED VIEW summed AS SELECT count(*) AS n FROM parent;
            """
        )
        let rows = try await copy(
            database,
            then: """
                SELECT (SELECT count(*) FROM public.parent), (SELECT sum(stored) FROM public.parent),
                    (SELECT sum(counted) FROM public.parent), (SELECT count(*) FROM public.child),
                    (SELECT count(*) FROM public.dear), (SELECT n FROM public.summed)
                """,
            into: TemporaryFolder()
        )
        #expect(rows == [["100", "10100.00", "5150", "10", "60", "110"]])
    }

    @Test func namesOfEveryKind() async throws {
        let database = try TestDatabase(.v15)
        let long = String(repeating: "ü", count: 31) + "x"
        try database.execute(
            """
            CREATE SCHEMA "odd.schema"; CREATE SCHEMA "SELECT";
            CREATE TABLE "odd.schema"."a ""b"" 'c'" ("from" int, "x.y" int, "🐘" text, "\\" int);
            INSERT INTO "odd.schema"."a ""b"" 'c'" VALUES (1, 2, 'é', 3);
            CREATE TABLE "SELECT"."\(long)" ("\(long)" int);
            INSERT INTO "SELECT"."\(long)" VALUES (7);
            """
        )
        let rows = try await copy(
            database,
            then:
                #"SELECT "from", "x.y", "🐘", "\", (SELECT "\#(long)" FROM "SELECT"."\#(long)") FROM "odd.schema"."a ""b"" 'c'""#,
            into: TemporaryFolder()
        )
        #expect(rows == [["1", "2", "é", "3", "7"]])
    }

    @Test(arguments: ["LATIN1", "EUC_JP", "SQL_ASCII"])
    func everyEncodingArrivesAsUTF8(encoding: String) async throws {
        let server = try PostgresServer.shared(.v15)
        let name = try server.makeDatabase(encoding: encoding)
        let database = TestDatabase(server: server, name: name)
        let text = encoding == "EUC_JP" ? "日本" : "café"
        try database.execute("CREATE TABLE words (id int PRIMARY KEY, w text); INSERT INTO words VALUES (1, '\(text)')")
        #expect(try await copy(database, then: "SELECT w FROM public.words", into: TemporaryFolder()) == [[text]])
    }

    @Test func rowsOfManyMegabytes() async throws {
        let database = try TestDatabase(.v16)
        try database.execute(
            """
            CREATE TABLE large (id int PRIMARY KEY, body text, bytes bytea);
            INSERT INTO large SELECT g, repeat(md5(g::text), 1000000), decode(repeat('00ff', 5000000), 'hex') FROM generate_series(1, 4) g;
            """
        )
        let rows = try await copy(
            database,
            then: "SELECT sum(length(body)), sum(octet_length(bytes)) FROM public.large",
            into: TemporaryFolder()
        )
        #expect(rows == [["128000000", "40000000"]])
    }
}
