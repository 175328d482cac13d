import TandemCore
import TandemRows
import TandemState

/// Brings the tables of a plan that are followed by the source's log up to date: copies what is not there yet, then
/// applies what has changed since.
struct StreamRun {
    let context: RunContext
    let log: any ChangeLog
    /// By which the source tells of changes.
    let method: Method
    /// Of the tables only that are followed so.
    let plan: SyncPlan
    var onGap: GapPolicy
    /// The plan of the whole sync, as the source's catalog asks for it by then.
    let replan: @Sendable () async throws -> SyncPlan
    /// What a run that follows gives up for a while when others want it.
    var lock: SyncLock?

    /// How one round ended.
    private enum Ending {
        case done
        /// Tables were renamed or must be copied again: once more, by a plan made anew.
        case again
    }

    /// - Parameter report: Takes what becomes of each copy that is made before anything is followed.
    func run(into report: inout FullCopy.Report) async throws -> StreamProgress {
        let backfills = backfills()
        guard context.follows else { return try await rounds(backfills, into: &report) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let worker = BackfillWorker(context: context, log: log, backfills: backfills)
            group.addTask { try await worker.run() }
            defer { group.cancelAll() }
            return try await rounds(backfills, into: &report)
        }
    }

    /// The life of the tables in one stream after another. A run has one of it.
    func backfills() -> Backfills {
        Backfills(context)
    }

    private func rounds(_ backfills: Backfills, into report: inout FullCopy.Report) async throws -> StreamProgress {
        let progress = StreamProgress()
        var told = Told()
        var plan = plan
        var isFirst = true
        var attempt = 0
        // How often the destination could not take the changes of a table in a row.
        var refusals: [TableName: Int] = [:]
        var unread: Set<TableID> = []
        // What a run with an end leaves for the next one, because others have locked it.
        var locked: [FailedTable] = []
        while true {
            let before = progress.counts.batches
            do {
                if let loaded = backfills.loaded { try await StreamJoin(self, backfills, progress).run(loaded) }
                if !isFirst {
                    plan = try await planAnew(after: plan)
                }
                isFirst = false
                let ending = try await round(plan, without: locked, progress, backfills, &told, into: &report)
                guard case .again = ending else { return progress }
                if let lock, lock.isWanted, backfills.isIdle { try await lock.giveWay() }
                (attempt, refusals) = (0, [:])
            } catch let error as TargetError where error.isTransient && error.cause.isBusy {
                locked += try await leave(tablesLocked(with: error, plan), backfills)
            } catch let error as TargetError {
                let count = progress.counts.batches > before ? 1 : refusals[error.target, default: 0] + 1
                refusals[error.target] = count
                try await leave(error, plan, backfills, attempt: count)
            } catch let error as ChangesUnreadable where !error.isTransient {
                guard let table = plan.tables.first(where: { $0.schema.id == error.table }),
                    unread.insert(error.table).inserted || context.follows
                else { throw error.cause }
                let reason = "its changes cannot be read: \(error.description)"
                try await copyAgain([Recopy(table: table, reason: reason)], backfills)
            } catch let error as any ExplainedError where context.outlasts(error) {
                attempt = progress.counts.batches > before ? 1 : attempt + 1
                try await context.wait(after: error, attempt: attempt)
            }
        }
    }

    /// Waits a little where that may help, or else takes a table out of the stream whose changes the destination cannot
    /// take. It is copied again, by which the user learns what is wrong with it, and the others go on.
    private func leave(_ error: TargetError, _ plan: SyncPlan, _ backfills: Backfills, attempt: Int) async throws {
        guard let table = plan.tables.first(where: { $0.target == error.target }) else { throw error.cause }
        if error.isTransient, let pause = context.retries.pause(ofTableBefore: attempt) {
            await context.observe(.tablePostponed(table, error, pause: pause))
            return try await context.clock.backOff(pause)
        }
        let reason = "its copy cannot take its changes: \(error.description)"
        try await copyAgain([Recopy(table: table, reason: reason)], backfills)
    }

