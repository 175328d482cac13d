import Synchronization
public import TandemCore
public import TandemRows

/// A destination that fails before or after it has done what it was asked to, and is the one it wraps otherwise.
public final class FaultyDestination: Destination {
    private let destination: any Destination
    private let faults: Faults?
    private let refused: TableName?
    private let lookCount = Atomic(0)

    /// - Parameter refused: A table that is never put in place.
    public init(_ destination: any Destination, _ faults: Faults? = nil, refusing refused: TableName? = nil) {
        self.destination = destination
        self.faults = faults
        self.refused = refused
    }

    /// How often it was asked for what it remembers.
    public var looks: Int { lookCount.load(ordering: .relaxed) }

    public var nameFolding: NameFolding { destination.nameFolding }
    public var keepsReadersOut: Bool { destination.keepsReadersOut }
    public func memory(of sync: String) async throws -> SyncMemory {
        lookCount.add(1, ordering: .relaxed)
        try await faults?.pause(for: "memory")
        return try await destination.memory(of: sync)
    }

    public func tables(of sync: String) async throws -> [SyncedTable] {
        lookCount.add(1, ordering: .relaxed)
        try await faults?.pause(for: "tables")
        return try await destination.tables(of: sync)
    }
    public func owners() async throws -> [TableName: String] { try await destination.owners() }
    public func origin() async throws -> String? { try await destination.origin() }
    public func check() async -> [Finding] { await destination.check() }
    public func departed(among copies: [SyncedTable]) async throws -> [TableName: String] {
        try await faults?.pause(for: "departed")
        return try await destination.departed(among: copies)
    }

    public func locked(among targets: [TableName], for use: TableUse) async throws -> [TableName: any ExplainedError] {
        try await destination.locked(among: targets, for: use)
    }

    public func discard(_ targets: [TableName]) async throws {
        try await faults?.pause(for: "discard")
        try await destination.discard(targets)
    }
    public func teardown() async throws -> [String] { try await destination.teardown() }
    public func query(_ sql: String) async throws -> QueryResult { try await destination.query(sql) }
    public func close() async { await destination.close() }
    public func stream(of sync: String, by method: Method) async throws -> StreamCheckpoint? {
        lookCount.add(1, ordering: .relaxed)
        try await faults?.pause(for: "stream")
        return try await destination.stream(of: sync, by: method)
    }

    public func rows(of copy: SyncedTable, as schema: TableSchema) async throws -> any TableRows {
        try await destination.rows(of: copy, as: schema)
    }

    public func forget(_ sync: String, tables: [TableName]?) async throws {
        try await destination.forget(sync, tables: tables)
    }

    public func load(_ rows: any TableRows, into target: TableName) async throws -> Int {
        try await faults?.reach(.load, "\(target)")
        let count = try await destination.load(rows, into: target)
        try await faults?.reach(.loaded)
        return count
    }

    public func publish(
        _ copies: [SyncedTable],
        retiring retired: [TableName],
        of sync: String,
        isPatient: Bool
    ) async throws {
        try await faults?.reach(.publish, "\(copies.map(\.target)), \(retired)")
        if copies.contains(where: { $0.target == refused }) { throw TestFault(isTransient: false) }
        try await destination.publish(copies, retiring: retired, of: sync, isPatient: isPatient)
        try await faults?.reach(.published)
    }

    public func begin(_ sync: String, refusedRows: RefusedRows) async throws -> any WriteTransaction {
        try await faults?.pause(for: "begin")
        let transaction = try await destination.begin(sync, refusedRows: refusedRows)
        return FaultyTransaction(transaction: transaction, faults: faults)
    }

    public func remember(_ copies: [SyncedTable], of sync: String) async throws {
        try await faults?.reach(.remember, "\(copies.map(\.target))")
        try await destination.remember(copies, of: sync)
        try await faults?.reach(.remembered)
    }

    public func made(of sync: String?) async throws -> [MadeObject] {
        lookCount.add(1, ordering: .relaxed)
        return try await destination.made(of: sync)
    }

    public func rename(_ sync: String, to name: String) async throws -> Bool {
        try await destination.rename(sync, to: name)
    }

    public func note(made: [MadeObject], gone: [MadeObject]) async throws {
        try await faults?.reach(.note)
        try await destination.note(made: made, gone: gone)
        try await faults?.reach(.noted)
    }

    public func sectionedLoads(of sync: String) async throws -> [SectionedLoad] {
        try await destination.sectionedLoads(of: sync)
    }

    public func load(_ rows: any TableRows, addingTo load: SectionedLoad) async throws -> SectionedLoad {
        try await faults?.reach(.section)
        let more = try await destination.load(rows, addingTo: load)
        try await faults?.reach(.sectionLoaded)
        return more
    }

    public func finish(_ load: SectionedLoad) async throws -> Int {
        try await faults?.reach(.load)
        let count = try await destination.finish(load)
        try await faults?.reach(.loaded)
        return count
    }

    public func drop(_ load: SectionedLoad) async throws { try await destination.drop(load) }
}

private struct FaultyTransaction: WriteTransaction {
    let transaction: any WriteTransaction
    let faults: Faults?

    func apply(_ changes: [TargetChanges]) async throws -> [TableName: [RowIssue]] {
        try await between("\(changes.map(\.after.target))") { try await transaction.apply(changes) }
    }

    func commit(
        _ changes: [TargetChanges],
        advancing checkpoint: StreamCheckpoint?
    ) async throws -> [TableName: [RowIssue]] {
        let place = checkpoint.map { "\($0.checkpoint)" } ?? ""
        return try await between("\(changes.map(\.after.target)) \(place)") {
            try await transaction.commit(changes, advancing: checkpoint)
        }
    }

    func rollback() async { await transaction.rollback() }

    private func between<Value>(_ what: String, _ write: () async throws -> Value) async throws -> Value {
        try await faults?.reach(.apply, what)
        let value = try await write()
        try await faults?.reach(.applied)
        return value
    }
}
