import Synchronization
import TandemCore
import TandemRows

/// A destination as one bounded run of a sync sees it: what it remembers of the sync is asked for once, and anew after
/// the run has written. Nobody else writes for the sync meanwhile (``SyncLock``), so that this is what is there.
final class RememberedDestination: Destination {
    private struct State {
        var memory: SyncMemory?
        /// Another one after each beginning and end of a write: what was asked for in between is of neither.
        var version = 0
        var writes = 0
    }

    private let destination: any Destination
    private let sync: String
    private let state = Mutex(State())

    init(_ destination: any Destination, of sync: String) {
        self.destination = destination
        self.sync = sync
    }

    /// All that is remembered of the sync.
    private func memory() async throws -> SyncMemory {
        let (known, version) = state.withLock { ($0.memory, $0.version) }
        if let known { return known }
        let memory = try await destination.memory(of: sync)
        state.withLock { if $0.version == version, $0.writes == 0 { $0.memory = memory } }
        return memory
    }

    /// - Parameter effect: What of the memory is another by the write, where that is known without asking.
    fileprivate func write<Value>(
        effect: ((inout SyncMemory) -> Void)? = nil,
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        let (before, version) = begin()
        do {
            let value = try await body()
            end(after: version, before, effect)
            return value
        } catch {
            end(after: version, nil, nil)
            throw error
        }
    }

    private func begin() -> (memory: SyncMemory?, version: Int) {
        state.withLock { state in
            defer { state.memory = nil }
            state.version += 1
            state.writes += 1
            return (state.memory, state.version)
        }
    }

    /// - Parameter version: As it was when the write began: another now where somebody else has written meanwhile.
    private func end(after version: Int, _ before: SyncMemory?, _ effect: ((inout SyncMemory) -> Void)?) {
        state.withLock { state in
            state.writes -= 1
            let isAlone = state.version == version && state.writes == 0
            state.version += 1
            guard isAlone, var memory = before, let effect else { return }
            effect(&memory)
            state.memory = memory
        }
    }
}

private final class RememberedTransaction: WriteTransaction {
    private let transaction: any WriteTransaction
    private let destination: RememberedDestination
    private let isOfRun: Bool
    /// Whether more is written than how far the stream is.
    private let hasChanges = Atomic(false)

    init(transaction: any WriteTransaction, destination: RememberedDestination, isOfRun: Bool) {
        self.transaction = transaction
        self.destination = destination
        self.isOfRun = isOfRun
    }

    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]] {
        hasChanges.store(true, ordering: .relaxed)
        return try await transaction.apply(changes)
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        let isKnown = isOfRun && changes.isEmpty && !hasChanges.load(ordering: .relaxed)
        let effect = { (memory: inout SyncMemory) in
            if let checkpoint { memory.streams[checkpoint.method] = checkpoint }
        }
        return try await destination.write(effect: isKnown ? effect : nil) {
            try await transaction.commit(changes, advancing: checkpoint)
        }
    }

    func rollback() async { await transaction.rollback() }
}

// MARK: What is remembered

extension RememberedDestination {
    func memory(of sync: String) async throws -> SyncMemory {
        try await sync == self.sync ? memory() : destination.memory(of: sync)
    }

    func tables(of sync: String) async throws -> [SyncedTable] {
        try await sync == self.sync ? memory().tables : destination.tables(of: sync)
    }

    func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint? {
        try await sync == self.sync ? memory().streams[method] : destination.stream(of: sync, by: method)
    }

    func made(of sync: String?) async throws -> [MadeObject] {
        let all = try await memory().made
        return sync == nil ? all : all.filter { $0.sync == sync }
    }

    func owners() async throws -> [TableName: String] { try await memory().owners }
}

// MARK: What writes

extension RememberedDestination {
    func publish(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        isPatient: Bool
    ) async throws {
        // Asked anew: the destination alone knows which rows it left out, and how many that are marked stay.
        try await write {
            try await destination.publish(copies, retiring: retired, of: sync, isPatient: isPatient)
        }
    }

    /// Of what is begun nothing shows before it is committed.
    func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction {
        let transaction = try await destination.begin(sync, refusedRows: refusedRows)
        return RememberedTransaction(transaction: transaction, destination: self, isOfRun: sync == self.sync)
    }

    func remember(_ copies: [SyncedTable], of sync: String) async throws {
        try await write { try await destination.remember(copies, of: sync) }
    }

    func note(made: [MadeObject], gone: [MadeObject]) async throws {
        guard !made.isEmpty || !gone.isEmpty else { return }
        try await write { try await destination.note(made: made, gone: gone) }
    }

    func rename(_ sync: String, to name: String) async throws -> Bool {
        try await write { try await destination.rename(sync, to: name) }
    }

    func forget(_ sync: String, tables: [TableName]?) async throws {
        try await write { try await destination.forget(sync, tables: tables) }
    }

    func teardown() async throws -> [String] { try await write { try await destination.teardown() } }
}

// MARK: What concerns no memory

extension RememberedDestination {
    var nameFolding: NameFolding { destination.nameFolding }
    var keepsReadersOut: Bool { destination.keepsReadersOut }
    func origin() async throws -> String? { try await destination.origin() }
    func check() async -> [Finding] { await destination.check() }
    func obstacles(to targets: [TableName]) async throws -> [Finding] { try await destination.obstacles(to: targets) }
    func departed(among copies: [SyncedTable]) async throws -> [TableName: String] {
        try await destination.departed(among: copies)
    }

    func locked(among targets: [TableName], for use: TableUse) async throws -> [TableName: any ExplainedError] {
        try await destination.locked(among: targets, for: use)
    }

    func discard(_ targets: [TableName]) async throws { try await destination.discard(targets) }
    func close() async { await destination.close() }
    func drop(_ load: SectionedLoad) async throws { try await destination.drop(load) }
    func finish(_ load: SectionedLoad) async throws -> Int { try await destination.finish(load) }
    func query(_ sql: String) async throws -> QueryResult { try await destination.query(sql) }

    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await destination.query(sql, take: take)
    }

    func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        try await destination.load(rows, into: target)
    }

    func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad {
        try await destination.load(rows, addingTo: load)
    }

    func sectionedLoads(of sync: String) async throws -> [SectionedLoad] {
        try await destination.sectionedLoads(of: sync)
    }

    func rows(of copy: SyncedTable, as schema: TableSchema) async throws -> any TableRows {
        try await destination.rows(of: copy, as: schema)
    }

    func sum(of copy: SyncedTable, as schema: TableSchema) async throws -> TableSum? {
        try await destination.sum(of: copy, as: schema)
    }

    func sums(of copies: [(copy: SyncedTable, schema: TableSchema)]) async throws -> [TableSum?] {
        try await destination.sums(of: copies)
    }
}
