import TandemCore
import TandemEngine
import TandemTesting
import Testing

/// A random history of tables that are read by a cursor: ties, nulls, transactions that commit late or never, runs that
/// are cut off at random points.
///
/// What the application writes goes on meanwhile. In the end both sides must hold the same rows.
struct CursorSimulation {
    private let seed: UInt64
    private let database: CursorDatabase
    private var generator: SeededGenerator
    /// Names of transactions that are prepared.
    private var open: [String] = []
    private var count = 0
    private let rounds = 4
    private let transactionsPerRound = 8

    init(seed: UInt64, _ way: CursorDatabase.Way) throws {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        var database = try CursorDatabase(
            way,
            """
            CREATE SEQUENCE clock;
            CREATE TABLE numbered (id int PRIMARY KEY, note text, seen bigint);
            CREATE TABLE timed (a int, b text, seen timestamptz, part int, data jsonb, PRIMARY KEY (b, a));
            CREATE INDEX ON timed (seen, part);
            CREATE TABLE events (at timestamp, what text, amount numeric(9,2));
            INSERT INTO numbered SELECT i, 'first', nextval('clock') FROM generate_series(1, 300) i;
            INSERT INTO timed SELECT i, 'k', clock_timestamp(), i % 3, NULL FROM generate_series(1, 300) i;
            INSERT INTO events VALUES (clock_timestamp() AT TIME ZONE 'UTC', 'e', 1);
            CREATE VIEW shown AS SELECT at, what || amount AS text FROM events
            """
        )
        try database.read("public.numbered", by: ["seen"])
        try database.read(
            "public.timed",
            by: ["seen", "part"],
            lookback: seed.isMultiple(of: 3) ? .seconds(1) : .number(0)
        )
        try database.read("public.events", by: ["at"])
        try database.read("public.shown", by: ["at"])
        database.sync.deletes = seed.isMultiple(of: 2) ? .compare : .hard
        database.sync.compareEvery = seed.isMultiple(of: 4) ? 2 : 1
        self.database = database
    }

    /// - Returns: The tables that differ, and where runs were cut off.
    mutating func run() async throws -> (differences: [String], faults: [FaultPoint]) {
        try await sync(nil)
        let faults = Faults(seed: seed &+ 1, chance: 0.2, limit: 6)
        for _ in 0..<rounds {
            let transactions = (0..<transactionsPerRound).map { _ in nextTransaction() }
            let database = database.database
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for transaction in transactions { try database.execute(transaction) } }
                try await sync(faults)
                try await group.waitForAll()
            }
        }
        for name in open { try database.database.execute("COMMIT PREPARED '\(name)'") }
        try await sync(nil)
        // Keys are compared at the latest by then.
        try await sync(nil)
        let results = try await database.verify()
        #expect(results.count == 4)
        let differences = results.compactMap { result -> String? in
            if case .equal = result.verdict { return nil }
            return "\(result.copy.target): \(result.verdict)"
        }
        try database.tearDown()
        return (differences, faults.log)
    }

    /// Runs until one run gets to its end, each with new connections, as after a crash.
    private func sync(_ faults: Faults?) async throws {
        var database = database
        database.faults = faults
        while true {
            do {
                let failures = try await database.run().report.failures
                if failures.isEmpty { return }
                guard faults != nil else {
                    throw PostgresServer.Failure(description: "\(failures.map(\.failure.message))")
                }
            } catch is TestFault {}
        }
    }

    private mutating func nextTransaction() -> String {
        if !open.isEmpty, chance(0.3) { return "COMMIT PREPARED '\(open.removeFirst())'" }
        let statements = (0..<Int.random(in: 1...4, using: &generator)).map { _ in nextStatement() }
        let body = "BEGIN;\n" + statements.joined(separator: ";\n") + ";\n"
        guard chance(0.2) else { return body + (chance(0.1) ? "ROLLBACK" : "COMMIT") }
        count += 1
        let name = "\(database.database.name)_\(count)"
        open.append(name)
        return body + "PREPARE TRANSACTION '\(name)'"
    }

    /// Rows that an open transaction has written to are passed over: nobody waits for it.
    private mutating func nextStatement() -> String {
        let id = Int.random(in: 1...400, using: &generator)
        let far = Int.random(in: 1_000...1_000_000_000, using: &generator)
        let seen = chance(0.1) ? "NULL" : "nextval('clock')"
        let now = chance(0.1) ? "NULL" : "clock_timestamp()"
        let part = chance(0.1) ? "NULL" : "\(id % 3)"
        func some(_ table: String, _ key: String) -> String {
            "\(key) IN (SELECT \(key) FROM \(table) WHERE \(key) % 7 = \(id % 7) LIMIT 5 FOR UPDATE SKIP LOCKED)"
        }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0, 1:
            return "INSERT INTO numbered VALUES (\(far), 'new', \(seen)) ON CONFLICT DO NOTHING"
        case 2:
            return """
                INSERT INTO numbered SELECT \(far) + i, 'tie', t.value FROM generate_series(1, 4) i,
                  (SELECT nextval('clock') AS value) t ON CONFLICT DO NOTHING
                """
        case 3, 4:
            return "UPDATE numbered SET note = note || '!', seen = nextval('clock') WHERE \(some("numbered", "id"))"
        case 5, 6:
            return
                "INSERT INTO timed VALUES (\(far), 'k\(id % 5)', \(now), \(part), '{\"n\": \(id)}') ON CONFLICT DO NOTHING"
        case 7: return "UPDATE timed SET data = NULL, seen = clock_timestamp() WHERE \(some("timed", "a"))"
        case 8:
            return """
                INSERT INTO events SELECT clock_timestamp() AT TIME ZONE 'UTC', 'e', \(id) FROM generate_series(1, 2)
                """
        default:
            guard database.sync.deletes == .compare else { return "SELECT 1" }
            return chance(0.5)
                ? "DELETE FROM numbered WHERE \(some("numbered", "id"))"
                : "DELETE FROM timed WHERE \(some("timed", "a"))"
        }
    }

    private mutating func chance(_ chance: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < chance }
}
