package import TandemCore
import TandemRows

/// Copies every table of a plan as of one moment, and puts the copies in place together.
///
/// A table that cannot be read or put in place does not stop the others; a
/// source that goes away does, after some attempts, and then nothing is put
/// in place.
package struct FullCopy {
    private let context: RunContext
    private let plan: SyncPlan
    /// Where the stream is that will keep the copies up to date. Each is put in place by itself then, as soon as it is
    /// whole.
    private let since: StreamCheckpoint?

    private var destination: any Destination { context.destination }

    package init(_ context: RunContext, of plan: SyncPlan, since: StreamCheckpoint? = nil) {
        self.context = context
        self.plan = plan
        self.since = since
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
            await discardRest()
            return report
        } catch {
            await discardRest()
            throw error
        }
    }

    /// Discards what was not put in place. What cannot be now is swept by the next run.
    private func discardRest() async { try? await destination.discard(plan.tables.map(\.target)) }

    private func loadAll() async throws -> Report {
        var report = Report()
        var waiting = plan.tables[...]
        var setbacks = Setbacks(retries: context.retries)
        var group = PublishGroup(context.clock)
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
                    try await context.withSnapshot { snapshot in
                        try await load(&waiting, at: places, from: snapshot, &setbacks, &group, into: &report)
                    }
                }
                try await publish(&group, &waiting, &setbacks, into: &report)
                guard waiting.isEmpty else { continue }
                guard try await setbacks.wait(context) else { return report }
                waiting = setbacks.takePostponed()[...]
            } catch let error as any ExplainedError where error.interruptsAll {
                attempt = waiting.count < before ? 1 : attempt + 1
                try await context.wait(after: error, attempt: attempt)
            }
        }
    }

    /// The places that a snapshot which is taken after this has come to, of tables that are read by a cursor later.
    private func places(of tables: ArraySlice<TablePlan>) async throws -> CursorPlaces {
        guard let reader = context.source.cursorReader() else { return ([:], []) }
        return try await reader.places(of: tables.filter { $0.cursor != nil }, patience: context.patience.copying)
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
                let outcome = try await TableBackfill(
                    context: context,
                    table: table,
                    snapshot: snapshot,
                    place: places[table.source.schema.id],
                    isBegun: begun.contains(table.target)
                ).run(since: since)
                if since != nil {
                    group.add(table, outcome)
                } else {
                    report.outcomes.append(outcome)
                    await context.observe(.tableLoaded(table, outcome))
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
        let (loaded, start) = (group.loaded, context.clock.now)
        do {
            try await publish(loaded.map(\.outcome))
            report.outcomes += loaded.map(\.outcome)
            group = PublishGroup(after: context.clock.duration(since: start), group)
            for (table, outcome) in loaded { await context.observe(.tableLoaded(table, outcome)) }
        } catch let error as CancellationError {
            throw error
        } catch let error as any ExplainedError where error.interruptsAll {
            throw error
        } catch {
            try? await destination.discard(loaded.map(\.table.target))
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
        await context.observe(.tableFailed(table, failure))
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
        guard !outcomes.isEmpty else { return }
        try Task.checkCancellation()
        let loaded = Set(outcomes.map(\.copy.target))
        let retired = plan.tables.filter { loaded.contains($0.target) }.compactMap(\.retires).filter {
            !loaded.contains($0)
        }
        try await destination.publish(outcomes.map(\.copy), retiring: retired, of: plan.sync)
        await context.observe(.published(outcomes))
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
