import Foundation
package import TandemCore
package import TandemRows

/// A DuckDB file that tables are copied to, and that changes are written to.
///
/// The file is open for writing from the first load until what was loaded is
/// published or discarded, and for as long as a transaction of changes takes;
/// otherwise only while a question is answered, so that other programs can
/// read it in between.
package actor DuckDBDestination: Destination {
    private let executor = ThreadExecutor(label: "tandem.duckdb")
    let opener: FileOpener
    private let context: ConnectionContext
    private var warehouse: Warehouse?
    /// Has changes that are not committed.
    var writer: ChangeWriter?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package nonisolated var nameFolding: NameFolding { SQL.folding }

    package init(_ config: DuckDBConfig, in context: ConnectionContext) {
        self.context = context
        let path = FileFacts.canonical(context.resolve(config.path ?? ""))
        opener = FileOpener(path: path, config: config, notify: context.notify)
    }

    package func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        do {
            return try await attemptLoad(rows, into: target)
        } catch DuckDBError.diskFull(let path, let free) {
            await reclaim()
            throw DuckDBError.diskFull(path: path, free: free)
        }
    }

    private func attemptLoad(_ rows: any TableRows, into target: TableName) async throws -> Int {
        let warehouse = try await opened()
        let interrupter = warehouse.session.interrupter
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try warehouse.load(rows, into: target)
        } onCancel: {
            rows.cancel()
            interrupter.interrupt()
        }
    }

    /// Makes room again on a disk that rows have filled which nobody wants now, if it can: others may need it.
    func reclaim() async {
        let loads = warehouse?.loads ?? [:]
        warehouse = nil
        warehouse = try? Warehouse(await opener.open(.write), config: opener.config, loads: loads)
        try? warehouse?.shrink()
        if loads.isEmpty { warehouse = nil }
    }

    package func publish(_ copies: [CopiedTable], retiring retired: [TableName], of sync: String) async throws {
        let warehouse = try await opened()
        try warehouse.publish(copies, retiring: retired, of: sync)
        do {
            try warehouse.checkpoint()
        } catch let error as DuckDBError {
            // The copies are in place and durable; only the file is larger than it need be.
            if case .diskFull = error { context.notify(error.description) }
        }
        self.warehouse = nil
    }

    package func discard() async throws {
        defer { warehouse = nil }
        try warehouse?.discard()
    }

    package func close() async {
        warehouse = nil
        writer = nil
    }

    /// How many threads read a table back.
    private static var readers: Int { min(ProcessInfo.processInfo.activeProcessorCount, 8) }

    private func opened() async throws -> Warehouse {
        if let warehouse { return warehouse }
        let session = try await opener.open(.write)
        // Someone else may have come first while this waited.
        if let warehouse { return warehouse }
        let opened = try Warehouse(session, config: opener.config)
        warehouse = opened
        return opened
    }

    /// A session to ask with: the one that writes, if there is one.
    func reading() async throws -> Session {
        if let warehouse { return warehouse.session }
        return try await opener.open(.read)
    }

    package func tables(of sync: String) async throws -> [CopiedTable] {
        do {
            return try Metadata(try await reading()).copies(of: sync)
        } catch DuckDBError.missing {
            return []
        }
    }

    package func owners() async throws -> [TableName: String] {
        do {
            return try Metadata(try await reading()).owners()
        } catch DuckDBError.missing {
            return [:]
        }
    }

    package func rows(of copy: CopiedTable, as schema: TableSchema) async throws -> any TableRows {
        let session = try await reading()
        return try ResultRows(
            of: copy.target,
            as: schema,
            ownColumns: copy.ownColumns,
            readers: opener.config.threads ?? Self.readers
        ) { try session.another() }
    }

    package func sum(of copy: CopiedTable, as schema: TableSchema) async throws -> TableSum? {
        let session = try await reading()
        let interrupter = session.interrupter
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try RowSum(of: copy.target, as: schema, ownColumns: copy.ownColumns, in: session).total()
        } onCancel: {
            interrupter.interrupt()
        }
    }

    package func query(_ sql: String) async throws -> QueryResult {
        try await ask(sql) { question in
            var whole = QueryResult(columns: [], types: [], rows: [])
            try question.answer { part in
                (whole.columns, whole.types) = (part.columns, part.types)
                whole.rows += part.rows
                return true
            }
            return whole
        }
    }

    package func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await ask(sql) { try $0.answer(take) }
    }

    private func ask<Value: Sendable>(_ sql: String, _ body: (Question) throws -> Value) async throws -> Value {
        let session: Session
        if let warehouse { session = warehouse.session } else { session = try await opener.open(.read, isolated: true) }
        let interrupter = session.interrupter
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try body(Question(sql: sql, session: session))
        } onCancel: {
            interrupter.interrupt()
        }
    }

    package func forget(_ sync: String, tables: [TableName]?) async throws {
        let isKnown = try await !self.tables(of: sync).isEmpty
        let isFollowing = try await stream(of: sync) != nil
        guard isKnown || isFollowing else { return }
        let warehouse = try await opened()
        try Metadata(warehouse.session).forget(sync, tables)
        if warehouse.loads.isEmpty { self.warehouse = nil }
    }

    package func teardown() async throws -> [String] {
        guard FileFacts.kind(opener.path) != .missing else { return [] }
        await close()
        return try Metadata(try await opener.open(.write)).remove()
    }

    package func check() async -> [Finding] { await FileCheck(opener: opener).findings() }
}
