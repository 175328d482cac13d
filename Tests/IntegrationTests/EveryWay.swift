import Foundation
import TandemCore
import TandemEngine
import TandemPostgres
import TandemTesting
import Testing

/// One way by which a database comes into a file or into another database, for promises that hold for all of them.
struct EveryWay: Sendable, CustomTestStringConvertible {
    /// The names are also those of syncs and of parts of slots.
    enum Reading: String, CaseIterable {
        case whole, cursor, pgoutput, wal2json, triggers
    }

    var reading: Reading
    var isIntoPostgres = false

    static let all = Reading.allCases.flatMap { [EveryWay(reading: $0), EveryWay(reading: $0, isIntoPostgres: true)] }

    var testDescription: String { "\(reading.rawValue) into \(isIntoPostgres ? "Postgres" : "DuckDB")" }

    var isFollowed: Bool { reading != .whole }

    private var method: Method {
        switch reading {
        case .whole: .fullTable
        case .cursor: .incremental
        case .pgoutput, .wal2json: .logBased
        case .triggers: .triggerBased
        }
    }

    /// The way of a database, with a destination of its own.
    struct Route {
        let way: EveryWay
        let source: TestDatabase
        let folder: TemporaryFolder
        /// Where rows go, if that is no file.
        let copy: TestDatabase?
        var sync: SyncConfiguration
        /// Whom both ends are spoken to as.
        var user = PostgresServer.user
        /// Hears what the destination has to say.
        var notify: @Sendable (String) -> Void = { _ in }

        /// - Parameter rules: The tables that are chosen; where a cursor is read, with its column.
        init(
            _ way: EveryWay,
            from source: TestDatabase,
            _ rules: [TableRule] = [],
            into copy: TestDatabase? = nil
        ) throws {
            (self.way, self.source) = (way, source)
            folder = try TemporaryFolder()
            self.copy = way.isIntoPostgres ? try copy ?? TestDatabase(.v15) : nil
            sync = SyncConfiguration(
                name: way.reading.rawValue + (way.isIntoPostgres ? "_pg" : ""),
                from: "shop",
                to: "warehouse",
                method: .fixed(way.method),
                tables: rules,
                deletes: way.reading == .cursor ? .compare : .hard,
                autoSetup: true
            )
        }

        func makeSource() throws -> any Source {
            var settings = settings(of: source)
            settings["plugin"] = way.reading == .wal2json ? "wal2json" : "pgoutput"
            settings["slot"] = "tandem_\(source.name)_\(sync.name)"
            let config = PostgresConnector.configure(settings).config
            return PostgresSource(config, in: ConnectionContext(name: "shop", folder: "/"))
        }

        func makeDestination() throws -> any Destination {
            guard let copy else { return try folder.warehouse(notify: notify) }
            let config = PostgresConnector.configure(settings(of: copy)).config
            let context = ConnectionContext(name: "copy", folder: "/", notify: notify)
            return try #require(try PostgresConnector.destination(config, in: context))
        }

        private func settings(of database: TestDatabase) -> [String: String] {
            [
                "host": PostgresServer.host, "port": "\(database.server.port)", "user": user,
                "database": database.name, "readers": "2",
            ]
        }

        func with<Value>(_ body: (SyncRun) async throws -> Value) async throws -> Value {
            let run = try SyncRun(
                RunContext(
                    sync,
                    from: makeSource(),
                    to: makeDestination(),
                    readers: 2,
                    retries: RetryPolicy(limit: 0),
                    patience: WriterWaitLimit(reading: .zero, copying: .zero)
                ),
                state: nil
            )
            return try await run.closing(body)
        }

        /// - Returns: How many tables were copied whole.
        @discardableResult
        func run() async throws -> Int {
            let report = try await with { try await $0.run() }.report
            if let failure = report.failures.first { throw PostgresServer.Failure(description: "\(failure)") }
            return report.outcomes.filter { $0.merge == nil }.count
        }

        /// Has the destination forget the copies.
        func reset() async throws {
            let destination = try makeDestination()
            try await destination.forget(sync.name, tables: nil)
            await destination.close()
        }

        /// What `verify` finds to differ.
        func differences() async throws -> [String] {
            try await with { try await $0.verify().results }.compactMap { result in
                if case .equal = result.verdict { nil } else { "\(result.copy.target): \(result.verdict)" }
            }
        }

        /// The destination's answer, by a user's own statement; nulls as `-`.
        func ask(_ sql: String) async throws -> [[String]] {
            let destination = try makeDestination()
            let rows = try await destination.query(sql).rows.map { $0.map { $0 ?? "-" } }
            await destination.close()
            return rows
        }

        /// Removes what was made at the source for all syncs that the destination knows of.
        func tearDownSource() async throws {
            let source = try makeSource()
            let destination = try makeDestination()
            try await source.tearDown(knownTo: destination)
            await source.close()
            await destination.close()
        }

        func tearDown() async throws {
            try await tearDownSource()
            try copy?.drop()
        }
    }
}

extension TestDatabase {
    /// The answer of `sql` as rows of text, nulls as `-`, whatever the database says of sessions.
    func ask(_ sql: String) async throws -> [[String]] {
        let source = try source()
        let rows = try await source.query(sql).rows.map { $0.map { $0 ?? "-" } }
        await source.close()
        return rows
    }
}
