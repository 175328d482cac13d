import Synchronization
import TandemCore
import TandemMemory
import TandemRows
import TandemTesting

/// A database in memory whose log a test writes: entry `n` is applied by whoever has reached checkpoint `n`.
final class LoggedSource: Source, ChangeLog {
    struct Entry: Sendable {
        var stretches: [ChangeBatch.Stretch] = []
        var recopies: [TableID: String] = [:]
        /// From which version on the database itself shows it; `nil` where it never does.
        var version: Int?
    }

    struct State {
        var log: [Entry] = []
        var stream = "first"
        var gap: String?
        /// What keeps it from being followed.
        var refusal: NotFollowable?
        /// Errors of streams that are being made ready, in turn.
        var hindrances: [any Error] = []
        /// What streams were asked for, and what was confirmed.
        var requests: [StreamRequest] = []
        var confirmed: [String] = []
        /// Errors that streams end with, in turn, after their first batch.
        var failures: [any Error] = []
        /// Entries in the middle of which a stream ends, once, because these tables must be copied again.
        var cuts: [Int: [TableID: String]] = [:]
        /// Whether tables can be held, and how many entries of one.
        var canHold = true
        var holdLimit = Int.max
        /// What streams said of tables that they held.
        var holdings: [Holding] = []
        /// Whether snapshots have to wait.
        var isCopyHeld = false
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

    init(_ tables: [SampleTable]) {
        let numbered = tables.enumerated().map { index, table in
            var schema = table.schema
            schema.id = TableID(index + 1)
            return MemoryDatabase.Table(schema: schema, batches: table.batches())
        }
        database = MemoryDatabase(name: "shop", tables: numbered)
        source = MemorySource(database)
    }

    /// The schema of a table as the log describes it.
    func schema(_ name: TableName) throws -> TableSchema {
        guard let table = database.tables[name] else { throw MemoryError.noTable(name) }
        return table.schema
    }

    /// Gives a table other rows, of which the log says nothing.
    func replace(_ sample: SampleTable) throws {
        database.put(.init(schema: try schema(sample.schema.name), batches: sample.batches()))
    }

    /// Puts the rows of `sample` into the log, as inserted.
    func insert(_ sample: SampleTable) throws {
        var changes = NetChanges()
        changes.written = sample.batches()
        changes.changeCount = sample.rows.count
        let schema = try schema(sample.schema.name)
        state.withLock { $0.log.append(Entry(stretches: [.init(schema: schema, changes: changes)])) }
    }

    /// The same, and into the table itself.
    func insertForGood(_ sample: SampleTable) async throws {
        var table = MemoryDatabase.Table(schema: try schema(sample.schema.name), batches: [])
        table.batches = (database.tables[sample.schema.name]?.batches ?? []) + sample.batches()
        database.put(table)
        let version = Int(try await snapshot(readers: 1).moment.checkpoint.description)
        try insert(sample)
        state.withLock { $0.log[$0.log.count - 1].version = version }
    }

    func catalog() async throws -> Catalog {
        var catalog = try await source.catalog()
        for index in catalog.tables.indices { catalog.tables[index].methods[.logBased] = .usable(note: nil) }
        let parts = state.withLock { $0.parts }
        for index in catalog.tables.indices {
            catalog.tables[index].parts = parts[catalog.tables[index].schema.id] ?? []
        }
        return catalog
    }

