import TandemCore
import TandemRows

/// The file as it is loaded: on a thread of its own, so that changes are written and questions answered meanwhile.
///
/// It holds the file open from the first load until all that was loaded is published or discarded.
actor WarehouseLoader {
    private let executor = ThreadExecutor(label: "tandem.duckdb.load")
    private let opener: FileOpener
    private let notify: @Sendable (String) -> Void
    private var warehouse: Warehouse?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ opener: FileOpener, notify: @escaping @Sendable (String) -> Void) {
        self.opener = opener
        self.notify = notify
    }

    func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        try await attempt(rows) { try $0.load(rows, into: target) }
    }

    func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad {
        try await attempt(rows) { try $0.load(rows, addingTo: load) }
    }

    func finish(_ load: SectionedLoad) async throws -> Int { try await attempt(nil) { try $0.finish(load) } }

    /// Drops what was loaded in sections for a target.
    func drop(_ load: SectionedLoad) async throws {
        let warehouse = try await opened()
        try warehouse.dropKept { $0.target == load.target && $0.sync == load.sync }
        warehouse.loads[SQL.fold(load.target)] = nil
        if warehouse.isIdle { self.warehouse = nil }
    }

    private func attempt<Value: Sendable>(
        _ rows: (any TableRows)?,
        _ body: (Warehouse) throws -> Value
    ) async throws -> Value {
        do {
            let warehouse = try await opened()
            let interrupter = warehouse.session.interrupter
            return try await withTaskCancellationHandler {
                // On this actor's thread: without a word of the actor it would run on one of the few that all tasks
                // share.
                assertIsolated()
                try Task.checkCancellation()
                return try body(warehouse)
            } onCancel: {
                rows?.cancel()
                interrupter.interrupt()
            }
        } catch DuckDBError.diskFull(let path, let free) {
            await reclaim()
            throw DuckDBError.diskFull(path: path, free: free)
        }
    }

    /// Makes room again on a disk that rows have filled which nobody wants now, if it can: others may need it.
    func reclaim() async {
        let (loads, held, failed) = (warehouse?.loads ?? [:], warehouse?.held ?? [], warehouse?.failed ?? [:])
        warehouse = nil
        warehouse = try? Warehouse(
            await opener.open(.write),
            config: opener.config,
            loads: loads,
            held: held,
            notify: notify
        )
        warehouse?.failed = failed
        try? warehouse?.shrink()
        if loads.isEmpty, held.isEmpty { warehouse = nil }
    }

    func publish(_ copies: [SyncedTable], retiring retired: [TableName], of sync: String) async throws {
        let warehouse = try await opened()
        for note in try warehouse.publish(copies, retiring: retired, of: sync) { notify(note) }
        do {
            try warehouse.checkpoint()
        } catch let error as DuckDBError {
            // The copies are in place and durable; only the file is larger than it need be.
            if case .diskFull = error { notify(error.description) }
        }
        if warehouse.isIdle { self.warehouse = nil }
    }

    func discard(_ targets: [TableName]) throws {
        guard let warehouse else { return }
        defer { if warehouse.isIdle { self.warehouse = nil } }
        try warehouse.discard(targets)
    }

    func close() { warehouse = nil }

    /// Forgets what is known of `sync`, or of some of its tables.
    func forget(_ sync: String, _ tables: [TableName]?) async throws {
        let warehouse = try await opened()
        try Metadata(warehouse.session).forget(sync, tables)
        try warehouse.dropKept { load in load.sync == sync && tables.map { $0.contains(load.target) } ?? true }
        if warehouse.isIdle { self.warehouse = nil }
    }

    private func opened() async throws -> Warehouse {
        if let warehouse { return warehouse }
        let session = try await opener.open(.write)
        // Someone else may have come first while this waited.
        if let warehouse { return warehouse }
        let opened = try Warehouse(session, config: opener.config, notify: notify)
        warehouse = opened
        return opened
    }
}
