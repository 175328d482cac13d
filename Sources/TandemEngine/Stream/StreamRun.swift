package import TandemCore
import TandemRows

/// Brings the tables of a plan that are followed by the source's log up to date: copies what is not there yet, then
/// applies what has changed since.
struct StreamRun {
    let source: any ChangeSource
    let destination: any ChangeDestination
    /// Of the followed tables only.
    let plan: SyncPlan
    var onGap: GapPolicy
    /// Goes on until it is cancelled.
    let follows: Bool
    let retries: RetryPolicy
    let readers: Int
    /// The plan as the source's catalog asks for it by then.
    let replan: @Sendable () async throws -> SyncPlan
    let observe: @Sendable (RunEvent) async -> Void

    /// How one round ended.
    private enum Ending {
        case done
        /// Tables were renamed or must be copied again: once more, by a plan made anew.
        case again
    }

    /// - Parameter report: Takes what becomes of each copy that is made before anything is followed.
    func run(into report: inout FullCopy.Report) async throws -> StreamProgress {
        let desk = CopyDesk(retries: retries)
        guard follows else { return try await rounds(desk, into: &report) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let copies = BesideCopies(
                source: source,
                destination: destination,
                sync: plan.sync,
                unfit: plan.unfit,
                readers: readers,
                desk: desk,
                observe: observe
            )
            group.addTask { try await copies.run() }
            defer { group.cancelAll() }
            return try await rounds(desk, into: &report)
        }
    }

    private func rounds(_ desk: CopyDesk, into report: inout FullCopy.Report) async throws -> StreamProgress {
        let progress = StreamProgress()
        var plan = plan
        var attempt = 0
        while true {
            let before = progress.counts.batches
            do {
                if let loaded = desk.loaded {
                    try await StreamJoin(self, desk, progress).run(loaded)
                    plan = try await replan()
                }
                guard case .again = try await round(plan, progress, desk, into: &report) else { return progress }
                attempt = 0
            } catch let error as any ExplainedError where error.isTransient {
                attempt = progress.counts.batches > before ? 1 : attempt + 1
                guard let pause = retries.pause(before: attempt) else { throw error }
                await observe(.retrying(error, pause: pause, attempt: attempt))
                try await Task.sleep(for: pause)
            }
            if desk.loaded == nil { plan = try await replan() }
        }
    }

    private func round(
        _ plan: SyncPlan,
        _ progress: StreamProgress,
        _ desk: CopyDesk,
        into report: inout FullCopy.Report
    ) async throws -> Ending {
        let state = try await prepare(plan)
        var settled = try await settle(plan, state)
        var pause: Duration?
        if !settled.waiting.isEmpty, !follows || settled.tables.isEmpty {
            if desk.expect([], at: state) { try await destination.discard() }
            try await desk.awaitIdle()
            let copied = try await copy(settled.waiting, of: plan, stream: state.id)
            report.add(copied)
            pause = desk.postpone(copied.failures.map(\.table))
            let planned = Dictionary(plan.tables.map { ($0.target, $0.leftOut) }) { first, _ in first }
            // Columns came while it was being planned: once more, with them.
            let grown = copied.outcomes.contains { !$0.copy.leftOut.isSubset(of: planned[$0.copy.target] ?? []) }
            if grown { return .again }
            settled = try await settle(plan, state)
        }
        let start = try await destination.stream(of: plan.sync) ?? state
        if desk.expect(follows ? settled.waiting : [], at: start) { try await destination.discard() }
        guard !settled.tables.isEmpty else {
            // Not one could be copied.
            guard follows, let pause else { return .done }
            try await Task.sleep(for: pause)
            return .again
        }
        let end = follows ? nil : try await source.logPosition()
        let followed = settled.tables.values.map(\.plan)
        await observe(.following(progress, tables: followed, end: end))
        let ending = try await following(plan, progress, desk).run(settled.tables, from: start, to: end)
        guard !ending.recopies.isEmpty || ending.hasOtherTables else {
            await observe(.caughtUp(tables: followed))
            return .done
        }
        try await release(ending.recopies.keys)
        for (id, reason) in ending.recopies {
            guard let table = settled.tables[id] else { continue }
            desk.recopy(id)
            await observe(.copyingAgain(table.plan, reason: reason))
        }
        return .again
    }

    /// Copies `tables`, which nothing else is to be done before.
    private func copy(_ tables: [TablePlan], of plan: SyncPlan, stream: String) async throws -> FullCopy.Report {
        try await source.awaitWriters(of: tables.map(\.source))
        var plan = plan
        plan.tables = tables
        return try await FullCopy(
            from: source,
            to: destination,
            plan: plan,
            readers: readers,
            retries: retries,
            stream: stream,
            observe: observe
        ).run()
    }

    /// Brings the tables that are followed to `end`, and copies none: one that must be copied again leaves the stream.
    ///
    /// - Throws: ``StreamError/gap(sync:reason:)`` where changes are missing.
    func catchUp(to end: Checkpoint) async throws {
        while true {
            let state = try await prepare(plan)
            let tables = try await settle(plan, state).tables
            guard !tables.isEmpty else { return }
            let start = try await destination.stream(of: plan.sync) ?? state
            let ending = try await following(plan, StreamProgress(), CopyDesk(retries: retries)).run(
                tables,
                from: start,
                to: end
            )
            guard !ending.recopies.isEmpty else { return }
            try await release(ending.recopies.keys)
        }
    }