    /// Has tables copied again, which leave the stream.
    func copyAgain(_ recopies: some Collection<Recopy>, _ backfills: Backfills) async throws {
        guard !recopies.isEmpty else { return }
        try await release(recopies.map(\.table.schema.id))
        for recopy in recopies { await backfills.note(.mustCopy(recopy)) }
    }

    private func round(
        _ whole: SyncPlan,
        without locked: [FailedTable],
        _ progress: StreamProgress,
        _ backfills: Backfills,
        _ told: inout Told,
        into report: inout FullCopy.Report
    ) async throws -> Ending {
        let (state, prepared, left) = try await prepare(whole, backfills)
        await note(left + whole.failures + locked, &told, &report)
        let plan = prepared.part { table in !locked.contains { $0.table.schema.id == table.schema.id } }
        var settled = try await settle(plan, state)
        try await copyAgain(settled.recopies, backfills)
        try await dropSections(without: settled.waiting)
        if !settled.waiting.isEmpty, !context.follows || settled.tables.isEmpty {
            await backfills.note(.planned([], at: state))
            try await backfills.awaitIdle()
            let since = try await context.destination.stream(of: plan.sync, by: method) ?? state
            let copied = try await copy(settled.waiting, of: plan, since: since)
            report.add(copied)
            for (isLocked, failed) in Dictionary(grouping: copied.failures, by: \.failure.isLocked) {
                await backfills.note(.couldNotCopy(failed.map(\.table), areLocked: isLocked))
            }
            let planned = Dictionary(plan.tables.map { ($0.target, $0) }) { first, _ in first }
            // Columns or parts came or went while it was being planned, or one of its values did not fit: once more, by
            // a plan that knows of it.
            let hasChanged = copied.outcomes.map(\.copy).contains { copy in
                guard let table = planned[copy.target] else { return true }
                return !copy.leftOut.isSubset(of: table.leftOut) || copy.parts != table.source.marks
                    || copy.schema.columns.map(\.type) != table.schema.columns.map(\.type)
                    || copy.definition != table.source.definition
            }
            if hasChanged { return .again }
            settled = try await settle(plan, state)
        }
        let start = try await context.destination.stream(of: plan.sync, by: method) ?? state
        await backfills.note(.planned(context.follows ? settled.waiting : [], at: start))
        guard !settled.tables.isEmpty else {
            // Not one could be copied.
            guard context.follows, let time = backfills.nextTry else { return .done }
            try await context.clock.backOff(until: time)
            return .again
        }
        let spansSnapshots = settled.tables.values.contains(where: \.copy.spansSnapshots)
        // Columns come by names that no change has told of; a stream without end would not bring them.
        let expected = settled.tables.mapValues(\.expected).filter { !$0.value.isEmpty }
        let end = context.follows && !spansSnapshots && !told.isNews(expected) ? nil : try await log.end()
        let followed = settled.tables.values.map(\.plan)
        // A run that was killed may have stored them and not said so.
        for table in settled.tables.values where told.isNews(table.copy.issues, of: table.copy.target) {
            await context.observe(.issues(table.plan, table.copy.issues))
        }
        await context.observe(.following(progress, tables: followed, end: end))
        let ending = try await following(plan, progress, backfills).run(settled.tables, from: start, to: end)
        guard !ending.recopies.isEmpty || ending.hasOtherTables else {
            told.note(expected)
            let left = failures(of: settled.tables, ending.left)
            await note(left, &told, &report)
            await context.observe(.caughtUp(tables: followed.filter { ending.left[$0.schema.id] == nil }))
            if spansSnapshots { try await noteWhole(settled.tables.keys.filter { ending.left[$0] == nil }) }
            return context.follows && end != nil ? .again : .done
        }
        try await copyAgain(ending.recopies.values, backfills)
        return .again
    }

