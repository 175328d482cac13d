import Foundation
import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// One history, brought by each method that does not copy whole tables again: they make the same of it, which is what
/// the source holds. `TANDEM_SEEDS` sets how many histories, `TANDEM_SEED` the first one.
@Suite(.blocking) struct MethodsAgreeTests {
    private static var seeds: Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["TANDEM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)
        return first..<first + (environment["TANDEM_SEEDS"].flatMap { UInt64($0) } ?? 1)
    }

    private static let tables = ["orders", "lines", "pairs", "parted", "kinds"]

    @Test func everyMethodEndsWithTheSameRows() async throws {
        for seed in Self.seeds {
            print("seed \(seed)")
            try await compare(seed)
        }
    }

    private func compare(_ seed: UInt64) async throws {
        let database = try TestDatabase(.v15)
        var history = RandomHistory(seed: seed)
        func write(_ count: Int) throws {
            let transactions = (0..<count).flatMap { _ in history.nextTransaction() }
            try database.execute(transactions.joined(separator: ";\n") + ";")
        }
        try database.execute((history.setup + stamps(history.schema)).joined(separator: ";\n"))
        try write(20)
        let names = Self.tables.map { "\(history.schema).\($0)" }
        let ways = try [
            Way("pgoutput", .logBased, database, names, plugin: "pgoutput"),
            Way("wal2json", .logBased, database, names, plugin: "wal2json"),
            Way("triggers", .triggerBased, database, names),
            Way("cursor", .incremental, database, names, deletes: .compare),
        ]
        for way in ways { try await way.run() }
        for round in 0..<4 {
            try write(30)
            for way in ways {
                let outcomes = try await way.run().report.outcomes
                // A TRUNCATE of a whole partitioned table leaves its files as that of a partition does, which no log
                // tells.
                let isCopied = outcomes.contains { $0.copy.stream != nil && $0.copy.target.table != "parted" }
                #expect(!isCopied, "seed \(seed), round \(round): \(way.sync.name) copied again")
            }
            let expected = try await ways[0].rows(of: Self.tables, in: history.schema)
            for way in ways.dropFirst() {
                let rows = try await way.rows(of: Self.tables, in: history.schema)
                for table in Self.tables {
                    #expect(
                        rows[table] == expected[table],
                        "seed \(seed), round \(round): \(table) by \(way.sync.name)"
                    )
                }
            }
        }
        for way in ways { try await way.expectEqual("seed \(seed)") }
        try await ways[0].tearDown()
    }

    /// Whatever writes to a row gives it a number that is higher than all before.
    private func stamps(_ schema: String) -> [String] {
        let made = [
            "CREATE SEQUENCE stamps",
            """
            CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.stamp := nextval('public.stamps'); RETURN NEW; END $$
            """,
        ]
        return made
            + Self.tables.flatMap { table in
                [
                    "ALTER TABLE \(schema).\(table) ADD COLUMN stamp bigint",
                    """
                    CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON \(schema).\(table)
                    FOR EACH ROW EXECUTE FUNCTION stamp()
                    """,
                ]
            }
    }
}

/// A method that brings a database into a file of its own.
private struct Way {
    let database: TestDatabase
    let plugin: String
    let folder: TemporaryFolder
    let sync: SyncConfiguration

    init(
        _ name: String,
        _ method: Method,
        _ database: TestDatabase,
        _ tables: [String],
        plugin: String = "auto",
        deletes: DeletePolicy = .hard
    ) throws {
        (self.database, self.plugin) = (database, plugin)
        folder = try TemporaryFolder()
        sync = SyncConfiguration(
            name: name,
            from: "shop",
            to: "warehouse",
            method: .fixed(method),
            tables: try tables.map {
                let isRead = method == .incremental
                return TableRule(
                    try TablePattern($0),
                    cursor: isRead ? ["stamp"] : [],
                    lookback: isRead ? .number(0) : nil
                )
            },
            deletes: deletes,
            autoSetup: true
        )
    }

    @discardableResult
    func run() async throws -> SyncRun.Result {
        let result = try await with { try await $0.run() }
        #expect(result.report.failures.isEmpty, "\(sync.name): \(result.report.failures)")
        return result
    }

    func rows(of tables: [String], in schema: String) async throws -> [String: [[String?]]] {
        let destination = try folder.warehouse()
        var rows: [String: [[String?]]] = [:]
        for table in tables {
            rows[table] = try await destination.query("SELECT * FROM \(schema).\(table) ORDER BY ALL").rows
        }
        await destination.close()
        return rows
    }

    func expectEqual(_ comment: String) async throws {
        let results = try await with { try await $0.verify().results }
        #expect(!results.isEmpty)
        for result in results {
            if case .equal = result.verdict { continue }
            Issue.record("\(comment), \(sync.name): \(result.copy.target) \(result.verdict)")
        }
    }

    /// Removes what the syncs of the database left in it, and the database.
    func tearDown() async throws {
        let source = try database.source()
        let destination = try folder.warehouse()
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
    }

    private func with<Value>(_ body: (SyncRun) async throws -> Value) async throws -> Value {
        let source = try database.source(plugin: plugin, slot: "tandem_\(database.name)_\(sync.name)")
        let destination = try folder.warehouse()
        let observe: @Sendable (RunEvent) async -> Void = { [sync] event in
            guard case .copyingAgain(let table, let reason) = event else { return }
            print("\(sync.name) copies \(table.target) again, because \(reason)")
        }
        let run = SyncRun(RunContext(sync, from: source, to: destination, readers: 2, observe: observe), state: nil)
        return try await run.closing(body)
    }
}
