import TandemRows

/// A stream of changes that is read for the keys of its rows.
struct LogFollowing {
    let stream: any ChangeStream
    private(set) var place: HintPlace
    /// Whether the stream ends where there is more to come.
    private(set) var hasEndedEarly = false
    /// Where each table's key stands among the columns that tell its rows apart in the stream.
    private let keys: [TableID: [ColumnID]]
    private var lost: [TableID: String]

    /// How long transactions are waited for that have written to a table which was not followed so far.
    private static let writerLimit = Duration.seconds(60)

    static func begin(
        _ request: FeedRequest,
        by method: Method,
        of source: any Source,
        _ learned: LearnedOwnership
    ) async throws -> LogFollowing {
        guard let log = source.changeLog(method) else { throw NoLog(method: method) }
        let catalog = try await source.catalog().tables
        let tables = request.shapes.compactMap { shape in catalog.first { $0.schema.id == shape.id } }
        var known = request.checkpoint.flatMap(HintPlace.init)
        if known?.method != method { known = nil }
        let prepared = try await log.prepare(
            LogRequest(
                sync: request.sync,
                tables: tables,
                continuing: known?.state,
                maySetUp: request.maySetUp,
                mayRestart: true
            ),
            ownership: learned.ownership
        )
        var lost = prepared.recopies
        for (table, left) in prepared.left { lost[table] = left.reason }
        for shape in request.shapes where !tables.contains(where: { $0.schema.id == shape.id }) {
            lost[shape.id] = "the table is not there any more"
        }
        if let reason = prepared.gap ?? (known == nil && request.checkpoint != nil ? "its place is not known" : nil) {
            for shape in request.shapes { lost[shape.id] = reason }
        }
        let followed = tables.filter { prepared.left[$0.schema.id] == nil }
        let isNew = { (table: CatalogTable) in !(known?.tables.contains(table.schema.id.description) ?? false) }
        let waiting = try await log.awaitWriters(of: followed.filter(isNew), limit: writerLimit)
        for (table, left) in waiting { lost[table] = left.reason }
        // What it shows was there before the feed began.
        let moment = if prepared.gap == nil, let known { known.moment } else { try await moment(of: source) }
        let end = request.isBounded ? try await log.end() : nil
        let stream = try await log.stream(
            StreamRequest(
                sync: request.sync,
                tables: followed.map { Self.table($0, moment) },
                start: prepared.state,
                end: end,
                unfit: .text,
                isPrompt: true,
                made: learned.made
            )
        )
        let place = HintPlace(prepared.state, since: moment, tables: followed.map(\.schema.id))
        let keys = request.shapes.map { ($0.id, $0.key.map(\.id)) }
        return LogFollowing(
            stream: stream,
            place: place,
            keys: Dictionary(keys) { first, _ in first },
            lost: lost
        )
    }

    private static func moment(of source: any Source) async throws -> Moment {
        let snapshot = try await source.snapshot(readers: 1)
        await snapshot.close()
        return snapshot.moment
    }

    /// Of its columns those only that tell its rows apart.
    private static func table(_ table: CatalogTable, _ moment: Moment) -> StreamRequest.Table {
        let schema = table.schema
        let key = TableSchema(
            name: schema.name,
            id: schema.id,
            columns: schema.identity.map { schema.columns[$0] },
            identity: Array(schema.identity.indices)
        )
        return StreamRequest.Table(
            schema: key,
            moment: moment,
            leftOut: Set(schema.columns.map(\.id)).subtracting(key.columns.map(\.id)),
            newColumns: .only([])
        )
    }

    /// What changes are missing of, once.
    mutating func takeLost() -> [TableID: String]? {
        defer { lost = [:] }
        return lost.isEmpty ? nil : lost
    }

    mutating func hints(of batch: ChangeBatch) -> HintBatch {
        var hints = HintBatch(hints: [], lost: batch.recopies, checkpoint: nil)
        for (table, left) in batch.left { hints.lost[table] = left.reason }
        hasEndedEarly = !batch.recopies.isEmpty
        var seen: Set<HintBatch.Hint> = []
        for stretch in batch.stretches {
            let table = stretch.schema.id
            if stretch.changes.isEmptied { hints.lost[table] = "it was emptied" }
            guard let places = places(of: stretch.schema), stretch.changes.removedFrom == nil,
                stretch.changes.eachKey(
                    stretch.schema,
                    { key in
                        guard let key = RowKey(places.map { key.values[$0] }) else { return }
                        let hint = HintBatch.Hint(table: table, key: key)
                        if seen.insert(hint).inserted { hints.hints.append(hint) }
                    }
                )
            else {
                hints.lost[table] = "a change did not say which record it is of"
                continue
            }
        }
        if let state = batch.state {
            place = HintPlace(state, since: place.moment, tables: place.tables.map { TableID($0) })
            hints.checkpoint = place.hintCheckpoint
        }
        return hints
    }

    /// Where each value of a record's key stands in the keys of the stream.
    private func places(of schema: TableSchema) -> [Int]? {
        let identity = schema.identity.map { schema.columns[$0].id }
        let places = keys[schema.id]?.compactMap { identity.firstIndex(of: $0) }
        return places?.count == identity.count ? places : nil
    }
}

/// A source that does not tell of changes in this way.
private struct NoLog: ExplainedError {
    var method: Method
    var description: String { "the source cannot tell of changes by \(method.rawValue)" }
    var remedy: Remedy? { nil }
    var isTransient: Bool { false }
}
