import Foundation
import TandemCore
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// Random values of every type from one Postgres database into another, or into another schema of the same, and there
/// compared by the server itself: with the types that both have, and as text.
@Suite(.blocking) struct PostgresToPostgresTests {
    /// Each type with what it is at the destination.
    private static let types: [(name: String, there: String)] = [
        ("boolean", "boolean"), ("smallint", "smallint"), ("integer", "integer"), ("bigint", "bigint"),
        ("real", "real"), ("double precision", "double precision"), ("numeric(4,2)", "numeric(4,2)"),
        ("numeric(9,0)", "numeric(9,0)"), ("numeric(18,4)", "numeric(18,4)"), ("numeric(38,10)", "numeric(38,10)"),
        ("numeric", "numeric"), ("text", "text"), ("varchar(50)", "character varying(50)"),
        ("character(9)", "character(9)"), ("bytea", "bytea"), ("date", "date"), ("time", "time without time zone"),
        ("timetz", "time with time zone"), ("timestamp", "timestamp without time zone"),
        ("timestamptz", "timestamp with time zone"), ("interval", "interval"), ("uuid", "uuid"), ("json", "json"),
        ("jsonb", "jsonb"), ("bit(5)", "bit(5)"), ("varbit", "bit varying"), ("inet", "inet"), ("cidr", "cidr"),
        ("macaddr", "macaddr"), ("money", "text"), ("point", "point"), ("box", "box"), ("xml", "xml"),
        ("tsvector", "tsvector"), ("int4range", "int4range"), ("tstzrange", "tstzrange"), ("pg_lsn", "pg_lsn"),
        ("oid", "bigint"), ("regclass", "text"), ("\"char\"", "text"), ("name", "name"), ("mood", "text"),
        ("positive", "integer"), ("pair", "text"), ("integer[]", "integer[]"), ("text[]", "text[]"),
        ("uuid[]", "uuid[]"), ("inet[]", "inet[]"), ("mood[]", "text[]"), ("numeric(9,3)[]", "numeric(9,3)[]"),
        ("timestamptz[]", "timestamp with time zone[]"), ("jsonb[]", "jsonb[]"),
    ]

    /// Not every server was built with XML.
    private static func types(on version: PostgresServer.Version) -> [(name: String, there: String)] {
        types.filter { $0.name != "xml" || version == .v15 }
    }

