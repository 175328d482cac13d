import Foundation
import TandemCore
import TandemDuckDB
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// Random values of every type, from Postgres through Tandem into DuckDB, and there compared with what DuckDB makes of
/// the server's own text: two ways that have no code in common.
@Suite(.blocking) struct EveryTypeTests {
    /// Each type with how DuckDB reads the server's text `t` of a value.
    private static let types: [(name: String, read: String)] = [
        ("boolean", "t::BOOLEAN"), ("smallint", "t::SMALLINT"), ("integer", "t::INTEGER"), ("bigint", "t::BIGINT"),
        ("real", "t::FLOAT"), ("double precision", "t::DOUBLE"), ("numeric(4,2)", "t::DECIMAL(4,2)"),
        ("numeric(9,0)", "t::DECIMAL(9,0)"), ("numeric(18,4)", "t::DECIMAL(18,4)"),
        ("numeric(38,10)", "t::DECIMAL(38,10)"),
        ("numeric", "t"), ("text", "t"), ("varchar(50)", "t"), ("character(9)", "rpad(t, 9, ' ')"),
        ("bytea", "unhex(substr(t, 3))"),
        ("date", "replace(t, ' BC', ' (BC)')::DATE"), ("time", "t::TIME"), ("timetz", "t::TIMETZ"),
        ("timestamp", #"regexp_replace(t, '^(\S+) (.*) BC$', '\1 (BC) \2')::TIMESTAMP"#),
        ("timestamptz", #"regexp_replace(t, '^(\S+) (.*) BC$', '\1 (BC) \2')::TIMESTAMPTZ"#),
        ("uuid", "t::UUID"), ("json", "t"), ("jsonb", "t"), ("bit(5)", "t"), ("varbit", "t"), ("inet", "t"),
        ("cidr", "t"),
        ("macaddr", "t"), ("money", "t"), ("point", "t"), ("box", "t"), ("xml", "t"), ("tsvector", "t"),
        ("int4range", "t"),
        ("tstzrange", "t"), ("pg_lsn", "t"), ("oid", "t::BIGINT"), ("regclass", "t"), ("\"char\"", "t"), ("name", "t"),
        ("mood", "t"), ("positive", "t::INTEGER"), ("pair", "t"),
    ]

    /// Not every server was built with XML.
    private static func types(on version: PostgresServer.Version) -> [(name: String, read: String)] {
        types.filter { $0.name != "xml" || version == .v15 }
    }

    /// Arrays, whose text is compared as the JSON both servers make of them.
    private static let arrays: [(name: String, read: @Sendable (Int) -> String)] = [
        ("integer[]", json), ("text[]", json), ("uuid[]", json), ("inet[]", json), ("mood[]", json),
        // DuckDB's JSON takes decimals for doubles.
        ("numeric(9,3)[]", { "replace(replace(a\($0)::VARCHAR, ', ', ','), 'NULL', 'null')" }),
    ]

    @Sendable private static func json(_ index: Int) -> String { "to_json(a\(index))::VARCHAR" }

    @Test(arguments: PostgresServer.Version.allCases)
    func everyValueArrivesExactly(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(version), seed \(seed)")
        let database = try Self.database(on: version, seed: seed)
        let folder = try TemporaryFolder()
        let sync = SyncConfiguration(name: "types", from: "shop", to: "warehouse")
        let source = try database.source()
        let warehouse = try folder.warehouse()
        let result = try await SyncRun(RunContext(sync, from: source, to: warehouse, readers: 2), state: nil).run()
        #expect(result.report.failures.isEmpty)
        #expect(result.report.outcomes.allSatisfy { $0.tally.refused == 0 && $0.copy.rows == $0.tally.rows })
        for (index, type) in Self.types(on: version).enumerated() {
            let wrong = try await warehouse.query(
                """
                SELECT id, v\(index)::VARCHAR, t FROM (SELECT id, v\(index), t\(index) AS t FROM public.every_type)
                WHERE v\(index) IS DISTINCT FROM \(type.read) LIMIT 3
                """
            )
            #expect(wrong.rows.isEmpty, "\(type.name), seed \(seed): \(wrong.rows)")
        }
        for (index, type) in Self.arrays.enumerated() {
            let wrong = try await warehouse.query(
                """
                SELECT id, a\(index)::VARCHAR, j\(index) FROM public.every_type
                WHERE \(type.read(index)) IS DISTINCT FROM j\(index)::JSON::VARCHAR LIMIT 3
                """
            )
            #expect(wrong.rows.isEmpty, "\(type.name), seed \(seed): \(wrong.rows)")
        }
        let verified = try await Verification(
            RunContext(
                SyncConfiguration(name: "types", from: "shop", to: "warehouse"),
                from: source,
                to: warehouse,
                readers: 2
            )
        ).run()
        for table in verified {
            guard case .equal = table.verdict else { Issue.record("\(table), seed \(seed)"); continue }
        }
        await source.close()
        await warehouse.close()
    }

    /// A table of every type: the value, and the server's own text (of arrays: JSON) of it.
    private static func database(on version: PostgresServer.Version, seed: UInt64) throws -> TestDatabase {
        let database = try TestDatabase(version)
        let types = types(on: version)
        let columns =
            types.indices.map { "v\($0) \(types[$0].name), t\($0) text" }
            + arrays.indices.map { "a\($0) \(arrays[$0].name), j\($0) text" }
        try database.execute(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'très heureux, "enfin"');
            CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
            CREATE TYPE pair AS (a int, b text);
            CREATE TABLE every_type (id int PRIMARY KEY, \(columns.joined(separator: ", ")));
            """
        )
        var literals = RandomLiterals(seed: seed)
        var rows: [String] = []
        for id in 0..<200 {
            let values = types.map { literals.literal($0.name) } + arrays.map { literals.literal($0.name) }
            rows.append("(\(id), \(values.joined(separator: ", ")))")
        }
        let names = types.indices.map { "v\($0)" } + arrays.indices.map { "a\($0)" }
        let texts =
            types.indices.map { "t\($0) = CASE WHEN v\($0) IS NOT NULL THEN format('%s', v\($0)) END" }
            + arrays.indices.map { "j\($0) = array_to_json(a\($0))::text" }
        try database.execute(
            """
            SET TimeZone = 'UTC'; SET extra_float_digits = 3;
            INSERT INTO every_type (id, \(names.joined(separator: ", "))) VALUES \(rows.joined(separator: ",\n"));
            UPDATE every_type SET \(texts.joined(separator: ", "));
            """
        )
        return database
    }

    @Test func valuesThatDoNotFitTakeTheirColumnToTextAndStayThere() async throws {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE odd (id int PRIMARY KEY, d numeric(10,2), ts timestamp, a int[], fine int);
            INSERT INTO odd SELECT g, g, timestamp '2020-01-01', '{1}', g FROM generate_series(1, 5000) g;
            INSERT INTO odd VALUES (9001, 'NaN', '2020-01-01', '{1}', 1), (9002, 1, '294276-12-31 23:59:59', '{1}', 2),
                (9003, 1, '2020-01-01', '{{1,2},{3,4}}', 3), (9004, 1, '2020-01-01', '[2:3]={7,8}', 4);
            """
        )
        let folder = try TemporaryFolder()
        let warehouse = try folder.warehouse()
        let source = try database.source()
        let sync = SyncConfiguration(name: "odd", from: "shop", to: "warehouse")
        for round in 1...2 {
            let result = try await SyncRun(RunContext(sync, from: source, to: warehouse, readers: 2), state: nil).run()
            #expect(result.report.failures.isEmpty, "round \(round)")
            let rows = try await warehouse.query(
                "SELECT d, ts, a, typeof(fine) FROM public.odd WHERE id > 9000 ORDER BY id"
            ).rows
            #expect(rows.map { $0[0] } == ["NaN", "1.00", "1.00", "1.00"])
            #expect(rows.map { $0[1] }[1] == "294276-12-31 23:59:59")
            #expect(rows.map { $0[2] } == ["{1}", "{1}", "{{1,2},{3,4}}", "[2:3]={7,8}"])
            #expect(rows[0][3] == "INTEGER")
        }
        await source.close()
        await warehouse.close()
    }

    @Test func valuesThatDoNotFitAreClampedAndCounted() async throws {
        let outcome = try await Self.copyUnfit(.clamp)
        let rows = try await outcome.warehouse.query("SELECT id, d, ts FROM public.odd ORDER BY id").rows
        #expect(
            rows == [
                ["1", "1.50", "2020-01-01 00:00:00"], ["2", nil, "2020-01-01 00:00:00"],
                ["3", "1.00", "294247-01-10 04:00:54.775806"],
            ]
        )
        #expect(outcome.result.report.outcomes.first?.tally.clamped == [1: 1, 2: 1])
        await outcome.warehouse.close()
    }