    private func failures(of tables: [TableID: StreamedTable], _ left: [TableID: LeftTable]) -> [FailedTable] {
        left.compactMap { id, reason in
            tables[id].map { FailedTable($0.plan, TableFailure(StreamError.left(reason))) }
        }
    }

    /// Tells of tables that cannot be followed or copied now: once for each reason.
    private func note(_ failures: [FailedTable], _ told: inout Told, _ report: inout FullCopy.Report) async {
        for failed in failures where told.isNews(failed.failure, of: failed.table.schema.name) {
            let isTold = report.failures.contains {
                $0.table.schema.name == failed.table.schema.name && $0.failure.message == failed.failure.message
            }
            guard !isTold else { continue }
            report.failures.append((failed.table, failed.failure))
            await context.observe(.tableFailed(failed.table, failed.failure))
        }
    }

    /// Copies `tables`, which nothing else is to be done before.
    private func copy(_ tables: [TablePlan], of plan: SyncPlan, since: StreamCheckpoint) async throws -> FullCopy.Report
    {
        let open = try await log.awaitWriters(of: tables.map(\.source), limit: context.patience.copying)
        // Others would wait to be followed for as long as what is locked is waited for.
        let locked = try await context.destination.locks(on: tables, for: .writing)
        let failures = tables.compactMap { table -> (table: TablePlan, failure: TableFailure)? in
            let id = table.schema.id
            guard let error = open[id].map({ StreamError.left($0) }) ?? locked[id] else { return nil }
            var failure = TableFailure(error)
            failure.isLocked = open[id] == nil
            return (table, failure)
        }
        let copied = Set(tables.map(\.schema.id)).subtracting(failures.map(\.table.schema.id))
        let plan = plan.part { copied.contains($0.schema.id) }
        for (table, failure) in failures { await context.observe(.tableFailed(table, failure)) }
        guard !plan.tables.isEmpty else { return FullCopy.Report(failures: failures) }
        var report = try await FullCopy(context, of: plan, since: since).run()
        report.failures += failures
        return report
    }

    /// Brings the tables that are followed to `end`, and copies none: one that must be copied again leaves the stream.
    ///
    /// - Throws: ``StreamError/gap(sync:reason:policy:)`` where changes are missing.
    ///
    /// - Returns: How many changes were applied, by the tables' numbers, and which tables stayed behind.
    func catchUp(to end: Checkpoint) async throws -> (changes: [TableID: Int], left: [FailedTable]) {
        let progress = StreamProgress()
        let backfills = backfills()
        var whole = plan
        while true {
            let (state, plan, _) = try await prepare(whole, backfills)
            let tables = try await settle(plan, state).tables
            guard !tables.isEmpty else { return (progress.takeChanges(), []) }
            let start = try await context.destination.stream(of: plan.sync, by: method) ?? state
            await backfills.note(.planned([], at: start))
            let ending = try await following(plan, progress, backfills).run(tables, from: start, to: end)
            guard !ending.recopies.isEmpty || ending.hasOtherTables else {
                return (progress.takeChanges(), failures(of: tables, ending.left))
            }
            try await release(ending.recopies.keys)
            whole = try await replan().part { $0.method == method }
        }
    }

    /// The plan of what is followed by now, and says what is followed no longer: its copy stays as it is.
    private func planAnew(after before: SyncPlan) async throws -> SyncPlan {
        let whole = try await replan()
        let plan = whole.part { $0.method == method }
        await context.observe(.replanned(plan))
        let followed = Set(plan.tables.map(\.schema.id))
        for table in before.tables where !followed.contains(table.schema.id) {
            if let other = whole.tables.first(where: { $0.schema.id == table.schema.id }) {
                let reason = "It takes \(other.method.rawValue) from the next run on. \(other.reason)"
                await context.observe(.followedNoLonger(other.schema.name, reason: reason, remedy: nil))
            } else if let skipped = whole.skipped.first(where: { $0.name == table.schema.name }) {
                await context.observe(
                    .followedNoLonger(skipped.name, reason: skipped.reason, remedy: skipped.remedy)
                )
            }
        }
        return plan
    }

