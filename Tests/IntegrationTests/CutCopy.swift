import Synchronization
import TandemCore
import TandemEngine
import TandemPostgres
import TandemRows
import TandemTesting
import Testing

/// A followed table of some twenty sections, whose copy is cut off as a test wants it.
struct CutCopy {
    let database: TestDatabase
    private let warehouse: Warehouse
    var sync = SyncConfiguration(name: "cut", from: "shop", to: "warehouse", method: .fixed(.logBased))

    private enum Warehouse {
        case file(TemporaryFolder)
        case database(TestDatabase)
    }

    /// What a run said of the copy.
    final class Watch: Sendable {
        struct Seen {
            var resumed: [Int] = []
            /// Rows that were there when the table was begun, and what it has come to.
            var started: [(rows: Int, progress: TableProgress)] = []
            var recopied: [String] = []
            var loaded: [String] = []
            var rereadRows: Int { started.reduce(0) { $0 + $1.progress.rows - $1.rows } }
        }

        private let state = Mutex(Seen())
        var seen: Seen { state.withLock { $0 } }

        func note(_ event: RunEvent) {
            state.withLock { state in
                switch event {
                case .tableStarted(_, let progress): state.started.append((progress.rows, progress))
                case .copyResumed(_, let bytes, _):
                    state.resumed.append(bytes)
                    if let last = state.started.indices.last {
                        state.started[last].rows = state.started[last].progress.rows
                    }
                case .copyingAgain(_, let reason): state.recopied.append(reason)
                case .tableLoaded(let table, _): state.loaded.append(table.source.schema.name.table)
                default: break
                }
            }
        }
    }

    /// Small rows and rows with a value that is kept aside, about ten to a page.
    static let setup = """
        CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, pad text NOT NULL, big text)
          WITH (autovacuum_enabled = false);
        ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
        INSERT INTO t SELECT i, i, repeat('p', 700), CASE WHEN i % 3 = 0 THEN repeat(md5(i::text), 100) END
          FROM generate_series(1, 400) i;
        """

    init(_ version: PostgresServer.Version, isIntoPostgres: Bool = false, setup: String = setup) throws {
        database = try TestDatabase(version)
        warehouse = isIntoPostgres ? .database(try TestDatabase(version)) : .file(try TemporaryFolder())
        try database.execute(setup)
    }

    /// - Parameters:
    ///   - source: A server of its own.
    ///   - copy: Another one, which the copy goes to.
    init(from source: PostgresServer, into copy: PostgresServer) throws {
        database = TestDatabase(server: source, name: try source.makeDatabase())
        warehouse = .database(TestDatabase(server: copy, name: try copy.makeDatabase()))
        try database.execute(Self.setup)
    }

    /// One run, with new connections at both ends.
    ///
    /// - Parameter retries: How often it tries again by itself.
    @discardableResult
    func run(
        _ faults: Faults? = nil,
        retries: Int = 0,
        sectionBytes: Int = 32 << 10
    ) async throws -> Watch.Seen {
        let watch = Watch()
        try await with(faults, retries: retries, sectionBytes: sectionBytes, watch) { run in
            let report = try await run.run().report
            #expect(report.failures.isEmpty)
        }
        return watch.seen
    }

    /// A run that is cut off at a fault.
    @discardableResult
    func runUntil(_ point: FaultPoint, after count: Int) async throws -> Watch.Seen {
        let watch = Watch()
        let faults = Faults(at: point, after: count, isTransient: true)
        await #expect(throws: TestFault.self) {
            try await with(faults, watch) { _ = try await $0.run() }
        }
        return watch.seen
    }

    func verify() async throws {
        let results = try await with(nil, Watch()) { try await $0.verify().results }
        #expect(!results.isEmpty)
        for result in results {
            guard case .equal = result.verdict else {
                Issue.record("\(result.copy.target): \(result.verdict)")
                continue
            }
        }
    }

    func copies() async throws -> [SyncedTable] {
        let destination = try destination()
        let copies = try await destination.tables(of: sync.name)
        await destination.close()
        return copies
    }

    func tearDown() async throws {
        let source = try database.source()
        let destination = try destination()
        try await source.tearDown(knownTo: destination)
        await source.close()
        await destination.close()
        try database.drop()
        if case .database(let copy) = warehouse { try copy.drop() }
    }

    func destination() throws -> any Destination {
        let destination =
            switch warehouse {
            case .file(let folder): try folder.warehouse()
            case .database(let database): try database.destination()
            }
        return destination
    }

    func with<Value>(
        _ faults: Faults?,
        follows: Bool = false,
        retries: Int = 0,
        sectionBytes: Int = 32 << 10,
        _ watch: Watch,
        _ body: (SyncRun) async throws -> Value
    ) async throws -> Value {
        let plain = try destination()
        let run = SyncRun(
            RunContext(
                sync,
                from: try database.source(sectionBytes: sectionBytes),
                to: faults.map { FaultyDestination(plain, $0) } ?? plain,
                readers: 2,
                retries: RetryPolicy(limit: retries, firstPause: .zero, longestPause: .zero),
                follows: follows,
                observe: { watch.note($0) }
            ),
            state: nil
        )
        return try await run.closing(body)
    }
}
