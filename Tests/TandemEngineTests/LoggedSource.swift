import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting

/// A database in memory that is followed, and whatever a test has come between.
final class LoggedSource: Source {
    struct State {
        /// What keeps it from being followed.
        var refusal: NotFollowable?
        /// Errors of streams that are being made ready, in turn.
        var hindrances: [any Error] = []
        /// What streams were asked for, and what was confirmed.
        var requests: [StreamRequest] = []
        var confirmed: [String] = []
        /// Errors that streams end with, in turn, after their first batch.
        var failures: [any Error] = []
        /// Tables that must be copied again in the middle of the next transaction, at which a stream ends, once.
        var cut: [TableID: String]?
        /// What becomes of stretches of changes.
        var amend: @Sendable (inout ChangeBatch.TableChanges) -> Void = { _ in }
        /// Whether tables can be held.
        var canHold = true
        /// What streams said of tables that they held.
        var holdings: [BufferingEvent] = []
        /// Whether snapshots have to wait.
        var isCopyHeld = false {
            didSet {
                guard !isCopyHeld else { return }
                for copy in heldCopies { copy.finish() }
                heldCopies = []
            }
        }
        /// Those that wait.
        var heldCopies: [AsyncStream<Void>.Continuation] = []
        /// Errors that snapshots end with, in turn.
        var copyFailures: [any Error] = []
        var snapshots = 0
        /// The parts of tables, by the tables' numbers.
        var parts: [TableID: [TablePart]] = [:]
        /// What they are once a stream has been asked for.
        var partsWhileFollowed: [TableID: [TablePart]]?
    }

    let database: MemoryDatabase
    let state = Mutex(State())
    private let source: MemorySource

    /// - Parameter holdLimit: How many rows of a table can be held.
    init(_ tables: [SampleTable], holdLimit: Int = .max) {
        let numbered = tables.enumerated().map { index, table in
            var schema = table.schema
            schema.id = TableID(index + 1)
            return MemoryDatabase.Table(schema: schema, batches: table.batches())
        }
        database = MemoryDatabase(name: "shop", tables: numbered, keepsLog: true)
        source = MemorySource(database, holdLimit: holdLimit)
    }

    /// Gives a table other rows, which no change tells of: who follows it has to copy it again.
    func replace(_ sample: SampleTable) throws {
        guard let table = database.tables[sample.schema.name] else { throw MemoryError.noTable(sample.schema.name) }
        database.put(.init(schema: table.schema, batches: sample.batches()))
    }

    func insert(_ sample: SampleTable) throws {
        try database.commit([(sample.schema.name, .write(sample.batches()))])
    }

    func catalog() async throws -> Catalog {
        var catalog = try await source.catalog()
        let parts = state.withLock { $0.parts }
        for index in catalog.tables.indices {
            catalog.tables[index].parts = parts[catalog.tables[index].schema.id] ?? []
        }
        return catalog
    }