    @Test(arguments: PostgresServer.Version.allCases)
    func everyValueArrivesExactly(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(version), seed \(seed)")
        let database = try Self.database(on: version, seed: seed)
        // Into the same database, so that the server can compare.
        let sync = SyncConfiguration(
            name: "types",
            from: "shop",
            to: "copy",
            method: .fixed(.fullTable),
            tables: [TableRule(try TablePattern("public.*"))],
            into: "copied"
        )
        let source = try database.source()
        let destination = try database.destination()
        let result = try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil).run()
        #expect(result.report.failures.isEmpty)
        #expect(result.report.outcomes.allSatisfy { $0.tally.refused == 0 && $0.copy.rows == $0.tally.rows })
        for (index, type) in Self.types(on: version).enumerated() {
            let found = try database.execute(
                """
                SELECT format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = 'copied.every_type'::regclass AND attname = 'v\(index)'
                """
            )
            #expect(found == type.there, "\(type.name)")
            let wrong = try database.execute(
                """
                SET TimeZone = 'UTC'; SET extra_float_digits = 3;
                SELECT id, a.v\(index), b.v\(index) FROM public.every_type a FULL JOIN copied.every_type b USING (id)
                WHERE format('%s', a.v\(index)) IS DISTINCT FROM format('%s', b.v\(index)) OR
                  (a.v\(index) IS NULL) <> (b.v\(index) IS NULL) LIMIT 3
                """
            )
            #expect(wrong.isEmpty, "\(type.name), seed \(seed): \(wrong)")
        }
        let key = try database.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'copied.every_type'::regclass AND contype = 'p'"
        )
        #expect(key == "every_type_pkey")
        try await Self.verify("types", source, destination, seed: seed)
        await source.close()
        await destination.close()
    }

    private static func verify(
        _ sync: String,
        _ source: any Source,
        _ destination: any Destination,
        seed: UInt64 = 0
    ) async throws {
        let verified = try await Verification(
            RunContext(
                SyncConfiguration(name: sync, from: "shop", to: "warehouse"),
                from: source,
                to: destination,
                readers: 2
            )
        ).run()
        #expect(!verified.isEmpty)
        for table in verified {
            guard case .equal = table.verdict else {
                Issue.record("\(table), seed \(seed)")
                continue
            }
        }
    }

    private static func database(on version: PostgresServer.Version, seed: UInt64) throws -> TestDatabase {
        let database = try TestDatabase(version)
        let types = types(on: version)
        let columns = types.enumerated().map { "v\($0.offset) \($0.element.name)" }.joined(separator: ", ")
        var literals = RandomLiterals(seed: seed)
        let rows = (0..<200).map { id in
            "(\(id), \(types.map { literals.literal($0.name) }.joined(separator: ", ")))"
        }
        try database.execute(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'très heureux, "enfin"');
            CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
            CREATE TYPE pair AS (a int, b text);
            CREATE TABLE every_type (id int PRIMARY KEY, \(columns));
            INSERT INTO every_type VALUES \(rows.joined(separator: ",\n"));
            """
        )
        return database
    }

    /// What does not fit a column's type on its way fits the same type at the other end.
    @Test(arguments: PostgresServer.Version.allCases)
    func valuesThatTravelAsTextArriveInTheirOwnTypes(version: PostgresServer.Version) async throws {
        let from = try TestDatabase(version)
        let to = try TestDatabase(version)
        let numbers = [
            "1", "-1", "0", "0.0", "10000", "0.0001", "-12345.678900", "1e130", "1e-130", "NaN", "99999999.9",
        ]
        try from.execute(
            """
            CREATE TABLE odd (id int PRIMARY KEY, d numeric(10,2), ts timestamp, a int[], n numeric);
            INSERT INTO odd SELECT g, g, timestamp '2020-01-01', '{1}', g FROM generate_series(1, 5000) g;
            INSERT INTO odd VALUES (9001, 'NaN', '2020-01-01', '{1}', 1), (9002, 1, '294276-12-31 23:59:59', '{1}', 2),
                (9003, 1, '2020-01-01', '{{1,2},{3,4}}', 3), (9004, 1, '2020-01-01', '[2:3]={7,8}', 4);
            INSERT INTO odd (id, n) SELECT 9100 + number, n FROM
              unnest('{\(numbers.joined(separator: ","))}'::numeric[]) WITH ORDINALITY AS u(n, number);
            CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES;
            CREATE TABLE "Ünï ""code"" %s \\x" ("a.b" int, "select" text);
            """
        )
        let source = try from.source()
        let destination = try to.destination()
        let sync = SyncConfiguration(name: "odd", from: "shop", to: "copy", method: .fixed(.fullTable))
        for _ in 1...2 {
            let result = try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil)
                .run()
            #expect(result.report.failures.isEmpty)
            let dump = "SELECT md5(string_agg(odd::text, ',' ORDER BY id)) FROM odd"
            #expect(try to.execute(dump) == from.execute(dump))
            #expect(try to.execute("SELECT count(*) FROM bare") == "2")
            try await Self.verify("odd", source, destination)
        }
        #expect(try to.execute("SELECT count(*) FROM pg_class WHERE relname LIKE '%tandem_load%'") == "0")
        await source.close()
        await destination.close()
    }

    /// A random history, followed from one database into another, while users have things of their own on the copies.
    @Test(arguments: PostgresServer.Version.allCases)
    func changesAreFollowed(version: PostgresServer.Version) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(version), seed \(seed)")
        let from = try TestDatabase(version)
        let to = try TestDatabase(version)
        var history = RandomHistory(seed: seed)
        try from.execute(history.setup.map { $0 + ";" }.joined(separator: "\n"))
        let source = try from.source()
        let destination = try to.destination()
        let patterns = try history.followed.map { TableRule(try TablePattern("\"\(history.schema)\".\"\($0)\"")) }
        let sync = SyncConfiguration(
            name: "followed",
            from: "shop",
            to: "copy",
            method: .auto,
            tables: patterns
        )
        for round in 0..<6 {
            let statements = (0..<40).flatMap { _ in history.nextTransaction() }
            try from.execute(statements.map { $0 + ";" }.joined(separator: "\n"))
            let run = SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil)
            let result = try await run.run()
            #expect(result.report.failures.isEmpty, "seed \(seed)")
            if round == 1 {
                for table in history.followed {
                    let name = "\"\(history.schema)\".\"\(table)\""
                    try to.execute("CREATE VIEW public.\"v \(table)\" AS SELECT * FROM \(name)")
                }
            }
            for table in try await run.verify().results {
                guard case .equal = table.verdict else {
                    Issue.record("\(table), round \(round), seed \(seed)")
                    continue
                }
            }
        }
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
    }
}

extension TestDatabase {
    func destination() throws -> any Destination {
        let settings = [
            "host": PostgresServer.host, "port": "\(server.port)", "user": PostgresServer.user, "database": name,
        ]
        let made = try PostgresConnector.destination(
            PostgresConnector.configure(settings).config,
            in: ConnectionContext(name: "copy", folder: "/")
        )
        guard let made else { throw PostgresServer.Failure(description: "Postgres is no destination") }
        return made
    }
}