    @Test func rowsThatDoNotFitBecomeIssuesWhileTheRestGoesOn() async throws {
        let outcome = try await Self.copyUnfit(.issue)
        #expect(try await outcome.warehouse.query("SELECT id FROM public.odd").rows == [["1"]])
        let tally = outcome.result.report.outcomes.first?.tally
        #expect(tally?.refused == 2)
        #expect(tally?.refusals.map(\.key).sorted() == ["id = 2", "id = 3"])
        #expect(tally?.refusals.allSatisfy { !$0.cause.contains("294276") } == true)
        await outcome.warehouse.close()
    }

    /// The folder goes with the last one that holds it.
    private struct Outcome {
        let folder: TemporaryFolder
        let warehouse: any Destination
        let result: SyncRun.Result
    }

    private static func copyUnfit(_ policy: UnfitPolicy) async throws -> Outcome {
        let database = try TestDatabase(.v15)
        try database.execute(
            """
            CREATE TABLE odd (id int PRIMARY KEY, d numeric(10,2), ts timestamp);
            INSERT INTO odd VALUES (1, 1.5, '2020-01-01'), (2, 'NaN', '2020-01-01'), (3, 1, '294276-12-31');
            """
        )
        let source = try database.source()
        let folder = try TemporaryFolder()
        let warehouse = try folder.warehouse()
        let sync = SyncConfiguration(name: "odd", from: "shop", to: "warehouse", unfitValues: policy)
        let result = try await SyncRun(RunContext(sync, from: source, to: warehouse, readers: 1), state: nil).run()
        await source.close()
        return Outcome(folder: folder, warehouse: warehouse, result: result)
    }
}