    func check(_ uses: TableUses) async -> [Finding] { [] }
    func setup(_ request: SetupRequest) async throws -> SetupScript { SetupScript(steps: []) }
    func changeLog(_ method: Method) -> (any ChangeLog)? { method == .logBased ? self : nil }
    func cursorReader() -> (any CursorReader)? { nil }
    func origin() async throws -> String? { nil }
    func query(_ sql: String, take: @Sendable (QueryResult) throws -> Bool) async throws {
        try await source.query(sql, take: take)
    }
    func tidy(_ record: SourceRecord) async throws {}
    func areRewritten(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { [:] }
    func areEmptied(_ files: [FileID: UInt64]) async throws -> [FileID: Bool] { [:] }
    func awaitWriters(of tables: [CatalogTable], limit: Duration?) async throws -> [TableID: LeftTable] { [:] }
    func foresee(_ request: LogRequest, made: [MadeObject]) async throws -> ForeseenLog { ForeseenLog() }
    func close() async {}
    func snapshot(readers: Int) async throws -> any Snapshot {
        state.withLock { $0.snapshots += 1 }
        while state.withLock({ $0.isCopyHeld }) { try await Task.sleep(for: .milliseconds(1)) }
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
        let resumable: (any ResumableSnapshot)? = nil
        func close() async { await snapshot.close() }
        func awaitDurability() async throws {}
        func sum(of table: CatalogTable, as schema: TableSchema) async throws -> TableSum? { nil }
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

        func rows(of table: CatalogTable, as schema: TableSchema, unfit: UnfitPolicy) async throws -> any TableRows {
            try await snapshot.rows(of: table, as: schema, unfit: unfit)
        }
    }

    func snapshotAtEnd(readers: Int) async throws -> (any Snapshot)? { nil }
    func end() async throws -> Checkpoint { Checkpoint("\(state.withLock { $0.log.count })") }
    func status(of sync: String, at state: StreamState?) async throws -> StreamStatus {
        StreamStatus(slot: "none")
    }
    func teardown(_ records: [SourceRecord]) async throws -> SourceTeardown { SourceTeardown() }

    func prepare(_ request: LogRequest, ownership: Ownership) async throws -> PreparedLog {
        let known = request.state
        return try state.withLock { state in
            if let refusal = state.refusal { throw refusal }
            if !state.hindrances.isEmpty { throw state.hindrances.removeFirst() }
            if let known, known.id == state.stream { return PreparedLog(state: known) }
            let begin = StreamState(id: state.stream, checkpoint: Checkpoint("\(state.log.count)"))
            return PreparedLog(state: begin, gap: known == nil ? nil : state.gap)
        }
    }

    func stream(_ request: StreamRequest) async throws -> any ChangeStream {
        state.withLock { state in
            state.requests.append(request)
            if let parts = state.partsWhileFollowed.take() { state.parts = parts }
            let failure = state.failures.isEmpty ? nil : state.failures.removeFirst()
            return LogStream(self, request, failure)
        }
    }

    private final class LogStream: ChangeStream {
        private let source: LoggedSource
        private let request: StreamRequest
        private let failure: (any Error)?
        private let position: Mutex<Int>
        private let held = Mutex<HeldEntries?>(nil)
        private let joined = Mutex<[StreamRequest.Table]>([])
        private static let ended = -1

        init(_ source: LoggedSource, _ request: StreamRequest, _ failure: (any Error)?) {
            self.source = source
            self.request = request
            self.failure = failure
            position = Mutex(Int(request.start.checkpoint.description) ?? 0)
        }

        func hold(_ table: HeldTable?) -> Bool {
            let canHold = source.state.withLock { $0.canHold }
            held.withLock { $0 = canHold ? table.map { HeldEntries(table: $0.schema.id) } : nil }
            return canHold
        }

        func join(_ table: StreamRequest.Table, after place: Checkpoint) {
            held.withLock { $0?.joining = (table, Int(place.description) ?? 0) }
        }

        /// What there is to be said of the table that is held, with the entries before `at` read.
        private func word(at: Int) -> ChangeBatch? {
            let limit = source.state.withLock { $0.holdLimit }
            let said = held.withLock { held -> (HeldEntries, Holding)? in
                guard let word = held?.takeWord(at: at, limit: limit), let entries = held else { return nil }
                if word != .begun { held = nil }
                return (entries, word)
            }
            guard let (entries, word) = said else { return nil }
            source.state.withLock { $0.holdings.append(word) }
            if word == .joined, let table = entries.joining?.table { joined.withLock { $0.append(table) } }
            return ChangeBatch(
                stretches: word == .joined ? entries.stretches : [],
                holdings: [entries.table: word],
                state: StreamState(id: request.start.id, checkpoint: Checkpoint("\(at)"), time: Double(at))
            )
        }

        func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
            let start = Int(request.start.checkpoint.description) ?? 0
            let end = request.end.flatMap { Int($0.description) } ?? .max
            let at = position.withLock(\.self)
            guard at != Self.ended else { return nil }
            if at > start, let failure { throw failure }
            // Who follows waits for more.
            while request.end == nil, source.state.withLock({ $0.log.count <= at }) {
                if let word = word(at: at) { return word }
                try await Task.sleep(for: .milliseconds(1))
            }
            if let word = word(at: at) { return word }
            position.withLock { $0 += 1 }
            guard at < end, let entry = source.state.withLock({ $0.log.indices.contains(at) ? $0.log[at] : nil })
            else { return nil }
            let tables = request.tables + joined.withLock(\.self)
            let shown = tables.filter { table in
                entry.version.map { $0 <= Int(table.moment.checkpoint.description) ?? 0 } ?? false
            }
            let numbers = Set(tables.map(\.schema.id)).subtracting(shown.map(\.schema.id))
            held.withLock { held in held?.take(entry) }
            if let recopies = source.state.withLock({ $0.cuts.removeValue(forKey: at) }) {
                position.withLock { $0 = Self.ended }
                return ChangeBatch(
                    stretches: entry.stretches.filter { recopies[$0.schema.id] == nil },
                    recopies: recopies
                )
            }
            let recopies = entry.recopies.filter { numbers.contains($0.key) }
            if !recopies.isEmpty { position.withLock { $0 = Self.ended } }
            return ChangeBatch(
                stretches: entry.stretches.filter {
                    numbers.contains($0.schema.id) && entry.recopies[$0.schema.id] == nil
                },
                recopies: recopies,
                state: StreamState(id: request.start.id, checkpoint: Checkpoint("\(at + 1)"), time: Double(at)),
                transactions: 1
            )
        }

        func confirm(_ checkpoint: Checkpoint) { source.state.withLock { $0.confirmed.append("\(checkpoint)") } }
        func keepAlive() async throws {}
        func close() async {}
    }
}

/// The entries of the log for a table that is being copied.
private struct HeldEntries {
    let table: TableID
    var stretches: [ChangeBatch.Stretch] = []
    /// As what it joins, and behind which place.
    var joining: (table: StreamRequest.Table, place: Int)?
    private var hasBegun = false

    init(table: TableID) { self.table = table }

    /// The copy may show the rows already, which make way.
    mutating func take(_ entry: LoggedSource.Entry) {
        for var stretch in entry.stretches where stretch.schema.id == table {
            stretch.changes.removed = stretch.changes.written.map { batch in
                RowBatch(rowCount: batch.rowCount, columns: [batch.columns[0]], byteCount: 0)
            }
            stretches.append(stretch)
        }
    }

    mutating func takeWord(at: Int, limit: Int) -> Holding? {
        guard hasBegun else {
            hasBegun = true
            return .begun
        }
        guard stretches.count <= limit else { return .lost("there is too much of it") }
        return joining.map { $0.place <= at } == true ? .joined : nil
    }
}

/// A source that cannot be followed by a method.
struct NotFollowable: ExplainedError {
    var description: String
    var remedy: Remedy? { Remedy("Make room.") }
    var isTransient: Bool { false }
    var rulesOutMethod: Bool { true }
}
