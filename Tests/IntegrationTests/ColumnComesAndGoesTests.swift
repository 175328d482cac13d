import Foundation
import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// What the log tells is read by a catalog that is later: columns come, go and take each other's names, and what their
/// types are made of changes, between rows that one run brings.
@Suite(.blocking) struct ColumnComesAndGoesTests {
    private static let ways = EveryWay.all.filter { [.pgoutput, .wal2json, .triggers].contains($0.reading) }

    /// A column that shows labels, one of which is renamed after rows came with it; and where it is not, no copy.
    @Test(arguments: ways) func labelsAreThoseOfNow(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        let route = try EveryWay.Route(way, from: database)
        try await route.run()
        try database.execute(
            """
            CREATE TYPE mood AS ENUM ('a', 'b'); ALTER TABLE t ADD COLUMN c mood; INSERT INTO t VALUES (2, 'a');
            ALTER TYPE mood RENAME VALUE 'a' TO 'z'
            """
        )
        try await route.run()
        #expect(try await route.differences().isEmpty)
        try database.execute("ALTER TABLE t ADD COLUMN d mood[]; INSERT INTO t VALUES (3, 'z', '{z,b}')")
        #expect(try await route.run() == 0)
        // As one migration would: all of it is older than the rows, or as old.
        try database.execute(
            """
            BEGIN; CREATE TYPE other AS ENUM ('x', 'y'); CREATE TYPE pair AS (n int, o other);
            ALTER TABLE t ADD COLUMN e other, ADD COLUMN f pair; INSERT INTO t VALUES (4, 'b', NULL, 'y', '(1,x)');
            COMMIT;
            ALTER TYPE other ADD VALUE 'v'
            """
        )
        if way.reading == .triggers { #expect(try await route.run() == 0) } else { try await route.run() }
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }

    /// The same in one migration that ends with its rows: nothing is copied again.
    @Test(arguments: ways) func aMigrationIsFollowed(way: EveryWay) async throws {
        let database = try TestDatabase(.v15)
        try database.execute("CREATE TABLE t (id int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1)")
        let route = try EveryWay.Route(way, from: database)
        try await route.run()
        try database.execute(
            """
            BEGIN; CREATE TYPE mood AS ENUM ('x', 'y'); CREATE TYPE pair AS (n int, o mood);
            ALTER TABLE t ADD COLUMN e mood, ADD COLUMN f pair; INSERT INTO t VALUES (2, 2, 'y', '(1,x)');
            UPDATE t SET e = 'x'; COMMIT;
            ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b int; INSERT INTO t VALUES (3, 'y', NULL, 3)
            """
        )
        // A column that is another one under its name is read again; what had no column of its name is not.
        try database.execute(
            "ALTER TABLE t ADD COLUMN g int; ALTER TABLE t DROP COLUMN g; ALTER TABLE t ADD COLUMN h int"
        )
        try database.execute("INSERT INTO t VALUES (4, 'y', NULL, 3, 5)")
        try await route.run()
        #expect(try await route.differences().isEmpty)
        try database.execute(
            "ALTER TABLE t ADD COLUMN g int; ALTER TABLE t DROP COLUMN g; ALTER TABLE t ADD COLUMN g int"
        )
        try database.execute("INSERT INTO t VALUES (5, 'y', NULL, 3, 5, 6)")
        #expect(try await route.run() == 0)
        #expect(try await route.differences().isEmpty)
        try await route.tearDown()
        try database.drop()
    }

    /// Random histories in which names come again, some in transactions and subtransactions: after each run the copy is
    /// equal. `TANDEM_SEEDS` sets how many, `TANDEM_SEED` the first one.
    @Test(arguments: ["KEY", "FULL", "PARTITION"]) func copiesAreEqualAfterEachRun(kind: String) async throws {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        for seed in first..<first + (environment["TANDEM_SEEDS"].flatMap { UInt64($0) } ?? 1) {
            print("seed \(seed)")
            let database = try TestDatabase(.v15)
            var history = MovingColumns(seed: seed, kind: kind)
            try database.execute(history.setup)
            // Without a key there is nothing by which triggers could note rows.
            let readings: [EveryWay.Reading] = [.pgoutput, .wal2json] + (kind == "FULL" ? [] : [.triggers])
            let routes = try readings.map { try EveryWay.Route(EveryWay(reading: $0), from: database) }
            for route in routes { try await route.run() }
            for round in 0..<3 {
                let statements = history.window()
                try database.execute(statements.joined(separator: ";\n"))
                for route in routes {
                    try await route.run()
                    let differences = try await route.differences()
                    guard differences.isEmpty else {
                        Issue.record(
                            """
                            seed \(seed), round \(round), \(route.way): \(differences.joined(separator: "; ")) after
                            \(statements.joined(separator: ";\n"))
                            """
                        )
                        break
                    }
                }
            }
            for route in routes { try await route.tearDown() }
            try database.drop()
        }
    }
}

/// Statements that move a table's columns and change their types, between rows.
private struct MovingColumns {
    private static let names = ["a", "b", "c"]
    private static let types = ["int", "int", "mood", "pair", "mood[]"]
    private var generator: SeededGenerator
    private let kind: String
    /// By their names, with their types.
    private var columns: [(name: String, type: String)] = [("a", "int")]
    private var count = 0