    private func following(_ plan: SyncPlan, _ progress: StreamProgress, _ desk: CopyDesk) -> StreamFollowing {
        StreamFollowing(
            source: source,
            destination: destination,
            plan: plan,
            progress: progress,
            desk: desk,
            replan: replan,
            observe: observe
        )
    }

    /// Makes sure of the stream before anything is copied, and notes at the destination where it begins.
    private func prepare(_ plan: SyncPlan) async throws -> StreamState {
        let known = try await destination.stream(of: plan.sync)
        let prepared = try await source.prepareStream(
            of: plan.sync,
            tables: plan.tables.map(\.source),
            continuing: known
        )
        await observe(.streamPrepared(notes: prepared.notes, gap: prepared.gap))
        if let gap = prepared.gap, onGap == .fail { throw StreamError.gap(sync: plan.sync, reason: gap) }
        if known?.id != prepared.state.id {
            try await destination.apply([], reaching: prepared.state, of: plan.sync)
        }
        try await release(prepared.recopies.keys)
        return prepared.state
    }

    /// Which tables the stream keeps up to date already, and which are to be copied first.
    private func settle(
        _ plan: SyncPlan,
        _ state: StreamState
    ) async throws -> (tables: [UInt32: StreamedTable], waiting: [TablePlan]) {
        var copies = try await destination.tables(of: plan.sync)
        let ids = Set(plan.tables.map(\.schema.id))
        // What is followed no longer misses changes from now on.
        let left = copies.filter { $0.stream != nil && ($0.stream != state.id || !ids.contains($0.schema.id)) }
        if !left.isEmpty {
            try await destination.remember(left.map { $0.leavingStream() }, of: plan.sync)
            copies = try await destination.tables(of: plan.sync)
        }
        let followed = Dictionary(copies.filter { $0.stream != nil }.map { ($0.schema.id, $0) }) { first, _ in first }
        var tables: [UInt32: StreamedTable] = [:]
        var waiting: [TablePlan] = []
        for table in plan.tables {
            if let copy = followed[table.schema.id], table.accepts(copy) {
                tables[table.schema.id] = StreamedTable(
                    plan: table,
                    copy: try await fitted(copy, to: table, state)
                )
            } else {
                waiting.append(table)
            }
        }
        return (tables, waiting)
    }

    /// The copy under the name that its table has now, with those of Tandem's own columns that are asked for.
    private func fitted(
        _ copy: CopiedTable,
        to table: TablePlan,
        _ state: StreamState
    ) async throws -> CopiedTable {
        var after = copy
        var evolution: [TargetChanges.Evolution] = []
        if copy.ownColumns != table.ownColumns {
            after.ownColumns = table.ownColumns
            evolution.append(.setOwnColumns(table.ownColumns))
        }
        if copy.target != table.target {
            // Its name at the source stays the one that the stream may still call it by, until that says another.
            after.target = table.target
            evolution.append(.renameTable(to: table.target))
        }
        guard !evolution.isEmpty else { return copy }
        let reached = try await destination.stream(of: plan.sync) ?? state
        let fitting = TargetChanges(before: copy, after: after, evolution: evolution, changes: NetChanges())
        try await destination.apply([fitting], reaching: reached, of: plan.sync)
        return after
    }

    /// Takes tables out of the stream, so that they are copied again.
    ///
    /// - Parameter tables: Their numbers at the source.
    func release(_ tables: some Collection<UInt32>) async throws {
        let copies = try await destination.tables(of: plan.sync).filter {
            $0.stream != nil && tables.contains($0.schema.id)
        }
        if !copies.isEmpty { try await destination.remember(copies.map { $0.leavingStream() }, of: plan.sync) }
    }
}

extension CopiedTable {
    fileprivate func leavingStream() -> CopiedTable {
        var copy = self
        copy.stream = nil
        return copy
    }
}

extension TablePlan {
    /// Whether `copy` holds the columns that are chosen now, as far as it had them to choose from.
    fileprivate func accepts(_ copy: CopiedTable) -> Bool {
        let newest = copy.schema.columns.map(\.id).max() ?? 0
        let copied = Dictionary(copy.schema.columns.map { ($0.id, $0.type) }) { first, _ in first }
        // Newer columns come with the stream. Another type may mean other values, and none of them is in the log; nor
        // are those that a column had while it was left out.
        let isSame = schema.columns.allSatisfy { column in
            copied[column.id].map { $0 == column.type } ?? (column.id > newest && !copy.leftOut.contains(column.id))
        }
        guard isSame else { return false }
        // What is there and not chosen any more was left out on purpose.
        let chosen = Set(schema.columns.map(\.id))
        return !source.schema.columns.contains { copied[$0.id] != nil && !chosen.contains($0.id) }
    }
}

package enum StreamError: ExplainedError {
    case gap(sync: String, reason: String)
    case noStream(connection: String)

    package var description: String {
        switch self {
        case .gap(let sync, let reason): "Sync \"\(sync)\" cannot go on where it was: \(reason)"
        case .noStream(let connection):
            "The changes of \"\(connection)\" cannot be followed by this kind of connection."
        }
    }

    package var remedy: Remedy? {
        switch self {
        case .gap: Remedy("Set `on_gap: resnapshot`, or run `tandem reset` for the sync: its tables are copied again.")
        case .noStream: Remedy("Write `method: FULL_TABLE` for its tables.")
        }
    }

    package var isTransient: Bool { false }
}
