import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// Sums that Postgres and DuckDB take over their own rows, against each other.
@Suite(.blocking) struct PushedSumTests {
    /// Columns, each with the type that its random values are literals of.
    private static let columns: [(type: String, literals: String)] =
        [
            "boolean", "smallint", "integer", "bigint", "numeric(4,2)", "numeric(9,0)", "numeric(18,4)",
            "numeric(38,10)", "numeric(5,5)", "numeric(38,38)", "numeric", "text", "varchar(50)", "character(9)",
            "name",
            "\"char\"", "bytea", "date", "time", "timestamp", "timestamptz", "uuid", "json", "jsonb", "bit(5)",
            "varbit",
            "inet", "money", "point", "int4range", "oid", "mood", "pair", "regclass",
        ].map { ($0, $0) } + [
            ("positive", "positive"), ("padded", "character(9)"), ("stamped", "timestamp"), ("felt", "mood"),
            ("raw", "bytea"), ("worded", "text"),
        ]

    private static let setup = """
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'très heureux, "enfin"');
        CREATE TYPE pair AS (a int, b text);
        CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
        CREATE DOMAIN padded AS character(9); CREATE DOMAIN stamped AS timestamp; CREATE DOMAIN felt AS mood;
        CREATE DOMAIN raw AS bytea; CREATE DOMAIN worded AS text;
        """

    @Test(arguments: PostgresServer.Version.allCases)
    func bothSidesTakeTheSameSumAndOneCellChangesIt(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(version), seed \(seed)")
        let database = try TestDatabase(version)
        var literals = RandomLiterals(seed: seed)
        let types = Self.columns.enumerated().map { "v\($0) \($1.type)" }.joined(separator: ", ")
        var rows: [String] = []
        for id in 0..<200 {
            let values = Self.columns.map { literals.literal($0.literals) }
            rows.append("(\(id), \(values.joined(separator: ", ")))")
        }
        try database.execute(
            "\(Self.setup) CREATE TABLE cells (id bigint PRIMARY KEY, \(types)); INSERT INTO cells VALUES "
                + rows.joined(separator: ",\n")
        )
        let copied = try await Copied(database)
        let (here, there) = try await copied.sums("cells")
        #expect(here?.rows == 200 && here == there, "seed \(seed)")
        var seen = Set([here])
        for (index, column) in Self.columns.enumerated() {
            let id = Int.random(in: 0..<200, using: &literals.random)
            var changed = ""
            // A value at random is the one that is there now and then.
            for _ in 0..<1000 where changed.isEmpty {
                let value = literals.literal(column.literals)
                changed = try database.execute(
                    """
                    UPDATE cells SET v\(index) = \(value) WHERE id = \(id)
                    AND format('%s', v\(index)) IS DISTINCT FROM format('%s', \(value)) RETURNING id
                    """
                )
            }
            let sum = try await copied.sums("cells").here
            #expect(sum?.rows == 200)
            #expect(seen.insert(sum).inserted, "\(column.type) of row \(id), seed \(seed)")
        }
        await copied.close()
    }

    @Test func rowsThatLookAlikeDiffer() async throws {
        let database = try TestDatabase(.v15)
        let long = String(repeating: "x", count: TableSum.inlineLimit)
        let rows = [
            "'ab', 'c'", "'a', 'bc'", "'abc', ''", "'', 'abc'", "'abc', NULL", "NULL, 'abc'", "NULL, NULL", "'', ''",
            "'', NULL", "NULL, ''", "'1:a', ''", "'a,1:b', NULL", "'a', 'b'", "'#', ''", "'\(long)', ''",
            "'\(long)x', ''",
            "'\(long)y', ''", "'A', 'b'", "'a ', 'b'", "'é', ''", "'e\u{301}', ''",
        ]
        let tables = rows.indices.map { "t\($0)" }
        for (table, row) in zip(tables, rows) {
            try database.execute("CREATE TABLE \(table) (a text, b text); INSERT INTO \(table) VALUES (\(row))")
        }
        let copied = try await Copied(database)
        var seen = Set<TableSum?>()
        for (table, row) in zip(tables, rows) {
            let (here, there) = try await copied.sums(table)
            #expect(here != nil && here == there, "\(row)")
            #expect(seen.insert(here).inserted, "\(row)")
        }
        await copied.close()
    }

