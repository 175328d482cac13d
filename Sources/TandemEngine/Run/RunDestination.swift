import Synchronization
import TandemCore
import TandemRows

/// A destination as one run of a sync sees it.
///
/// What it remembers of the sync a bounded run asks for once, and anew after it has written: nobody else writes for the
/// sync meanwhile (``SyncLock``). A run that follows lets others in for a while, who may write, and asks each time.
/// Its streams write side by side, one at a time: who begins a transaction waits for the end of the one that is open,
/// and so does whatever else changes what is remembered.
final class RunDestination: Destination {
    private struct State {
        var memory: SyncMemory?
        /// Another one after each beginning and end of a write: what was asked for in between is of neither.
        var version = 0
        var writes = 0
    }

    private let destination: any Destination
    private let sync: String
    /// Inside is who writes; `nil` where only one ever does.
    private let writing: Gate?
    private let state = Mutex(State())

    init(_ destination: any Destination, of sync: String, follows: Bool) {
        self.destination = destination
        self.sync = sync
        writing = follows ? Gate() : nil
    }

    private func remembers(_ sync: String) -> Bool { writing == nil && sync == self.sync }

    /// All that is remembered of the sync.
    private func memory() async throws -> SyncMemory {
        let (known, version) = state.withLock { ($0.memory, $0.version) }
        if let known { return known }
        let memory = try await destination.memory(of: sync)
        state.withLock { if $0.version == version, $0.writes == 0 { $0.memory = memory } }
        return memory
    }

    /// Calls `body`, which writes, while nobody else does.
    private func write<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard let writing else { return try await noting(effect: nil, body) }
        return try await writing.pass { try await noting(effect: nil, body) }
    }

    /// - Parameter effect: What of the memory is another by the write, where that is known without asking.
    fileprivate func noting<Value>(
        effect: ((inout SyncMemory) -> Void)?,
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

private final class RunTransaction: WriteTransaction {
    private let transaction: any WriteTransaction
    private let destination: RunDestination
    private let isOfRun: Bool
    /// What it is inside of until its end.
    private let writing: Gate?
    private let isOpen = Atomic(true)
    /// Whether more is written than how far the stream is.
    private let hasChanges = Atomic(false)

    init(transaction: any WriteTransaction, destination: RunDestination, isOfRun: Bool, inside writing: Gate?) {
        self.transaction = transaction
        self.destination = destination
        self.isOfRun = isOfRun
        self.writing = writing
    }

    deinit { end() }

    private func end() { if isOpen.exchange(false, ordering: .relaxed) { writing?.leave() } }

    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]] {
        hasChanges.store(true, ordering: .relaxed)
        do { return try await transaction.apply(changes) } catch {
            await rollback()
            throw error
        }
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        let isKnown = isOfRun && changes.isEmpty && !hasChanges.load(ordering: .relaxed)
        let effect = { (memory: inout SyncMemory) in
            if let checkpoint { memory.streams[checkpoint.method] = checkpoint }
        }
        do {
            let issues = try await destination.noting(effect: isKnown ? effect : nil) {
                try await transaction.commit(changes, advancing: checkpoint)
            }
            end()
            return issues
        } catch {
            await rollback()
            throw error
        }
    }

    /// Whoever begins after its end is left alone.
    func rollback() async {
        guard isOpen.load(ordering: .relaxed) else { return }
        await transaction.rollback()
        end()
    }
}

// MARK: What is remembered

extension RunDestination {
    func memory(of sync: String) async throws -> SyncMemory {
        try await remembers(sync) ? memory() : destination.memory(of: sync)
    }

    func tables(of sync: String) async throws -> [SyncedTable] {
        try await remembers(sync) ? memory().tables : destination.tables(of: sync)
    }

    func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint? {
        try await remembers(sync) ? memory().streams[method] : destination.stream(of: sync, by: method)
    }

    func made(of sync: String?) async throws -> [MadeObject] {
        guard writing == nil else { return try await destination.made(of: sync) }
        let all = try await memory().made
        return sync == nil ? all : all.filter { $0.sync == sync }
    }

    func owners() async throws -> [TableName: String] {
        try await writing == nil ? memory().owners : destination.owners()
    }
}

// MARK: What writes

extension RunDestination {
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
        try await writing?.enter()
        do {
            let transaction = try await destination.begin(sync, refusedRows: refusedRows)
            let isOfRun = sync == self.sync
            return RunTransaction(transaction: transaction, destination: self, isOfRun: isOfRun, inside: writing)
        } catch {
            writing?.leave()
            throw error
        }
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

extension RunDestination {
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
