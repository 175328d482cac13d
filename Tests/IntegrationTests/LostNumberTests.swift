import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// NaN and infinities, which wal2json before 2.6 writes as null, arrive: whatever becomes of their rows before they are
/// asked for. `TANDEM_SEED` sets the seed.
@Suite(.blocking) struct LostNumberTests {
    /// Every way to tell rows apart, and what the plugin does not write as null.
    private static let setup = """
        CREATE DOMAIN amount AS numeric; CREATE TYPE pair AS (a float8, n numeric); CREATE TYPE kind AS ENUM ('a', 'b"\\', 'c');
        CREATE TABLE keyed (id int PRIMARY KEY, f4 real, f8 float8, n numeric, m numeric(9, 2), d amount, a float8[], p pair,
          c float8 NOT NULL DEFAULT 0, note text);
        CREATE TABLE odd (k kind, b bytea, "t x" text, i interval, f8 float8, n numeric, note text,
          PRIMARY KEY (k, b, "t x", i));
        CREATE TABLE whole (id int PRIMARY KEY, f4 real, f8 float8, n numeric, note text);
        ALTER TABLE whole REPLICA IDENTITY FULL;
        CREATE TABLE twins (v int, f8 float8, n numeric, m numeric(9, 2)); ALTER TABLE twins REPLICA IDENTITY FULL;
        CREATE TABLE numbers (n numeric, f8 float8, note text, PRIMARY KEY (n, f8));
        CREATE TABLE base (id int PRIMARY KEY, f8 float8); CREATE TABLE derived (x int) INHERITS (base);
        CREATE TABLE parted (id int PRIMARY KEY, f8 float8, n numeric) PARTITION BY RANGE (id);
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (6);
        CREATE TABLE parted_2 (n numeric, f8 float8, id int PRIMARY KEY);
        ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (6) TO (99);
        """

    /// Random statements.
    private struct Writer {
        var random: SeededGenerator

        mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        mutating func number() -> String { ["NULL", "'NaN'", "'Infinity'", "'-Infinity'", "1.5", "-7"][pick(6)] }
        mutating func key() -> String {
            ["'NaN'", "'Infinity'", "1.5", "2", "3", "4", "5"][pick(4) == 0 ? pick(2) : 2 + pick(5)]
        }
        mutating func bounded() -> String { ["NULL", "'NaN'", "12.25", "-3"][pick(4)] }
        mutating func id() -> String { "\(pick(12))" }
        mutating func odd() -> String {
            let kind = ["a", "b\"\\", "c"][pick(3)]
            return
                "('\(kind)', '\\x\(["", "00ff"][pick(2)])', '\(["", "{a,\"b\\\\\"}", "NULL"][pick(3)])', '\(pick(2)) mons')"
        }

        mutating func statement() -> String {
            let target = id()
            switch pick(17) {
            case 0, 1, 2:
                let values =
                    "\(number()), \(number()), \(number()), \(bounded()), \(number()), ARRAY[\(number())]::float8[]"
                return "INSERT INTO keyed VALUES (\(target), \(values), ROW(\(number()), \(number()))::pair) "
                    + "ON CONFLICT (id) DO UPDATE SET f8 = excluded.f8, n = excluded.n, m = excluded.m"
            case 3: return "UPDATE keyed SET f4 = \(number()), c = \(["'NaN'", "1"][pick(2)]) WHERE id = \(target)"
            case 4:
                return
                    "UPDATE keyed SET id = id + 100, note = repeat('long ', 900) WHERE id = \(target) AND NOT EXISTS "
                    + "(SELECT FROM keyed k WHERE k.id = \(target) + 100)"
            case 5:
                return "UPDATE keyed SET id = id - 100, n = \(number()) WHERE id = \(target) + 100 AND NOT EXISTS "
                    + "(SELECT FROM keyed k WHERE k.id = \(target))"
            case 6: return "DELETE FROM keyed WHERE id = \(target)"
            case 7: return "DELETE FROM odd WHERE f8 = 'NaN' OR n IS NULL"
            case 8:
                return "INSERT INTO whole VALUES (\(target), \(number()), \(number()), \(number())) "
                    + "ON CONFLICT (id) DO UPDATE SET f4 = excluded.f4, n = excluded.n"
            case 9: return "UPDATE whole SET note = 'n' || id, f8 = \(number()) WHERE id >= \(target)"
            case 10: return "DELETE FROM whole WHERE id = \(target)"
            case 11: return "INSERT INTO twins VALUES (\(pick(3)), \(number()), \(number()), \(bounded()))"
            case 12: return "UPDATE twins SET v = v + 1, n = \(number()) WHERE ctid = (SELECT min(ctid) FROM twins)"
            case 13: return "DELETE FROM twins WHERE ctid = (SELECT max(ctid) FROM twins)"
            case 14:
                return
                    "INSERT INTO numbers VALUES (\(key()), \(key()), 'x') ON CONFLICT (n, f8) DO UPDATE SET note = 'y'"
            case 15:
                return "INSERT INTO base VALUES (\(target), \(number())) ON CONFLICT DO NOTHING; "
                    + "INSERT INTO derived VALUES (\(target), 'NaN', 1) ON CONFLICT DO NOTHING"
            default:
                return "INSERT INTO parted VALUES (\(target), \(number()), \(number())) ON CONFLICT (id) DO UPDATE "
                    + "SET id = (parted.id + 5) % 12 + 12 * (random() * 4)::int, f8 = excluded.f8"
            }
        }