    init(seed: UInt64, kind: String) {
        generator = SeededGenerator(seed: seed)
        self.kind = kind
    }

    var setup: String {
        let table =
            switch kind {
            case "KEY": "CREATE TABLE t (id int PRIMARY KEY, a int)"
            case "FULL": "CREATE TABLE t (id int, a int); ALTER TABLE t REPLICA IDENTITY FULL"
            default:
                """
                CREATE TABLE t (id int PRIMARY KEY, a int) PARTITION BY RANGE (id);
                CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
                CREATE TABLE t_2 (a int, gone int, id int NOT NULL); ALTER TABLE t_2 DROP COLUMN gone;
                ALTER TABLE t ATTACH PARTITION t_2 DEFAULT
                """
            }
        return """
            CREATE TYPE mood AS ENUM ('x', 'y'); CREATE TYPE pair AS (n int, m mood); \(table);
            INSERT INTO t SELECT n, n FROM generate_series(1, 20) n
            """
    }

    /// Few or many: where much changes at once the table may be copied again.
    mutating func window() -> [String] { (0..<2 + pick(12)).map { _ in next() } }

    private mutating func next() -> String {
        guard pick(6) == 0 else { return step() }
        let steps = (0..<3).map { _ in step() }
        let inner = pick(2) == 0 ? steps[1] : "SAVEPOINT s;\n\(steps[1]);\nRELEASE s"
        return "BEGIN;\n\(steps[0]);\n\(inner);\n\(steps[2]);\nCOMMIT"
    }

    private mutating func step() -> String {
        count += 1
        let free = Self.names.filter { name in !columns.contains { $0.name == name } }
        switch pick(16) {
        case 0, 1:
            guard let name = free.first, let type = pick(of: Self.types) else { return row() }
            columns.append((name, type))
            let value = type == "int" && pick(3) == 0 ? " DEFAULT \(count)" : ""
            return "ALTER TABLE t ADD COLUMN \(name) \(type)\(value)"
        case 2, 3:
            guard !columns.isEmpty else { return row() }
            return "ALTER TABLE t DROP COLUMN \(columns.remove(at: pick(columns.count)).name)"
        case 4, 5:
            guard let name = free.first, !columns.isEmpty else { return row() }
            let column = pick(columns.count)
            defer { columns[column].name = name }
            return "ALTER TABLE t RENAME COLUMN \(columns[column].name) TO \(name)"
        case 6:
            return """
                DO $$ BEGIN EXECUTE format('ALTER TYPE mood RENAME VALUE %L TO %L',
                  (enum_range(NULL::mood))[\(pick(2) + 1)], 'label \(count)'); END $$
                """
        case 7:
            return pick(2) == 0 || kind == "FULL"
                ? "ALTER TABLE t ALTER COLUMN id SET STATISTICS \(count)"
                : "ALTER TYPE pair ADD ATTRIBUTE n\(count) int"
        case 8: return "DELETE FROM t WHERE id = \(pick(count + 20))"
        case 9, 10:
            guard let column = pick(of: columns) else { return row() }
            return "UPDATE t SET \(column.name) = \(value(column.type)) WHERE id = \(pick(count + 20))"
        default: return row()
        }
    }

    private mutating func row() -> String {
        count += 1
        let names = ["id"] + columns.map(\.name)
        var values = ["\(100 + count)"]
        for column in columns { values.append(pick(4) == 0 ? "NULL" : value(column.type)) }
        return "INSERT INTO t (\(names.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))"
    }

    private mutating func value(_ type: String) -> String {
        switch type {
        case "mood": "(enum_range(NULL::mood))[\(pick(2) + 1)]"
        case "mood[]": "enum_range(NULL::mood)"
        case "pair": "jsonb_populate_record(NULL::pair, '{\"n\": \(pick(9))}')"
        default: "\(pick(9))"
        }
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    private mutating func pick<Element>(of elements: [Element]) -> Element? {
        elements.randomElement(using: &generator)
    }
}
