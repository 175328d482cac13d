import TandemCore
import TandemRows

/// Brings the copy of one table up to date: reads what lies behind the last place, and merges it by key.
///
/// Where there is no key, rows that may have come already are replaced.
struct IncrementalMerge {
    let table: TablePlan
    private let cursor: CursorPlan
    private let copy: SyncedTable
    private let state: CursorState
    private let last: [String]
    /// The place that the copy comes to. `nil` where transactions are open that may write below it.
    private let place: CursorPlace?
    private let snapshot: any CursorSnapshot
    private let context: RunContext
    /// Keys of rows that are no longer at the source; `nil` where nobody has looked.
    private var deleted: [RowBatch]?

    init?(
        _ table: TablePlan,
        at place: CursorPlace?,
        from snapshot: any CursorSnapshot,
        _ context: RunContext
    ) {
        guard let cursor = table.cursor, let copy = cursor.copy, let state = copy.cursor, let last = state.last
        else { return nil }
        self.table = table
        self.cursor = cursor
        self.copy = copy
        self.state = state
        self.last = last
        self.place = place
        self.snapshot = snapshot
        self.context = context
    }

    private var destination: any Destination { context.destination }
    private var sync: String { context.sync.name }
    private var unfit: UnfitPolicy { context.sync.unfitValues }

    /// Compares keys, if it is time for that.
    func findingDeleted() async throws -> IncrementalMerge {
        guard snapshot.moment.origin == copy.moment.origin else {
            throw Recopy(table: table, reason: "it comes from another database than before")
        }
        guard let every = cursor.compareEvery, state.reads + 1 >= every, !table.schema.identity.isEmpty else {
            return self
        }
        var prepared = self
        prepared.deleted = try await DeletedKeys(
            copy: copy,
            table: table,
            snapshot: snapshot,
            destination: destination,
            unfit: unfit
        ).find()
        return prepared
    }

    /// Reads everything, and applies it in `transaction`.
    ///
    /// - Throws: ``Recopy``; `TableMismatch`; `UnfitValues`; what else reading and writing throw.
    func run(_ progress: TableProgress, in transaction: any WriteTransaction) async throws -> TableOutcome {
        let start = context.clock.now
        var change = try await reshaping()
        let range = try await snapshot.range(
            of: table.source,
            by: cursor.columns,
            after: last,
            lookback: cursor.lookback
        )
        let rows = TravellingRows(
            rows: try await snapshot.rows(of: table.source, as: table.schema, unfit: unfit, in: range),
            schema: table.schema,
            progress: progress
        )
        let groups = RowGroups(rows)
        change.changes = try await first(groups, replacing: range, in: change.after.schema)
        while true {
            change.after.settleIssues(by: &change.changes)
            let settled = change
            async let next = groups.next()
            try await transaction.apply([settled])
            let batches = try await next
            guard !batches.isEmpty else { break }
            change = TargetChanges(before: change.after, after: change.after, changes: net(batches))
        }
        var noted = change.after
        noted.note(rows.tally.refusals, at: context.clock.time, after: copy.issues)
        if noted != change.after {
            let step = TargetChanges(before: change.after, after: noted, changes: NetChanges())
            try await transaction.apply([step])
        }
        return TableOutcome(
            copy: noted,
            tally: rows.tally,
            duration: context.clock.duration(since: start),
            merge: TableOutcome.Merge(
                deleted: deleted.map { $0.reduce(0) { $0 + $1.rowCount } },
                isHeldBack: place == nil
            )
        )
    }

    /// The first changes: with what goes before anything comes.
    private func first(
        _ groups: RowGroups,
        replacing range: CursorRange,
        in schema: TableSchema
    ) async throws -> NetChanges {
        var changes = net(try await groups.next())
        guard schema.identity.isEmpty else {
            changes.removed += deleted ?? []
            return changes
        }
        let columns = range.columns.compactMap { id in schema.columns.firstIndex { $0.id == id } }
        guard range.values.count == range.lower.count else {
            throw Recopy(table: table, reason: "the place it was read to is no value of its cursor's type")
        }
        changes.removedFrom = RowBound(columns: columns, lower: range.values)
        return changes
    }

    private func net(_ batches: [RowBatch]) -> NetChanges {
        var changes = NetChanges()
        changes.written = batches
        let identity = table.schema.identity
        if !identity.isEmpty {
            changes.removed = batches.map { batch in
                RowBatch(rowCount: batch.rowCount, columns: identity.map { batch.columns[$0] }, byteCount: 0)
            }
        }
        changes.changeCount = batches.reduce(0) { $0 + $1.rowCount }
        return changes
    }

    /// How the copy comes to have the table's shape, and what is remembered of it.
    private func reshaping() async throws -> TargetChanges {
        var streamed = StreamedTable(plan: table, copy: copy)
        let known = Set(copy.schema.columns.map(\.id))
        let added = table.schema.columns.filter { !known.contains($0.id) }
        let missing = added.isEmpty ? [:] : try await snapshot.additions(added, to: table.source)
        guard let missing else {
            throw Recopy(table: table, reason: "a new column may have values in rows that were there before")
        }
        let stretch = ChangeBatch.TableChanges(schema: table.schema, missing: missing, changes: NetChanges())
        var change = try streamed.follow(
            stretch,
            folding: destination.nameFolding,
            unfit: unfit,
            at: context.clock.time
        )
        if copy.target != table.target { change.evolution.insert(.renameTable(to: table.target), at: 0) }
        if copy.metadataColumns != table.metadataColumns {
            change.evolution.insert(.setMetadataColumns(table.metadataColumns), at: 0)
        }
        change.after.target = table.target
        change.after.metadataColumns = table.metadataColumns
        change.after.moment = snapshot.moment
        change.after.leftOut.formUnion(table.leftOut)
        // Of what its older rows depend on only what they were compared with: what came since is for the next look.
        change.after.note(
            try await snapshot.extent(of: table.source),
            copying: table,
            after: table.source.definition
        )
        change.after.parts = table.source.marks
        change.after.cursor = CursorState(
            columns: cursor.ids,
            last: place.map(\.values) ?? last,
            reads: deleted == nil ? state.reads + 1 : 0
        )
        return change
    }
}