        /// An insert or update of the table with the odd key.
        mutating func oddStatement() -> String {
            "INSERT INTO odd SELECT k::kind, b::bytea, t, i::interval, \(number()), \(number()) "
                + "FROM (VALUES \(odd())) AS v(k, b, t, i) ON CONFLICT (k, b, \"t x\", i) DO UPDATE SET f8 = excluded.f8"
        }
    }

    @Test(arguments: [EveryWay(reading: .wal2json), EveryWay(reading: .wal2json, isIntoPostgres: true)])
    func theyArrive(way: EveryWay) async throws {
        let seed = ProcessInfo.processInfo.environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        print("seed \(seed)")
        var writer = Writer(random: SeededGenerator(seed: seed))
        let database = try TestDatabase(.v15)
        try database.execute(Self.setup)
        func write(_ count: Int) throws {
            let statements = (0..<count).map { _ in writer.pick(4) == 0 ? writer.oddStatement() : writer.statement() }
            for statement in statements {
                // A key that is taken already is not what this is about.
                _ = try? database.execute(statement)
            }
        }
        try write(20)
        var route = try EveryWay.Route(way, from: database)
        route.sync.tables = []
        try await route.run()
        for round in 0..<4 {
            // While it runs, too: rows change again, move and go before they are asked for.
            try write(15)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [route] in _ = try await route.run() }
                try write(15)
                try await group.waitForAll()
            }
            try await route.run()
            #expect(try await route.differences().isEmpty, "seed \(seed), round \(round)")
            for (table, column) in [("keyed", "f4"), ("keyed", "n"), ("odd", "f8"), ("twins", "n"), ("parted", "f8")] {
                func count(_ names: String) -> String {
                    "SELECT count(*) FROM public.\(table) WHERE lower(CAST(\(column) AS varchar)) IN (\(names))"
                }
                let names = "'nan', 'infinity', '-infinity', 'inf', '-inf'"
                let wanted = try database.execute(count(names))
                #expect(try await route.ask(count(names)) == [[wanted]], "seed \(seed), \(table).\(column)")
            }
        }
        try await route.tearDown()
        try database.drop()
    }

    /// Rows are asked for by the keys that the log has; nothing is copied again for the sake of these values.
    @Test func rowsWithKeysAreNotCopiedAgain() async throws {
        let setup = """
            CREATE TABLE f (id int, "k q" text, d float8, r real, n numeric, v text, PRIMARY KEY (id, "k q"));
            INSERT INTO f VALUES (1, 'a"\\', 1, 1, 1, 'x'), (2, 'b', 2, 2, 2, 'x')
            """
        var shop = try FollowedDatabase(.v15, setup)
        shop.plugin = "wal2json"
        try await shop.run()
        for statement in [
            "INSERT INTO f VALUES (3, 'c', 'NaN', '-Infinity', 'NaN', NULL), (4, 'd', NULL, NULL, '-Infinity', NULL)",
            "UPDATE f SET d = 'Infinity', r = NULL WHERE id = 1", "UPDATE f SET n = 7, v = 'y' WHERE id = 3",
            "UPDATE f SET id = id + 10 WHERE n <> 2; DELETE FROM f WHERE id = 2",
            "BEGIN; UPDATE f SET d = 'NaN'; UPDATE f SET id = id + 1, d = 5 WHERE id = 14; UPDATE f SET id = 1 WHERE id = 11; COMMIT",
        ] {
            #expect(try await shop.reasons(after: statement).isEmpty, "\(statement)")
            try await shop.checkEqual(after: statement)
        }
        let rows = try await shop.ask("SELECT id, d, r, n FROM f ORDER BY id")
        #expect(rows == [["1", "nan", "-", "1"], ["13", "nan", "-inf", "7"], ["15", "5.0", "-", "-Infinity"]])
        try await shop.tearDown()
    }

    /// A commit that waits for a standby is in the log, and cannot be seen.
    @Test func commitsThatCannotBeSeenYet() async throws {
        let server = try PostgresServer(.v15, settings: ["synchronous_commit": "on", "wal_level": "logical"])
        let database = TestDatabase(server: server, name: try server.makeDatabase())
        try database.execute("CREATE TABLE f (id int PRIMARY KEY, d float8); INSERT INTO f VALUES (1, 1)")
        let route = try EveryWay.Route(EveryWay(reading: .wal2json), from: database)
        try await route.run()
        func wait(for standby: String) throws {
            try server.execute("ALTER SYSTEM SET synchronous_standby_names = '\(standby)'")
            try server.execute("SELECT pg_reload_conf()")
        }
        try wait(for: "nobody")
        try server.awaitRow("SELECT 1 WHERE current_setting('synchronous_standby_names') <> ''", in: "postgres")
        let copied = try await withThrowingTaskGroup(of: Int?.self) { group in
            // Else the statement would not end.
            defer { try? wait(for: "") }
            group.addTask {
                try database.execute("INSERT INTO f VALUES (2, 'NaN')")
                return nil
            }
            try server.awaitRow("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'", in: "postgres")
            group.addTask { try await route.run() }
            // Asked for again and again.
            try server.awaitRow(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%txid_current_snapshot()::pg_catalog.text%' "
                    + "AND pid <> pg_backend_pid()",
                in: "postgres"
            )
            try wait(for: "")
            return try await group.reduce(0) { $0 + ($1 ?? 0) }
        }
        #expect(copied == 0)
        #expect(try await route.ask("SELECT id, d FROM f ORDER BY id") == [["1", "1.0"], ["2", "nan"]])
        try await route.tearDownSource()
    }
}
