import TandemCore
import TandemEngine
import TandemRows
import TandemTesting
import Testing

/// A database whose tables are read by a cursor into a DuckDB file or another database, run by run.
struct CursorDatabase {
    /// What takes part in it.
    struct Way: Sendable, CustomTestStringConvertible {
        var version: PostgresServer.Version
        var isIntoPostgres = false

        var testDescription: String { "\(version)\(isIntoPostgres ? ", into Postgres" : "")" }

        static let all = PostgresServer.Version.allCases.flatMap { version in
            [Way(version: version), Way(version: version, isIntoPostgres: true)]
        }
    }

    let database: TestDatabase
    private let folder: TemporaryFolder
    /// Where rows go, if that is no file.
    private let copy: TestDatabase?
    var sync = SyncConfiguration(name: "read", from: "shop", to: "warehouse", method: .fixed(.incremental))
    /// Open writers are not waited for unless a test is about that.
    var patience = WriterWaitLimit(reading: .zero, copying: .zero)
    var faults: Faults?
    /// What goes wrong while rows are read.
    var readFaults: [TableName: [ReadFault]] = [:]

    init(_ way: Way, _ setup: String) throws {
        database = try TestDatabase(way.version)
        folder = try TemporaryFolder()
        copy = way.isIntoPostgres ? try TestDatabase(way.version) : nil
        try database.execute(setup)
    }

    /// Adds a table to the sync.
    mutating func read(_ table: String, by cursor: [String], lookback: Lookback? = .number(0)) throws {
        sync.tables.append(TableRule(try TablePattern(table), cursor: cursor, lookback: lookback))
    }

    @discardableResult
    func run(
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws -> SyncRun.Result {
        let source = try database.source()
        let destination = try destination()
        return try await SyncRun(
            RunContext(
                sync,
                from: InterceptedSource.failing(source, .range, faults: readFaults),
                to: faults.map { FaultyDestination(destination, $0) } ?? destination,
                readers: 2,
                retries: RetryPolicy(limit: 3, firstPause: .zero, longestPause: .zero),
                patience: patience,
                observe: observe
            ),
            state: nil
        ).closing { try await $0.run() }
    }

    /// What a run reads of the only table, and whether it merges that.
    func reading() async throws -> (rows: Int, isMerged: Bool) {
        let report = try await run().report
        try #require(report.failures.isEmpty, "\(report.failures)")
        let outcome = try #require(report.outcomes.first)
        return (outcome.tally.rows, outcome.merge != nil)
    }

    func plan() async throws -> SyncPlan {
        let source = try database.source()
        let destination = try destination()
        let plan = try await Planner.plan(sync, from: source, to: destination)
        await source.close()
        await destination.close()
        return plan
    }

    func verify() async throws -> [Verification.TableResult] {
        let source = try database.source()
        let destination = try destination()
        let results = try await SyncRun(RunContext(sync, from: source, to: destination, readers: 2), state: nil)
            .verify().results
        await source.close()
        await destination.close()
        return results
    }

    /// Whether both sides hold the same rows.
    func isEqual() async throws -> Bool {
        let results = try await verify()
        return !results.isEmpty
            && results.allSatisfy { if case .equal = $0.verdict { true } else { false } }
    }

    /// The destination's answer, nulls as `-`.
    func ask(_ sql: String) async throws -> [[String]] {
        let destination = try destination()
        let rows = try await destination.query(sql).rows.map { $0.map { $0 ?? "-" } }
        await destination.close()
        return rows
    }

    func tearDown() throws {
        try database.drop()
        try copy?.drop()
    }

    private func destination() throws -> any Destination {
        let made = try copy.map { try $0.destination() } ?? folder.warehouse()
        return made
    }
}