    private func following(
        _ plan: SyncPlan,
        _ progress: StreamProgress,
        _ backfills: Backfills
    ) -> StreamFollowing {
        StreamFollowing(
            context: context,
            log: log,
            plan: plan,
            progress: progress,
            backfills: backfills,
            replan: { try await replan().part { $0.method == method } },
            lock: lock
        )
    }

    /// Makes sure of the stream before anything is copied, notes at the destination where it begins, and gives copies
    /// the names that they are to have by now. Tells the plan what only the stream knows of its tables.
    ///
    /// - Returns: Where it begins, `plan` for the tables that can be followed, and the others.
    @discardableResult
    func prepare(
        _ plan: SyncPlan,
        _ backfills: Backfills
    ) async throws -> (state: StreamCheckpoint, plan: SyncPlan, left: [FailedTable]) {
        var plan = plan
        let known = try await context.destination.stream(of: plan.sync, by: method)
        let prepared = try await log.prepare(
            LogRequest(
                sync: plan.sync,
                tables: plan.tables.map(\.source),
                continuing: known,
                maySetUp: context.sync.autoSetup,
                mayRestart: onGap != .fail
            ),
            ownership: Ownership(known: try await context.destination.made(of: plan.sync)) {
                [destination = context.destination] made, gone in
                try await destination.note(made: made, gone: gone)
            }
        )
        if let gap = prepared.gap, onGap == .fail { throw StreamError.gap(sync: plan.sync, reason: gap, policy: .fail) }
        await context.observe(.streamPrepared(notes: prepared.notes, gap: prepared.gap))
        for index in plan.tables.indices {
            let facts = prepared.facts[plan.tables[index].schema.id] ?? [:]
            plan.tables[index].source.definition?.facts.merge(facts) { $1 }
        }
        if known?.id != prepared.state.id {
            try await context.destination.write([], advancing: prepared.state, of: plan.sync)
        }
        if prepared.identity == .names {
            try await copyAgain(takingNames(plan, prepared.state), backfills)
        }
        let refused = try await CopyMoves(destination: context.destination, plan: plan, state: prepared.state).run()
        try await copyAgain(refused, backfills)
        try await release(prepared.recopies.keys)
        let left = plan.tables.compactMap { table in
            prepared.left[table.schema.id].map {
                FailedTable(table, TableFailure(message: $0.reason, remedy: $0.remedy))
            }
        }
        return (prepared.state, plan.part { prepared.left[$0.schema.id] == nil }, left)
    }

    /// Drops what was loaded in part of tables that are not to be copied any more.
    private func dropSections(without waiting: [TablePlan]) async throws {
        let wanted = Set(waiting.map(\.target))
        for load in try await context.destination.sectionedLoads(of: plan.sync)
        where load.since.method == method && !wanted.contains(load.target) {
            try await context.destination.drop(load)
        }
    }

    /// Notes that copies whose rows were read at different moments are as of one now: the stream has passed all of
    /// these.
    private func noteWhole(_ tables: some Collection<TableID>) async throws {
        let copies = try await context.destination.tables(of: plan.sync).filter {
            $0.spansSnapshots && $0.stream != nil && tables.contains($0.schema.id)
        }.map { copy in
            var copy = copy
            copy.spansSnapshots = false
            return copy
        }
        if !copies.isEmpty { try await context.destination.remember(copies, of: plan.sync) }
    }

    /// Takes tables out of the stream, so that they are copied again.
    ///
    /// - Parameter tables: Their numbers at the source.
    func release(_ tables: some Collection<TableID>) async throws {
        let copies = try await context.destination.tables(of: plan.sync).filter {
            $0.stream != nil && tables.contains($0.schema.id)
        }
        if !copies.isEmpty { try await context.destination.remember(copies.map { $0.leavingStream() }, of: plan.sync) }
    }
}
