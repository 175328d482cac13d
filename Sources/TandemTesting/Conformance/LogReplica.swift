import TandemCore
import TandemRows

/// Copies of sample tables that follow a log, as plainly as can be.
struct LogReplica {
    let sync: String
    let source: any Source
    let log: any ChangeLog
    let memory = MadeMemory()
    let catalog: [CatalogTable]
    var state: StreamCheckpoint
    private(set) var rows: [TableName: [Int64: SampleTable.Row]] = [:]
    private(set) var copies: [TableName: StreamRequest.Table] = [:]

    /// Prepares a stream of `tables`, and copies none of them yet.
    init(of tables: [TableName], from source: any Source, by method: Method, sync: String) async throws {
        guard let log = source.changeLog(method) else {
            throw ConformanceFailure(promise: "the source has the log that is tested", found: "none by \(method)")
        }
        (self.sync, self.source, self.log) = (sync, source, log)
        catalog = try await source.catalog().tables.filter { tables.contains($0.schema.name) }
        let request = LogRequest(sync: sync, tables: catalog, continuing: nil, maySetUp: true, mayRestart: true)
        let prepared = try await log.prepare(request, ownership: memory.ownership(of: sync))
        try expect("a new stream has no gap", prepared.gap == nil, found: prepared.gap ?? "")
        try expect("tables that can be followed are not left", prepared.left.isEmpty, found: "\(prepared.left)")
        state = prepared.state
    }

    func table(_ name: TableName) throws -> CatalogTable {
        guard let table = catalog.first(where: { $0.schema.name == name }) else {
            throw ConformanceFailure(promise: "the catalog lists every table", found: "no \(name)")
        }
        return table
    }

    /// The rows of a table by now, and the moment they are of.
    func read(_ name: TableName) async throws -> (rows: [Int64: SampleTable.Row], copy: StreamRequest.Table) {
        let table = try table(name)
        _ = try await log.awaitWriters(of: [table], limit: nil)
        let snapshot = try await source.snapshot(readers: 1)
        let batches = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll().flatMap { $0 }
        let moment = snapshot.moment
        try await snapshot.awaitDurability()
        await snapshot.close()
        return (.init(batches), StreamRequest.Table(schema: table.schema, moment: moment))
    }

    /// Copies a table, or copies it again.
    mutating func copy(_ name: TableName, keepingDeletions: Bool = false) async throws {
        var (rows, copy) = try await read(name)
        copy.keepsDeletions = keepingDeletions
        add(rows, copy)
    }

    mutating func add(_ rows: [Int64: SampleTable.Row], _ copy: StreamRequest.Table) {
        self.rows[copy.schema.name] = rows
        copies[copy.schema.name] = copy
    }

    func request(from start: StreamCheckpoint? = nil, to end: Checkpoint?) -> StreamRequest {
        StreamRequest(
            sync: sync,
            tables: Array(copies.values),
            start: start ?? state,
            end: end,
            unfit: .text,
            isPrompt: true,
            made: memory.made(of: sync)
        )
    }

    /// Follows the log to `end`, or to where it is by now.
    ///
    /// - Parameters:
    ///   - start: Where to begin, where that is not where this is.
    ///   - kept: From where on the source is to keep its log, where that is not where this begins.
    ///   - check: Called with each batch after it was applied.
    mutating func follow(
        from start: StreamCheckpoint? = nil,
        to end: Checkpoint? = nil,
        keeping kept: Checkpoint? = nil,
        confirming: Bool = false,
        check: (LogReplica, ChangeBatch) throws -> Void = { _, _ in }
    ) async throws {
        let end = if let end { end } else { try await log.end() }
        var request = request(from: start, to: end)
        request.keep = kept
        let stream = try await log.stream(request)
        do {
            while let batch = try await stream.next(isWanted: { true }) {
                try expect("only what is wanted is copied again", batch.recopies.isEmpty, found: "\(batch.recopies)")
                apply(batch)
                try check(self, batch)
                if confirming, let checkpoint = batch.state?.checkpoint { stream.confirm(checkpoint) }
            }
            await stream.close()
        } catch {
            await stream.close()
            throw error
        }
    }

    mutating func apply(_ batch: ChangeBatch) {
        for stretch in batch.stretches { rows[stretch.schema.name, default: [:]].apply(stretch.changes) }
        if let state = batch.state { self.state = state }
    }

    /// Removes what was made, and lets go of the source.
    func close() async throws {
        _ = try await source.teardown(memory.records)
        await source.close()
    }
}

extension [Int64: SampleTable.Row] {
    /// Does what a destination does.
    fileprivate mutating func apply(_ changes: NetChanges) {
        if changes.isEmptied { self = [:] }
        var filled: [SampleTable.Row] = []
        for patch in changes.patched {
            let replaced = Self.keys(patch.keys)
            for (row, key) in zip(SampleTable.rows(in: [patch.rows]).indices, replaced) {
                var values = SampleTable.rows(in: [patch.rows])[row]
                let old = self[key]
                if patch.rows.columns[1].absent?[row] == true { values.note = old?.note }
                if patch.rows.columns[2].absent?[row] == true { values.amount = old?.amount }
                filled.append(values)
            }
            for key in replaced { self[key] = nil }
        }
        for batch in changes.deleted.map(\.rows) + changes.removed {
            for key in Self.keys(batch) { self[key] = nil }
        }
        for row in SampleTable.rows(in: changes.written) + filled { self[row.id] = row }
    }

    private static func keys(_ batch: RowBatch) -> [Int64] {
        (0..<batch.rowCount).compactMap { batch.columns[0].text($0, as: .int64).flatMap { Int64($0) } }
    }
}
