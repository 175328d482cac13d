package import TandemCore
import TandemRows

/// Copies every table of a plan as of one moment, and puts the copies in place together.
///
/// A table that cannot be read or put in place does not stop the others; a
/// source that goes away does, after some attempts, and then nothing is put
/// in place.
package struct FullCopy {
    let source: any Source
    let destination: any Destination
    let plan: SyncPlan
    let readers: Int
    let retries: RetryPolicy
    /// Where the stream is that will keep the copies up to date. Each is put in place by itself then, as soon as it is
    /// whole.
    let since: StreamState?
    let patience: WriterPatience
    let observe: @Sendable (RunEvent) async -> Void

    package init(
        from source: any Source,
        to destination: any Destination,
        plan: SyncPlan,
        readers: Int,
        retries: RetryPolicy = RetryPolicy(),
        since: StreamState? = nil,
        patience: WriterPatience = WriterPatience(),
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) {
        self.source = source
        self.destination = destination
        self.plan = plan
        self.readers = readers
        self.retries = retries
        self.since = since
        self.patience = patience
        self.observe = observe
    }

    /// What became of each table.
    package struct Report: Sendable {
        package var outcomes: [TableOutcome] = []
        package var failures: [(table: TablePlan, failure: TableFailure)] = []

        mutating func add(_ other: Report) {
            let copied = Set(other.outcomes.map(\.copy.target))
            outcomes.removeAll { copied.contains($0.copy.target) }
            outcomes += other.outcomes
            failures += other.failures
        }
    }

    /// - Throws: What stopped the run as a whole; the destination is then as it was before.
    package func run() async throws -> Report {
        do {
            var report = try await loadAll()
            if since == nil || report.outcomes.isEmpty { try await publishAll(&report) }
            return report
        } catch {
            // The run's own error is what the user needs to read; leftovers are swept by the next run.
            try? await destination.discard()
            throw error
        }
    }

    private func loadAll() async throws -> Report {
        var report = Report()
        var waiting = plan.tables[...]
        var setbacks = Setbacks(retries: retries)
        var group = PublishGroup()
        var attempt = 0
        while true {
            let before = waiting.count
            do {
                let (places, failures) = try await places(of: waiting)
                for (table, error) in failures {
                    waiting.removeAll { $0.target == table.target }
                    await note(error, of: table, &setbacks, &report)
                }
                // What another snapshot has shown stays loaded.
                if !waiting.isEmpty {
                    try await source.withSnapshot(readers: readers, observe: observe) { snapshot in
                        try await load(&waiting, at: places, from: snapshot, &setbacks, &group, into: &report)
                    }
                }
                try await publish(&group, &waiting, &setbacks, into: &report)
                guard waiting.isEmpty else { continue }
                guard try await setbacks.wait(observe: observe) else { return report }
                waiting = setbacks.takePostponed()[...]
            } catch let error as any ExplainedError where error.interruptsAll {
                attempt = waiting.count < before ? 1 : attempt + 1
                try await retries.wait(after: error, attempt: attempt, observe: observe)
            }
        }
    }

    /// The places that a snapshot which is taken after this has come to, of tables that are read by a cursor later.
    private func places(of tables: ArraySlice<TablePlan>) async throws -> CursorPlaces {
        guard let reader = source.cursorReader() else { return ([:], []) }
        return try await reader.places(of: tables.filter { $0.cursor != nil }, patience: patience.copying)
    }

    /// Loads tables from the front of `waiting` until there are none, or the snapshot is of no more use.
    private func load(
        _ waiting: inout ArraySlice<TablePlan>,
        at places: [TableID: CursorPlace],
        from snapshot: any Snapshot,
        _ setbacks: inout Setbacks,
        _ group: inout PublishGroup,
        into report: inout Report
    ) async throws {
        let begun = since == nil ? [] : try await destination.targetsBegun(by: plan.sync)
        while let table = waiting.first {
            try Task.checkCancellation()
            do {
                let outcome = try await TableLoad(
                    table: table,
                    sync: plan.sync,
                    unfit: plan.unfit,
                    snapshot: snapshot,
                    destination: destination,
                    place: places[table.source.schema.id],
                    isBegun: begun.contains(table.target),
                    observe: observe
                ).run(since: since)
                if since != nil {
                    group.add(table, outcome)
                } else {
                    report.outcomes.append(outcome)
                    await observe(.tableLoaded(table, outcome))
                }
            } catch let error as CancellationError {
                throw error
            } catch let error as any ExplainedError where error.interruptsAll {
                throw error
            } catch {
                await note(error, of: table, &setbacks, &report)
            }
            waiting.removeFirst()
            if group.isDue { try await publish(&group, &waiting, &setbacks, into: &report) }
        }
    }

    /// Puts in place what was loaded since the last time. It survives whatever stops the run then; the stream brings
    /// all tables to one moment.
    private func publish(
        _ group: inout PublishGroup,
        _ waiting: inout ArraySlice<TablePlan>,
        _ setbacks: inout Setbacks,
        into report: inout Report
    ) async throws {
        guard !group.isEmpty else { return }
        let (loaded, start) = (group.loaded, ContinuousClock.now)
        do {
            try await publish(loaded.map(\.outcome))
            report.outcomes += loaded.map(\.outcome)
            group = PublishGroup(after: start.duration(to: .now), group)
            for (table, outcome) in loaded { await observe(.tableLoaded(table, outcome)) }
        } catch let error as CancellationError {
            throw error
        } catch let error as any ExplainedError where error.interruptsAll {
            throw error
        } catch {
            try? await destination.discard()
            group = PublishGroup(after: .zero, group)
            if loaded.count > 1 {
                // One of them is in the way of all: each by itself.
                waiting = (loaded.map(\.table) + waiting)[...]
                group.single = loaded.count
            } else {
                let cause = (error as? TargetError)?.cause ?? error
                for (table, _) in loaded { await note(cause, of: table, &setbacks, &report) }
            }
        }
    }

    /// Notes that a table could not be read: it is tried again later, where that may help, and others go on meanwhile.
    private func note(
        _ error: any Error,
        of table: TablePlan,
        _ setbacks: inout Setbacks,
        _ report: inout Report
    ) async {
        if setbacks.postpone(table, after: error) { return }
        // Gone on with it would fail again.
        try? await destination.dropSections(of: table.target, plan.sync)
        await fail(table, error, &report)
    }

    private func fail(_ table: TablePlan, _ error: any Error, _ report: inout Report) async {
        let failure = TableFailure(error)
        report.failures.append((table, failure))
        await observe(.tableFailed(table, failure))
    }

    /// Puts everything that was loaded in place together, but for what the destination cannot take.
    private func publishAll(_ report: inout Report) async throws {
        while true {
            do {
                return try await publish(report.outcomes)
            } catch let error as TargetError {
                guard let index = report.outcomes.firstIndex(where: { $0.copy.target == error.target }),
                    let table = plan.tables.first(where: { $0.target == error.target })
                else { throw error.cause }
                report.outcomes.remove(at: index)
                await fail(table, error.cause, &report)
            }
        }
    }

    private func publish(_ outcomes: [TableOutcome]) async throws {
        guard !outcomes.isEmpty else { return try await destination.discard() }
        try Task.checkCancellation()
        let loaded = Set(outcomes.map(\.copy.target))
        let retired = plan.tables.filter { loaded.contains($0.target) }.compactMap(\.retires).filter {
            !loaded.contains($0)
        }
        try await destination.publish(outcomes.map(\.copy), retiring: retired, of: plan.sync)
        await observe(.published(outcomes))
    }
}