    @Test func whatEachDatabaseCanSumItDoesAndTheRestIsRead() async throws {
        let database = try TestDatabase(.v16)
        try database.execute(
            """
            CREATE TABLE events (id bigint, at date NOT NULL, kind text NOT NULL, note char(5)) PARTITION BY RANGE (at);
            CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
            CREATE TABLE events_2 (note char(5), gone int, kind text NOT NULL, at date NOT NULL, id bigint);
            ALTER TABLE events_2 DROP COLUMN gone;
            ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
            INSERT INTO events SELECT g, date '2024-01-01' + g % 700, 'k' || g % 3, 'n' || g % 9 FROM generate_series(1, 9000) g;
            CREATE TABLE large (id int PRIMARY KEY, card text, pad text);
            INSERT INTO large SELECT g, g, repeat('x', 1000) FROM generate_series(1, 40000) g;
            CREATE VIEW busy AS SELECT id, kind FROM events WHERE kind <> 'k0';
            CREATE TABLE odd (id int PRIMARY KEY, d numeric(10,2), ts timestamp);
            INSERT INTO odd VALUES (1, 'NaN', '294276-12-31'), (2, 1.5, '2020-01-01'), (3, NULL, NULL);
            CREATE TABLE measured (id int PRIMARY KEY, f real);
            INSERT INTO measured VALUES (1, 0.1);
            CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES;
            CREATE TABLE renamed (id int PRIMARY KEY, old text); INSERT INTO renamed VALUES (1, 'x');
            """
        )
        let rules = [
            try TableRule(TablePattern("public.*")),
            try TableRule(TablePattern("public.large"), columns: .except([NamePattern("card")])),
        ]
        let copied = try await Copied(database, tables: rules)
        try database.execute("ALTER TABLE renamed RENAME old TO new; ALTER TABLE renamed RENAME TO named;")
        let results = try await copied.verify()
        let computations = Dictionary(uniqueKeysWithValues: results.map { ($0.copy.target.table, $0.computation) })
        #expect(
            computations == [
                "events": .pushedDown, "large": .pushedDown, "busy": .streamed, "odd": .pushedDown,
                "measured": .streamed, "bare": .pushedDown, "renamed": .pushedDown,
            ]
        )
        for result in results {
            guard case .equal = result.verdict else { Issue.record("\(result)"); continue }
        }
        await copied.close()
    }

    @Test func aDifferenceIsNamedByReading() async throws {
        let database = try TestDatabase(.v18)
        try database.execute(
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, g FROM generate_series(1, 500) g"
        )
        let copied = try await Copied(database)
        try database.execute("UPDATE t SET v = 'other' WHERE id = 77; DELETE FROM t WHERE id = 78")
        let result = try await copied.verify().first
        #expect(result?.computation == .streamed)
        guard case .different(let differences)? = result?.verdict else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(differences.different == ["id = 77"])
        #expect(differences.extra == ["id = 78"])
        await copied.close()
    }

    @Test func textWhoseEncodingNobodyKnowsIsRead() async throws {
        let server = try PostgresServer.shared(.v15)
        for (encoding, isSummed) in [("LATIN1", true), ("EUC_JP", true), ("SQL_ASCII", false)] {
            let database = TestDatabase(server: server, name: try server.makeDatabase(encoding: encoding))
            let text = encoding == "EUC_JP" ? "日本" : "café"
            try database.execute(
                "CREATE TABLE w (id int, t text, j json); INSERT INTO w VALUES (1, '\(text)', '\"\(text)\"'), (2, repeat('\(text)', 99), NULL)"
            )
            let copied = try await Copied(database)
            let result = try await copied.verify().first
            guard case .equal? = result?.verdict else { Issue.record("\(encoding)"); continue }
            #expect(result?.computation == (isSummed ? .pushedDown : .streamed), "\(encoding)")
            await copied.close()
        }
    }
}

/// A database and its copy.
private struct Copied {
    private let source: any Source
    private let warehouse: any Destination
    private let folder: TemporaryFolder

    init(_ database: TestDatabase, tables: [TableRule] = []) async throws {
        folder = try TemporaryFolder()
        source = try database.source()
        warehouse = try folder.warehouse()
        let sync = SyncConfiguration(name: "sums", from: "shop", to: "warehouse", tables: tables)
        let result = try await SyncRun(RunContext(sync, from: source, to: warehouse, readers: 2), state: nil).run()
        #expect(result.report.failures.isEmpty, "\(result.report.failures)")
    }

    func verify() async throws -> [Verification.TableResult] {
        try await Verification(
            RunContext(
                SyncConfiguration(name: "sums", from: "shop", to: "warehouse"),
                from: source,
                to: warehouse,
                readers: 2
            )
        ).run()
    }

    /// What each side makes of table `name` now.
    func sums(_ name: String) async throws -> (here: TableSum?, there: TableSum?) {
        let copy = try #require(try await warehouse.tables(of: "sums").first { $0.target.table == name })
        let table = try #require(try await source.catalog().tables.first { $0.schema.id == copy.schema.id })
        let snapshot = try await source.snapshot(readers: 2)
        let here = try await snapshot.sum(of: table, as: copy.schema)
        await snapshot.close()
        return (here, try await warehouse.sum(of: copy, as: copy.schema))
    }

    func close() async {
        await source.close()
        await warehouse.close()
    }
}