    func check(_ uses: TableUses) async -> [Finding] { await source.check(uses) }
    func setup(_ request: SetupRequest) async throws -> SetupScript { try await source.setup(request) }
    func cursorReader() -> (any CursorReader)? { source.cursorReader() }
    func origin() async throws -> String? { try await source.origin() }
    func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown {
        try await source.teardown(records)
    }
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await source.query(sql, take: take)
    }
    func close() async { await source.close() }

    func snapshot(readers: Int) async throws -> any Snapshot {
        let wait = state.withLock { state in
            state.snapshots += 1
            let (wait, end) = AsyncStream.makeStream(of: Void.self)
            if state.isCopyHeld { state.heldCopies.append(end) } else { end.finish() }
            return wait
        }
        for await _ in wait {}
        try Task.checkCancellation()
        if let failure = state.withLock({ $0.copyFailures.isEmpty ? nil : $0.copyFailures.removeFirst() }) {
            throw failure
        }
        let parts = state.withLock { $0.parts }
        return PartedSnapshot(snapshot: try await source.snapshot(readers: readers), parts: parts)
    }

    private struct PartedSnapshot: Snapshot {
        let snapshot: any Snapshot
        let parts: [TableID: [TablePart]]

        var moment: Moment { snapshot.moment }
        var readers: Int { snapshot.readers }
        var notes: [String] { snapshot.notes }
        var resumable: (any ResumableSnapshot)? { nil }
        func close() async { await snapshot.close() }
        func awaitDurability() async throws { try await snapshot.awaitDurability() }
        func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum? {
            try await snapshot.sum(of: table, as: schema)
        }
        func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
            try await snapshot.rows(of: table, as: schema, unfit: unfit)
        }
        func rows(
            of table: CatalogTable,
            as schema: TableSchema,
            unfit: UnfitPolicy,
            under keys: [RowKey]
        ) async throws -> any TableRows {
            try await snapshot.rows(of: table, as: schema, unfit: unfit, under: keys)
        }

        func extent(of table: CatalogTable) async throws -> TableExtent? {
            let marks = (parts[table.schema.id] ?? []).map { ($0.id, $0.mark) }
            return TableExtent(
                columns: Set(table.schema.columns.map(\.id)),
                parts: Dictionary(marks) { first, _ in first }
            )
        }
    }

    func changeLog(_ method: Method) -> (any ChangeLog)? {
        source.changeLog(method).map { log in
            InterceptedLog(
                log,
                preparing: { [self] in
                    try state.withLock { state in
                        if let refusal = state.refusal { throw refusal }
                        if !state.hindrances.isEmpty { throw state.hindrances.removeFirst() }
                    }
                },
                streams: { [self] stream, request in
                    state.withLock { state in
                        state.requests.append(request)
                        if let parts = state.partsWhileFollowed.take() { state.parts = parts }
                        let failure = state.failures.isEmpty ? nil : state.failures.removeFirst()
                        return Stream(source: self, stream: stream, failure: failure)
                    }
                }
            )
        }
    }

    /// What was told of one stream.
    private final class Stream: ChangeStream {
        private let source: LoggedSource
        private let stream: any ChangeStream
        private let failure: (any Error)?
        private let progress = Mutex((batches: 0, isOver: false))

        init(source: LoggedSource, stream: any ChangeStream, failure: (any Error)?) {
            (self.source, self.stream, self.failure) = (source, stream, failure)
        }

        func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
            let (batches, isOver) = progress.withLock(\.self)
            if isOver { return nil }
            if batches > 0, let failure { throw failure }
            guard var batch = try await stream.next(isWanted: isWanted) else { return nil }
            progress.withLock { $0.batches += batch.transactions }
            let (amend, cut) = source.state.withLock { state in
                state.holdings += batch.holdings.values
                return (state.amend, batch.transactions > 0 ? state.cut.take() : nil)
            }
            for index in batch.stretches.indices { amend(&batch.stretches[index]) }
            guard let cut else { return batch }
            progress.withLock { $0.isOver = true }
            return ChangeBatch(stretches: batch.stretches.filter { cut[$0.schema.id] == nil }, recopies: cut)
        }

        func hold(_ table: BufferedTable?) -> Bool {
            let canHold = source.state.withLock { $0.canHold }
            return canHold ? stream.hold(table) : false
        }

        func join(_ table: StreamRequest.Table, after place: Checkpoint) { stream.join(table, after: place) }

        func confirm(_ checkpoint: Checkpoint) {
            source.state.withLock { $0.confirmed.append("\(checkpoint)") }
            stream.confirm(checkpoint)
        }

        func keepAlive() async throws { try await stream.keepAlive() }
        func close() async { await stream.close() }
    }
}

/// A source that cannot be followed by a method.
struct NotFollowable: ExplainedError {
    var description: String
    var remedy: Remedy? { Remedy("Make room.") }
    var isTransient: Bool { false }
    var rulesOutMethod: Bool { true }
}
