package import TandemCore
package import TandemRows
package import TandemState

/// One run of a sync: looks, plans, copies, and notes what came of it.
package struct SyncRun: Sendable {
    var context: RunContext
    let state: StateStore?
    let lock: SyncLock?
    private let notify: @Sendable (String) -> Void
    /// Methods that the source turned out not to offer now.
    var ruledOut: [Method: Eligibility] = [:]

    var sync: SyncConfiguration { context.sync }
    var source: any Source { context.source }
    package var destination: any Destination { context.destination }

    /// - Parameters:
    ///   - lock: What keeps others away, and where the run follows lets them in for a while.
    ///   - state: Where the run's history is kept, if anywhere.
    ///   - notify: Gets a sentence where the history cannot be kept.
    package init(
        _ context: RunContext,
        lock: SyncLock? = nil,
        state: StateStore?,
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.lock = lock
        self.state = state
        self.notify = notify
    }

    package struct Result: Sendable {
        package var plan: SyncPlan
        package var report: FullCopy.Report
        /// What was followed, if anything was.
        package var stream: StreamProgress.Counts?
        package var duration: Duration
        /// What the destination remembers now of the copies that there are.
        var copies: [SyncedTable]

        /// The copies that there are now, by their names at the destination.
        package var targets: Set<TableName> { Set(copies.map(\.target)) }

        /// Rows that the destination does not hold as their source has them, without those that are to stay so, by
        /// their tables at the destination.
        package var issues: [TableName: [RowIssue]] {
            let open = copies.map { ($0.target, $0.issues.filter { !$0.isIgnored }) }
            return Dictionary(open.filter { !$1.isEmpty }) { first, _ in first }
        }
    }

    /// - Parameter isRepaired: Where given, only these of the planned tables are copied, also those that a stream keeps
    ///   up to date.
    /// - Throws: ``PlanProblems`` before anything is touched; what stopped the run as a whole.
    package func run(repairing isRepaired: ((TablePlan) -> Bool)? = nil) async throws -> Result {
        let recorder = await RunRecorder(of: sync.name, in: state, clock: context.clock, notify: notify)
        let result: Result
        do {
            result = try await remembering().recorded(by: recorder).perform(isRepaired)
        } catch {
            await recorder.finish(after: error)
            throw error
        }
        await recorder.finish(result)
        return result
    }

    private func perform(_ isRepaired: ((TablePlan) -> Bool)?) async throws -> Result {
        let start = context.clock.now
        var plan = try await withCleanup {
            if isRepaired == nil { await tidy() }
        } after: {
            try await context.persistently { try await self.plan() }
        }
        if let isRepaired { plan = plan.part { $0.method.isFollowed || isRepaired($0) } }
        await context.observe(.planned(plan))
        var run = self
        if isRepaired == nil { (run, plan) = try await beginning(plan) }
        var report = FullCopy.Report()
        for failed in plan.failures {
            await context.observe(.tableFailed(failed.table, failed.failure))
            report.failures.append((failed.table, failed.failure))
        }
        let read = try await read(plan.part { $0.cursor?.copy != nil && isRepaired == nil })
        let again = Set(read.recopies.map(\.target))
        let copied = plan.part {
            !$0.method.isFollowed && ($0.cursor?.copy == nil || isRepaired != nil || again.contains($0.target))
        }
        if !copied.tables.isEmpty { report.add(try await FullCopy(context, of: copied).run()) }
        report.outcomes += read.outcomes
        report.failures += read.failures
        if !report.outcomes.isEmpty || plan.tables.contains(where: \.method.isFollowed), let claim = plan.claim {
            // Has the destination remember whose the sync is.
            try await context.persistently { try await destination.note(made: [claim], gone: []) }
        }
        let counts = try await run.follow(plan, repairing: isRepaired, into: &report)
        // What has been done is done, also where that cannot be asked.
        let copies = (try? await destination.tables(of: sync.name)) ?? []
        return Result(
            plan: plan,
            report: report,
            stream: counts,
            duration: context.clock.duration(since: start),
            copies: copies
        )
    }

    /// The same, which asks the destination once for what it remembers. One that follows lets others in for a while,
    /// who may write.
    func remembering() -> SyncRun {
        guard !context.follows else { return self }
        var run = self
        run.context.destination = RememberedDestination(destination, of: sync.name)
        return run
    }

    /// The same, of which everything that happens is written down.
    private func recorded(by recorder: RunRecorder) -> SyncRun {
        var run = self
        run.context.observe = { [observe = context.observe] event in
            await recorder.note(event)
            await observe(event)
        }
        return run
    }

    /// Brings the copies of tables up to date that are read by a cursor.
    private func read(_ plan: SyncPlan) async throws -> CursorRun.Report {
        guard !plan.tables.isEmpty else { return CursorRun.Report() }
        // The planner gives INCREMENTAL only to ends that have it.
        guard let reader = source.cursorReader() else { throw StreamError.noCursor(sync: sync.name) }
        return try await CursorRun(context: context, reader: reader, plan: plan).run()
    }

    func refuseAnothers() async throws {
        try await SyncTenure.check(sync, at: destination) { try await source.origin() }
    }

    func plan() async throws -> SyncPlan {
        let plan = try await Planner.plan(sync, from: source, to: destination, without: ruledOut)
        if let refusal = plan.refusal { throw refusal }
        try await destination.note(made: plan.news.made, gone: plan.news.gone)
        return plan
    }
}
