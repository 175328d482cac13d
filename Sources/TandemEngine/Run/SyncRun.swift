package import TandemCore
package import TandemRows
package import TandemState

/// One run of a sync: looks, plans, copies, and notes what came of it.
package struct SyncRun: Sendable {
    let sync: SyncConfiguration
    let source: any Source
    package private(set) var destination: any Destination
    let readers: Int
    let retries: RetryPolicy
    private let patience: WriterPatience
    var follows: Bool
    let state: StateStore?
    let lock: SyncLock?
    private let notify: @Sendable (String) -> Void
    let observe: @Sendable (RunEvent) async -> Void
    /// Methods that the source turned out not to offer now.
    var ruledOut: [Method: Eligibility] = [:]

    /// - Parameters:
    ///   - readers: How many threads may read the source at once.
    ///   - follows: Whether to go on applying changes until cancelled.
    ///   - lock: What keeps others away, and where the run follows lets them in for a while.
    ///   - state: Where the run's history is kept, if anywhere.
    ///   - notify: Gets a sentence where the history cannot be kept.
    package init(
        _ sync: SyncConfiguration,
        from source: any Source,
        to destination: any Destination,
        readers: Int,
        retries: RetryPolicy = RetryPolicy(),
        patience: WriterPatience = WriterPatience(),
        follows: Bool = false,
        lock: SyncLock? = nil,
        state: StateStore?,
        notify: @escaping @Sendable (String) -> Void = { _ in },
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) {
        self.sync = sync
        self.source = source
        self.destination = destination
        self.readers = readers
        self.retries = retries
        self.patience = patience
        self.follows = follows
        self.lock = lock
        self.state = state
        self.notify = notify
        self.observe = observe
    }

    package struct Result: Sendable {
        package var plan: SyncPlan
        package var report: FullCopy.Report
        /// What was followed, if anything was.
        package var stream: StreamProgress.Counts?
        package var duration: Duration
        /// Rows that the destination does not hold as their source has them, without those that are to stay so, by
        /// their tables at the destination.
        package var issues: [TableName: [RowIssue]]
        /// The copies that there are now, by their names at the destination.
        package var copies: Set<TableName>
    }

    /// - Parameter isRepaired: Where given, only these of the planned tables are copied, also those that a stream keeps
    ///   up to date.
    /// - Throws: ``PlanProblems`` before anything is touched; what stopped the run as a whole.
    package func run(repairing isRepaired: ((TablePlan) -> Bool)? = nil) async throws -> Result {
        try await remembering().perform(isRepaired)
    }

    private func perform(_ isRepaired: ((TablePlan) -> Bool)?) async throws -> Result {
        let start = ContinuousClock.now
        let recorder = await RunRecorder(of: sync.name, in: state, notify: notify)
        do {
            if isRepaired == nil { await tidy() }
            var plan = try await firstPlan()
            if let isRepaired { plan = plan.part { $0.method.isFollowed || isRepaired($0) } }
            let note: @Sendable (RunEvent) async -> Void = { event in
                await recorder.note(event)
                await observe(event)
            }
            await note(.planned(plan))
            var run = self
            if isRepaired == nil { (run, plan) = try await beginning(plan, observe: note) }
            var report = FullCopy.Report()
            for failed in plan.failures {
                await note(.tableFailed(failed.table, failed.failure))
                report.failures.append((failed.table, failed.failure))
            }
            let read = try await read(plan.part { $0.cursor?.copy != nil && isRepaired == nil }, observe: note)
            let again = Set(read.recopies.map(\.target))
            let copied = plan.part {
                !$0.method.isFollowed && ($0.cursor?.copy == nil || isRepaired != nil || again.contains($0.target))
            }
            if !copied.tables.isEmpty {
                let copy = FullCopy(
                    from: source,
                    to: destination,
                    plan: copied,
                    readers: readers,
                    retries: retries,
                    patience: patience,
                    observe: note
                )
                report.add(try await copy.run())
            }
            report.outcomes += read.outcomes
            report.failures += read.failures
            if !report.outcomes.isEmpty || plan.tables.contains(where: \.method.isFollowed) {
                try await claim(plan, observe: note)
            }
            let counts = try await run.follow(plan, repairing: isRepaired, into: &report, observe: note)
            var issues: [TableName: [RowIssue]] = [:]
            var present: Set<TableName> = []
            // What has been done is done, also where that cannot be asked.
            for copy in (try? await destination.tables(of: sync.name)) ?? [] {
                await recorder.record(copy.issues, of: copy.schema.name)
                present.insert(copy.target)
                let open = copy.issues.filter { !$0.isIgnored }
                if !open.isEmpty { issues[copy.target] = open }
            }
            await recorder.finish(report, counts)
            let duration = start.duration(to: .now)
            return Result(
                plan: plan,
                report: report,
                stream: counts,
                duration: duration,
                issues: issues,
                copies: present
            )
        } catch {
            await recorder.finish(after: error)
            throw error
        }
    }

    /// The same, which asks the destination once for what it remembers. One that follows lets others in for a while,
    /// who may write.
    func remembering() -> SyncRun {
        guard !follows else { return self }
        var run = self
        run.destination = RememberedDestination(destination, of: sync.name)
        return run
    }

    /// Brings the copies of tables up to date that are read by a cursor.
    private func read(
        _ plan: SyncPlan,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws -> CursorRun.Report {
        guard !plan.tables.isEmpty else { return CursorRun.Report() }
        // The planner gives INCREMENTAL only to ends that have it.
        guard let reader = source.cursorReader() else { throw StreamError.noCursor(sync: sync.name) }
        return try await CursorRun(
            reader: reader,
            destination: destination,
            plan: plan,
            readers: readers,
            retries: retries,
            patience: patience,
            observe: observe
        ).run()
    }

    /// Has the destination remember whose the sync is.
    private func claim(_ plan: SyncPlan, observe: @Sendable (RunEvent) async -> Void) async throws {
        guard let claim = plan.claim else { return }
        var attempt = 0
        while true {
            do {
                return try await destination.note(made: [claim], gone: [])
            } catch let error as any ExplainedError where error.isTransient || follows && error.isBusy {
                attempt += 1
                try await retries.wait(after: error, attempt: attempt, observe: observe)
            }
        }
    }

    func refuseAnothers() async throws {
        try await SyncTenure.check(sync, at: destination) { try await source.origin() }
    }

    private func firstPlan() async throws -> SyncPlan {
        var attempt = 0
        while true {
            do {
                return try await plan()
            } catch let error as any ExplainedError where error.isTransient || follows && error.isBusy {
                attempt += 1
                try await retries.wait(after: error, attempt: attempt, observe: observe)
            }
        }
    }

    func plan() async throws -> SyncPlan {
        let plan = try await Planner.plan(sync, from: source, to: destination, without: ruledOut)
        if let refusal = plan.refusal { throw refusal }
        try await destination.note(made: plan.news.made, gone: plan.news.gone)
        return plan
    }
}