/// How often a source that fails in passing is asked again, and after what pauses.
package struct RetryPolicy: Sendable {
    /// Attempts in a row without a single table done in between.
    package var limit: Int
    package var firstPause: Duration
    package var longestPause: Duration

    package init(limit: Int = 6, firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(30)) {
        self.limit = limit
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// The pause before attempt `attempt`, counted from one, each twice as long as the one before; `nil` for no more.
    func pause(before attempt: Int) -> Duration? {
        guard attempt <= limit else { return nil }
        return min(longestPause, firstPause * (1 << min(attempt - 1, 20)))
    }

    /// Waits before attempt `attempt`, counted from one, of what has failed in passing.
    ///
    /// - Throws: `error` where it has been tried often enough.
    func wait(
        after error: any ExplainedError,
        attempt: Int,
        observe: @Sendable (RunEvent) async -> Void
    ) async throws {
        guard let pause = pause(before: attempt) else { throw error }
        await observe(.retrying(error, pause: pause, attempt: attempt))
        try await Task.sleep(for: pause)
    }
}

extension Destination {
    /// Drops what was loaded in part for `target`, if anything was.
    func dropSections(of target: TableName, _ sync: String) async throws {
        for load in try await sectionedLoads(of: sync) where load.target == target { try await drop(load) }
    }

    /// The targets of what was loaded in part.
    func targetsBegun(by sync: String) async throws -> Set<TableName> {
        Set(try await sectionedLoads(of: sync).map(\.target))
    }

    /// How many sections are there of what was loaded in part for `target`.
    func sectionsLoaded(of target: TableName, _ sync: String) async throws -> Int {
        try await sectionedLoads(of: sync).first { $0.target == target }?.loaded ?? 0
    }
}
