package import TandemCore
package import TandemRows

/// A Postgres database that tables are copied to, and kept in step by changes.
package actor PostgresDestination: Destination {
    private let config: PostgresConfig
    private let context: ConnectionContext
    let connection: Connection
    /// Reads what is here.
    let source: PostgresSource
    let applier: Applier
    /// What is on its way, by target.
    var loads: [TableName: StagingTable] = [:]
    /// What is loaded in sections, and under this run's number.
    var sectioned: [TableName: StagingTable] = [:]
    /// Targets whose text the server cannot read as the types the source has.
    var keptAsText: Set<TableName> = []
    var loader: Loader?
    /// How many loads are on their way now.
    private var running = 0

    /// Does not connect yet.
    package init(_ config: PostgresConfig, in context: ConnectionContext) {
        self.config = config
        self.context = context
        connection = Connection(config, in: context)
        source = PostgresSource(config, in: context)
        applier = Applier(config, in: context)
    }

    /// The connections that loading takes, and the proof that it goes on.
    struct Loader {
        let keeper: LoadLease
        let pool: SessionPool
    }

    package func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        try await loading { try await load(rows, into: target, $0) }
    }

    /// Calls `body` with what loading takes, which stays open meanwhile.
    func loading<Value>(_ body: (Loader) async throws -> Value) async throws -> Value {
        running += 1
        defer { running -= 1 }
        return try await body(openLoader())
    }

    private func load(_ rows: any TableRows, into target: TableName, _ loader: Loader) async throws -> Int {
        try await makeRoom(for: target, loader)
        let keepsNativeText = !keptAsText.contains(target)
        let schema = rows.schema
        let load = try await connection.run { session in
            let table = try TargetTable(schema, target: target, in: session, keepsNativeText: keepsNativeText)
            return try StagingTable.make(for: table, ticket: loader.keeper.ticket, in: session)
        }
        do {
            let table = load.table
            let stored = try await CopyInWriters(rows: rows, table: table, name: load.quoted, pool: loader.pool).run()
            let pool = loader.pool
            // Takes as long as it takes to make an index; others are asked meanwhile.
            try await Blocking.run { interruption in
                let session = try pool.borrow(interruption)
                defer { pool.giveBack(session) }
                try load.finish(in: session)
            }
            loads[target] = load
            return stored
        } catch {
            // The first error is the one to know; what cannot be dropped now is swept by a later run.
            try? await connection.finish { try load.drop(in: $0) }
            throw keepsNativeText ? again(error, target, load.table) : error
        }
    }

    /// Drops what was loaded for `target`, which is to be loaded again.
    func makeRoom(for target: TableName, _ loader: Loader) async throws {
        sectioned[target] = nil
        if let other = loads.removeValue(forKey: target) { try await connection.run { try other.drop(in: $0) } }
        try await connection.run { session in
            try session.writing {
                try Metadata(session).dropKept(holding: loader.keeper.ticket) { $0.target == target }
            }
        }
    }

    /// Values that the source's own types do not take travel as text.
    func again(_ error: any Error, _ target: TableName, _ table: TargetTable) -> any Error {
        let isRefused = error is StagingTable.Uncastable || (error as? PostgresError)?.isDataException == true
        let isUnwritable: Bool
        if case .destination(_, .unwritable) = error as? PostgresError {
            isUnwritable = true
        } else {
            isUnwritable = false
        }
        guard isRefused || isUnwritable, table.hasNativeText else { return error }
        keptAsText.insert(target)
        return LoadAgain(because: "its text does not fit the source's types here, so it stays text")
    }

    private func openLoader() async throws -> Loader {
        if let loader, loader.keeper.isHeld { return loader }
        loader?.pool.close()
        sectioned = [:]
        try await connection.run { session in
            try session.writing {
                try Metadata(session).prepare()
                try Metadata(session).sweep()
            }
        }
        let (config, context) = (config, context)
        let made = try await Blocking.run { interruption in
            let keeper = try LoadLease(Session(config, in: context, interruption: interruption))
            let first = try Session(config, in: context, interruption: interruption)
            let pool = SessionPool(first: first, limit: PostgresConfig.readerRange.upperBound) { interruption in
                try Session(config, in: context, interruption: interruption)
            }
            return Loader(keeper: keeper, pool: pool)
        }
        loader = made
        return made
    }

    package func publish(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        isPatient: Bool
    ) async throws {
        let loads = loads
        let notify = context.notify
        try await connection.run { session in
            try Placement(copies: copies, retired: retired, sync: sync, loads: loads, notify: notify)
                .run(in: session, isPatient: isPatient)
        }
        await applier.forgetTables()
        for copy in copies { (self.loads[copy.target], sectioned[copy.target]) = (nil, nil) }
        if running == 0, self.loads.isEmpty, sectioned.isEmpty { closeLoader() }
    }

    package func discard(_ targets: [TableName]) async throws {
        let dropped = targets.compactMap { loads.removeValue(forKey: $0) }.filter { !$0.isKept }
        for target in targets { sectioned[target] = nil }
        defer { if running == 0, loads.isEmpty, sectioned.isEmpty { closeLoader() } }
        for load in dropped { try await connection.finish { try load.drop(in: $0) } }
    }

    private func closeLoader() {
        loader?.pool.close()
        loader?.keeper.close()
        loader = nil
        sectioned = [:]
    }

    package func close() async {
        closeLoader()
        await applier.close()
        await source.close()
        await connection.close()
    }
}
