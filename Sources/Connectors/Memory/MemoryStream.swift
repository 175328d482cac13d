import Synchronization
import TandemCore
import TandemRows

/// Reads the log of a database in memory: each transaction is a batch.
actor MemoryStream: ChangeStream {
    private let database: MemoryDatabase
    private let request: StreamRequest
    private let holdLimit: Int
    private let number: Int
    /// Comes when there is more to read, or to do.
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private var place: Int
    private var tables: [TableID: StreamRequest.Table]
    private var hasEnded = false
    private nonisolated let held = Mutex<HeldChanges?>(nil)

    init(_ database: MemoryDatabase, _ request: StreamRequest, holdLimit: Int) {
        self.database = database
        self.request = request
        self.holdLimit = holdLimit
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.wakes, self.wake) = (wakes, wake)
        place = request.start.checkpoint.entries ?? 0
        tables = Dictionary(request.tables.map { ($0.schema.id, $0) }) { first, _ in first }
        number = database.state.withLock { database in
            database.log?.opened += 1
            let number = database.log?.opened ?? 0
            database.log?.open[number] = (request.sync, wake)
            return number
        }
    }

    func next(isWanted: @escaping @Sendable () -> Bool) async throws -> ChangeBatch? {
        while !hasEnded {
            try Task.checkCancellation()
            if let batch = try takeHeld() { return batch }
            if let end = request.end?.entries, place >= end {
                hasEnded = true
                return expected()
            }
            if let entry = try read() { return try batch(of: entry) }
            var wakes = wakes.makeAsyncIterator()
            await wakes.next(isolation: self)
        }
        hasEnded = true
        return nil
    }

    /// The next entry; `nil` where there is none yet.
    private func read() throws -> MemoryDatabase.Log.Entry? {
        try database.state.withLock { database in
            guard let log = database.log, place >= log.start, place <= log.end else {
                throw MemoryError.lostLog("The log is gone while it was read.")
            }
            return log.entry(at: place)
        }
    }

    private func batch(of entry: MemoryDatabase.Log.Entry) throws -> ChangeBatch {
        place += 1
        var batch = ChangeBatch(state: state(at: entry.time), transactions: 1)
        for (schema, change) in entry.changes {
            if let stretch = try stretch(change, of: schema, in: entry) { batch.stretches.append(stretch) }
            held.withLock { if $0?.table.schema.id == schema.id { $0?.changes.append((schema, change, entry)) } }
        }
        if let id = entry.replaced {
            let reason = "its rows were replaced, and no change tells how"
            held.withLock { if $0?.table.schema.id == id { $0?.loss = reason } }
            if let table = tables[id], !isShown(entry, by: table.moment) {
                batch.recopies = [id: reason]
                hasEnded = true
            }
        }
        batch.isUpToDate = database.state.withLock { $0.log?.end == place }
        return batch
    }

    private func isShown(_ entry: MemoryDatabase.Log.Entry, by moment: Moment) -> Bool {
        moment.checkpoint.entries.map { entry.version <= $0 } ?? false
    }

    /// What a change is to the copy of its table; `nil` where there is none, or it shows it already.
    private func stretch(
        _ change: MemoryChange,
        of stored: TableSchema,
        in entry: MemoryDatabase.Log.Entry
    ) throws -> ChangeBatch.TableChanges? {
        guard var table = tables[stored.id], !isShown(entry, by: table.moment) else { return nil }
        let known = table.schema
        table.schema = table.schema(after: stored)
        tables[stored.id] = table
        let deletedAt = table.keepsDeletions ? entry.time : nil
        let columns = Set(table.schema.columns.map(\.id))
        return ChangeBatch.TableChanges(
            schema: table.schema,
            missing: values(of: table.schema, besides: known),
            leftOut: Set(stored.columns.map(\.id)).subtracting(columns),
            changes: try change.net(of: stored, as: table.schema, deletedAt: deletedAt)
        )
    }

    /// The columns that tables are to have in the end and that no row has come with; `nil` where there are none.
    private func expected() -> ChangeBatch? {
        let stored = Dictionary(database.tables.values.map { ($0.schema.id, $0.schema) }) { first, _ in first }
        var batch = ChangeBatch(state: state(at: nil))
        for table in request.tables.compactMap({ tables[$0.schema.id] }) {
            guard let now = stored[table.schema.id] else { continue }
            let schema = table.schemaAsExpected(of: now)
            guard schema != table.schema else { continue }
            let missing = values(of: schema, besides: table.schema)
            batch.stretches.append(ChangeBatch.TableChanges(schema: schema, missing: missing, changes: NetChanges()))
        }
        return batch.stretches.isEmpty ? nil : batch
    }

    /// What rows that were there got in the columns that `known` has not.
    private func values(of schema: TableSchema, besides known: TableSchema) -> [ColumnID: Value] {
        let values = database.tables[schema.name]?.added ?? [:]
        return values.filter { id, _ in
            schema.columns.contains { $0.id == id } && !known.columns.contains { $0.id == id }
        }
    }

    private func state(at time: Double?) -> StreamCheckpoint {
        StreamCheckpoint(id: request.start.id, checkpoint: Checkpoint("\(place)"), time: time ?? request.start.time)
    }

    /// What there is to be said of the table that is held.
    private func takeHeld() throws -> ChangeBatch? {
        let said = held.withLock { held -> (changes: HeldChanges, word: BufferingEvent)? in
            guard let word = held?.takeWord(at: place, limit: holdLimit), let changes = held else { return nil }
            if word != .begun { held = nil }
            return (changes, word)
        }
        guard let said else { return nil }
        var batch = ChangeBatch(holdings: [said.changes.table.schema.id: said.word], state: state(at: nil))
        if said.word == .joined, let joined = said.changes.joining?.table {
            tables[joined.schema.id] = joined
            batch.stretches = try said.changes.changes.compactMap { try stretch($1, of: $0, in: $2) }
        }
        return batch
    }

    nonisolated func hold(_ table: BufferedTable?) -> Bool {
        let canBeHeld = table.map { !$0.schema.identity.isEmpty } ?? true
        held.withLock { $0 = canBeHeld ? table.map { HeldChanges(table: $0) } : nil }
        wake.yield()
        return canBeHeld
    }

    nonisolated func join(_ table: StreamRequest.Table, after place: Checkpoint) {
        held.withLock { $0?.joining = (table, place.entries ?? 0) }
        wake.yield()
    }

    nonisolated func confirm(_ checkpoint: Checkpoint) {
        guard let place = checkpoint.entries else { return }
        database.state.withLock { $0.log?.confirm(place, of: request.sync) }
    }

    /// Nobody waits for an answer.
    func keepAlive() async throws {}

    func close() async {
        hasEnded = true
        database.state.withLock { _ = $0.log?.open.removeValue(forKey: number) }
    }
}

/// What changed in a table while it is copied.
private struct HeldChanges {
    let table: BufferedTable
    var changes: [(table: TableSchema, change: MemoryChange, entry: MemoryDatabase.Log.Entry)] = []
    /// As what it joins, and behind which place.
    var joining: (table: StreamRequest.Table, place: Int)?
    /// Why it can be held no longer.
    var loss: String?
    private var hasBegun = false

    init(table: BufferedTable) { self.table = table }

    mutating func takeWord(at place: Int, limit: Int) -> BufferingEvent? {
        guard hasBegun else {
            hasBegun = true
            return .begun
        }
        if let loss { return .lost(loss) }
        let rows = changes.reduce(0) { $0 + $1.change.count }
        guard rows <= limit else { return .lost("more of its rows were changed than a stream holds back") }
        return joining.map { $0.place <= place } == true ? .joined : nil
    }
}
