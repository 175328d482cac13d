import Synchronization
import TandemCore
import TandemDuckDB
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// A random history on a real server, followed into a warehouse by runs that are cut off at random points.
///
/// What the application writes goes on meanwhile. In the end both sides must
/// hold the same rows.
struct Simulation {
    /// What takes part in it.
    struct Way: Sendable, CustomTestStringConvertible {
        var version: PostgresServer.Version
        var plugin = "pgoutput"
        /// Whether changes go into another database of the same server, and not into a DuckDB file.
        var isIntoPostgres = false

        var testDescription: String { "\(version), \(plugin)\(isIntoPostgres ? ", into Postgres" : "")" }

        static let all =
            PostgresServer.Version.allCases.map { Way(version: $0) } + [Way(version: .v15, plugin: "wal2json")]
            + PostgresServer.Version.allCases.map { Way(version: $0, isIntoPostgres: true) }
            + PostgresServer.Version.allCases.map { Way(version: $0, plugin: triggers) }
            + [Way(version: .v16, plugin: triggers, isIntoPostgres: true)]

        /// Those that read the log.
        static let logged = all.filter { !$0.isNoted }

        /// In the place of a plugin: what changes is noted by triggers.
        static let triggers = "triggers"
        var isNoted: Bool { plugin == Self.triggers }
    }

    private let seed: UInt64
    private let way: Way
    private let evolves: Bool
    private let deletes: DeletePolicy
    /// The table of the history whose rows nothing tells apart: it would be copied whole, and not marked.
    private let keyless: TablePattern
    private let schema: String
    private let every: TablePattern
    private let database: TestDatabase
    private let warehouse: Warehouse
    private let rounds = 3
    private let transactionsPerRound = 8

    /// What came of it.
    struct Outcome {
        /// The tables that differ.
        var differences: [String]
        /// Where the runs were cut off.
        var faults: [FaultPoint]
    }

    private enum Warehouse {
        case file(TemporaryFolder)
        case database(TestDatabase)
    }

    init(seed: UInt64, _ way: Way, evolves: Bool = false, deletes: DeletePolicy = .hard) throws {
        self.deletes = deletes
        // The names of prepared transactions, which are the server's, begin with that of the schema.
        schema = "\(way.plugin)_\(way.isIntoPostgres ? "database" : "file")\(evolves ? "_evolving" : "")"
        keyless = try TablePattern("\(schema).events")
        every = try TablePattern("*.*")
        self.seed = seed
        self.way = way
        self.evolves = evolves
        database = try TestDatabase(way.version)
        warehouse = way.isIntoPostgres ? .database(try TestDatabase(way.version)) : .file(try TemporaryFolder())
    }

    func run() async throws -> Outcome {
        let options = RandomHistory.Options(
            evolves: evolves,
            prepares: true,
            losesTrack: way.plugin == "wal2json"
        )
        var history = RandomHistory(seed: seed, schema: schema, options: options)
        try database.execute(history.setup.joined(separator: ";\n"))
        // A rule knows a table by the name that it had when it was first seen.
        if evolves, !tables.isEmpty { try await sync(nil) }
        let faults = Faults(seed: seed &+ 1, chance: 0.15, limit: 6)
        for _ in 0..<rounds {
            let transactions = (0..<transactionsPerRound).map { _ in history.nextTransaction() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try Self.write(transactions, to: database) }
                try await sync(faults)
                try await group.waitForAll()
            }
        }
        try await sync(nil)
        // What is followed goes on from where it was, and is not copied once more.
        let last = try await sync(nil)
        let copied = last.report.outcomes.filter { $0.copy.stream != nil }
        #expect(copied.isEmpty, "seed \(seed): \(copied.map(\.copy.target)) copied although nothing was written")
        if way.isNoted { #expect(try database.execute("SELECT count(*) > 2 FROM tandem.captures") == "t") }
        let differences = try await verify(last.plan)
        try await tearDown()
        return Outcome(differences: differences, faults: faults.log)
    }

    private static func write(_ transactions: [[String]], to database: TestDatabase) throws {
        for transaction in transactions { try database.execute(transaction.joined(separator: ";\n") + ";") }
    }

    /// Runs until one run gets to its end, each with new connections, as after a crash.
    @discardableResult
    private func sync(_ faults: Faults?) async throws -> SyncRun.Result {
        let retries = RetryPolicy(limit: 3, firstPause: .zero, longestPause: .zero)
        while true {
            let (source, destination) = try ends()
            let attempts = Mutex(0)
            do {
                let run = SyncRun(
                    RunContext(
                        configuration,
                        from: faults.map { InterceptedSource.failing(source, $0) } ?? source,
                        to: faults.map { FaultyDestination(destination, $0) } ?? destination,
                        readers: 2,
                        retries: retries,
                        observe: { event in
                            if case .retrying(_, _, let attempt) = event { attempts.withLock { $0 = attempt } }
                        }
                    ),
                    state: nil
                )
                let result = try await run.run()
                await close(source, destination)
                // A table that a fault kept from being copied does not stop the others, and comes with the next run.
                if result.report.failures.isEmpty { return result }
                let failures = result.report.failures.map { "\($0.table.schema.name): \($0.failure.message)" }
                guard faults != nil else { throw PostgresServer.Failure(description: "\(failures)") }
            } catch {
                await close(source, destination)
                let isTransient = (error as? any ExplainedError)?.isTransient == true
                // Faults have used up the attempts.
                let isGivenUp = isTransient && attempts.withLock { $0 } == retries.limit
                guard faults != nil, isGivenUp || error is TestFault else { throw error }
            }
        }
    }

    /// The tables whose copies are missing or differ.
    private func verify(_ plan: SyncPlan) async throws -> [String] {
        let (source, destination) = try ends()
        let results = try await Verification(
            RunContext(
                configuration,
                from: source,
                to: destination,
                readers: 2
            )
        ).run()
        await close(source, destination)
        let copies = Set(results.map(\.copy.schema.id))
        let tables = plan.tables.map(\.schema)
        let missing = tables.filter { !copies.contains($0.id) }
        return missing.map { "\($0.name): no copy" }
            + results.compactMap { result in
                if case .equal = result.verdict { return nil }
                // The copy of a table that is dropped stays, unless another table has its name.
                guard tables.contains(where: { $0.id == result.copy.schema.id }) else { return nil }
                return "\(result.copy.target): \(result.verdict)"
            }
    }

    private func tearDown() async throws {
        let (source, destination) = try ends()
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
        if case .database(let copy) = warehouse { try copy.drop() }
    }

    private func ends() throws -> (any Source, any Destination) {
        let destination: any Destination =
            switch warehouse {
            case .file(let folder): try folder.warehouse()
            case .database(let database): try database.destination()
            }
        // A page or two: some of the tables have more.
        let source = try database.source(plugin: way.isNoted ? "auto" : way.plugin, sectionBytes: 1 << 13)
        return (source, destination)
    }

    private func close(_ source: any Source, _ destination: any Destination) async {
        await source.close()
        await destination.close()
    }

    private var configuration: SyncConfiguration {
        SyncConfiguration(
            name: "simulation",
            from: "shop",
            to: "warehouse",
            method: way.isNoted ? .fixed(.triggerBased) : .auto,
            tables: tables,
            deletes: deletes,
            syncedAt: deletes == .soft,
            autoSetup: way.isNoted
        )
    }

    private var tables: [TableRule] {
        if deletes == .soft { return [TableRule(keyless, excludes: true)] }
        return way.isNoted ? [TableRule(keyless, method: .fixed(.fullTable)), TableRule(every)] : []
    }
}
