import Synchronization
import TandemCore
import TandemEngine
import TandemRows
import TandemState
import TandemTesting
import Testing

/// A database that is followed into a DuckDB file, run by run.
struct FollowedDatabase {
    let database: TestDatabase
    let folder: TemporaryFolder
    var sync: SyncConfiguration
    var plugin = "auto"
    var publication: String?
    /// Where the history of its runs is kept, if anywhere.
    var state: StateStore?

    /// - Parameters:
    ///   - encoding: Of the database. What is executed is UTF-8 all the same.
    ///   - server: A server of the test's own, which it may stop.
    init(
        _ version: PostgresServer.Version,
        _ setup: String,
        encoding: String = "UTF8",
        server: PostgresServer? = nil
    ) throws {
        let server = try server ?? PostgresServer.shared(version)
        database = TestDatabase(server: server, name: try server.makeDatabase(encoding: encoding))
        try server.execute("ALTER DATABASE \(database.name) SET client_encoding = 'UTF8'")
        folder = try TemporaryFolder()
        sync = SyncConfiguration(name: "followed", from: "shop", to: "warehouse", method: .fixed(.logBased))
        try database.execute(setup)
    }

    @discardableResult
    func run(
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws -> SyncRun.Result {
        try await with(observe) { run in
            let result = try await run.run()
            #expect(result.report.failures.isEmpty)
            return result
        }
    }

    /// - Returns: What was compared of the only table.
    func verify() async throws -> Verification.TableResult {
        let results = try await with { try await $0.verify().results }
        return try #require(results.first)
    }

    /// Why tables were copied again, once `sql` had been executed, of which lines `---` divide what goes together.
    func reasons(after sql: String) async throws -> [String: String] {
        for part in sql.split(separator: "\n---\n") { try database.execute(String(part)) }
        let reasons = Mutex<[String: String]>([:])
        let result = try await run { event in
            guard case .copyingAgain(let table, let reason) = event else { return }
            reasons.withLock { $0[table.schema.name.table] = reason }
        }
        let found = reasons.withLock(\.self)
        #expect(Set(result.report.outcomes.map(\.copy.target.table)) == Set(found.keys), "\(sql)")
        return found
    }

    /// Records every table that differs.
    func checkEqual(after sql: String) async throws {
        for result in try await with({ _ in }, { try await $0.verify().results }) {
            if case .equal = result.verdict { continue }
            Issue.record("\(result.copy.target) after \(sql): \(result.verdict)")
        }
    }

    /// - Parameter follows: Whether a run goes on until it is cancelled.
    func with<Value>(
        follows: Bool = false,
        _ observe: @escaping @Sendable (RunEvent) async -> Void = { _ in },
        _ body: (SyncRun) async throws -> Value
    ) async throws -> Value {
        let source = try database.source(plugin: plugin, publication: publication)
        let destination = try folder.warehouse()
        let run = SyncRun(
            RunContext(
                sync,
                from: source,
                to: destination,
                readers: 2,
                follows: follows,
                observe: observe
            ),
            state: state
        )
        return try await run.closing(body)
    }

    /// The answer of the warehouse, nulls as `-`.
    func ask(_ sql: String) async throws -> [[String]] {
        let destination = try folder.warehouse()
        let rows = try await destination.query(sql).rows.map { $0.map { $0 ?? "-" } }
        await destination.close()
        return rows
    }

    func tearDown() async throws {
        let source = try database.source()
        let destination = try folder.warehouse()
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
    }
}

/// Waits until `condition` holds, for two minutes at most.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let limit = ContinuousClock.now + .seconds(120)
    while try await !condition() {
        try #require(ContinuousClock.now < limit, "\(what)")
        try await Task.sleep(for: .milliseconds(20))
    }
}
