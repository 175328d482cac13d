import Synchronization
import TandemCore
import TandemDuckDB
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// A random history on a real server, followed into a DuckDB file by runs that are cut off at random points.
///
/// What the application writes goes on meanwhile. In the end both sides must
/// hold the same rows.
struct Simulation {
    let seed: UInt64
    let database: TestDatabase
    var plugin = "pgoutput"
    var evolves = false
    var rounds = 3
    var transactionsPerRound = 8

    /// What came of it.
    struct Outcome {
        /// The tables that differ.
        var differences: [String]
        /// Where the runs were cut off.
        var faults: [FaultPoint]
        var changes = 0
    }

    func run() async throws -> Outcome {
        var history = RandomHistory(seed: seed, options: .init(evolves: evolves))
        try database.execute(history.setup.joined(separator: ";\n"))
        let folder = try TemporaryFolder()
        let faults = Faults(seed: seed &+ 1, chance: 0.15, limit: 6)
        for _ in 0..<rounds {
            let transactions = (0..<transactionsPerRound).map { _ in history.nextTransaction() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try Self.write(transactions, to: database) }
                try await sync(folder, faults)
                try await group.waitForAll()
            }
        }
        try await sync(folder, nil)
        let differences = try await verify(folder)
        try await tearDown()
        return Outcome(differences: differences, faults: faults.log)
    }

    private static func write(_ transactions: [[String]], to database: TestDatabase) throws {
        for transaction in transactions { try database.execute(transaction.joined(separator: ";\n") + ";") }
    }

    /// Runs until one run gets to its end, each with new connections, as after a crash.
    private func sync(_ folder: TemporaryFolder, _ faults: Faults?) async throws {
        while true {
            let (source, destination) = try ends(folder)
            do {
                let run = SyncRun(
                    configuration,
                    from: faults.map { FaultyChangeSource(source, $0) } ?? source,
                    to: faults.map { FaultyChangeDestination(destination, $0) } ?? destination,
                    readers: 2,
                    retries: RetryPolicy(limit: 3, firstPause: .zero, longestPause: .zero),
                    state: nil
                )
                let result = try await run.run()
                await close(source, destination)
                // A table that a fault kept from being copied does not stop the others, and comes with the next run.
                if result.report.failures.isEmpty { return }
                let failures = result.report.failures.map { "\($0.table.schema.name): \($0.failure.message)" }
                guard faults != nil else { throw PostgresServer.Failure(description: "\(failures)") }
            } catch is TestFault {
                await close(source, destination)
            } catch {
                await close(source, destination)
                throw error
            }
        }
    }

    private func verify(_ folder: TemporaryFolder) async throws -> [String] {
        let (source, destination) = try ends(folder)
        let results = try await Verification(
            of: configuration.name,
            source: source,
            destination: destination,
            unfit: .text,
            readers: 2
        ).run()
        await close(source, destination)
        #expect(!results.isEmpty)
        return results.compactMap { result in
            if case .equal = result.verdict { return nil }
            return "\(result.copy.target): \(result.verdict)"
        }
    }

    private func tearDown() async throws {
        let source = try changeSource()
        _ = try await source.teardown(syncs: nil)
        await source.close()
    }

    private func ends(_ folder: TemporaryFolder) throws -> (any ChangeSource, any ChangeDestination) {
        guard let destination = try folder.warehouse() as? any ChangeDestination else {
            throw PostgresServer.Failure(description: "DuckDB follows no stream")
        }
        return (try changeSource(), destination)
    }

    private func changeSource() throws -> any ChangeSource {
        guard let source = try database.source(plugin: plugin) as? any ChangeSource else {
            throw PostgresServer.Failure(description: "Postgres has no stream")
        }
        return source
    }

    private func close(_ source: any Source, _ destination: any Destination) async {
        await source.close()
        await destination.close()
    }

    private var configuration: SyncConfiguration {
        SyncConfiguration(name: "simulation", from: "shop", to: "warehouse", method: .auto)
    }
}
