import TandemCore
import TandemRows
import TandemState

/// What of a run is written down.
extension RunRecorder {
    /// A copy without a stream counts once it is published, and one with a stream once it is loaded as well.
    func note(_ event: RunEvent) async {
        switch event {
        case .planned(let plan):
            for copy in plan.orphans.map(\.copy) {
                await record(.inactive, of: copy.schema.name, id: copy.schema.id, target: copy.target)
            }
            await renew(plan.tables)
        case .replanned(let plan): await renew(plan.tables)
        case .tableStarted(let table, _): await record(.started, of: table)
        case .tableFailed(let table, let failure):
            await record(.failed(error: failure.message, remedy: failure.remedy?.text), of: table)
        case .tableLoaded(let table, let outcome) where outcome.copy.stream != nil || outcome.merge != nil:
            await record(TableEvent(outcome), of: table)
        case .published(let outcomes):
            for outcome in outcomes where outcome.copy.stream == nil && outcome.merge == nil {
                let copy = outcome.copy
                await record(TableEvent(outcome), of: copy.schema.name, id: copy.schema.id, target: copy.target)
            }
        case .following(let progress, let tables, _):
            progress.begin(with: tables)
            await record(.catchingUp, of: tables.filter { !isStreaming($0.schema.id) })
        case .joined(let table, let progress, _):
            progress.join(table)
            await record(.catchingUp, of: table)
        case .caughtUp(let tables):
            await record(.streaming, of: tables)
        case .copyingAgain(let table, _): await record(.pending, of: table)
        case .applied(let progress):
            add(changes: progress.takeChanges())
            await noteStream(progress.counts, isLast: false)
            await record(.streaming, of: progress.takeUpToDate().filter { !isStreaming($0.schema.id) })
        case .retrying: loseTouch()
        case .issues(let table, let issues): await record([table.schema.name: issues])
        case .snapshotTaken, .copyResumed, .tableRetyped, .tableReread, .tableLoaded, .tablePostponed,
            .streamPrepared, .methodRuledOut, .followedNoLonger:
            break
        }
    }

    func finish(_ result: SyncRun.Result) async {
        await record(result.copies.issuesByTable)
        if let counts = result.stream { await noteStream(counts, isLast: true) }
        let (outcomes, failures) = (result.report.outcomes, result.report.failures)
        await finish(
            failures.isEmpty ? .succeeded : .failed,
            rows: outcomes.reduce(0) { $0 + $1.written },
            bytes: outcomes.reduce(0) { $0 + $1.tally.bytes },
            error: failures.first.map { "\($0.table.schema.name): \($0.failure.message)" },
            remedy: failures.first?.failure.remedy?.text
        )
    }

    func finish(after error: any Error) async {
        if error is CancellationError { return await finish(.interrupted) }
        await finish(.failed, error: "\(error)", remedy: (error as? any ExplainedError)?.remedy?.text)
    }

    private func record(_ event: TableEvent, of table: TablePlan) async {
        await record(event, of: table.schema.name, id: table.schema.id, target: table.target)
    }

    private func record(_ event: TableEvent, of tables: [TablePlan]) async {
        guard !tables.isEmpty else { return }
        await record(
            event,
            of: tables.map { .init(source: $0.schema.name, id: $0.schema.id, target: $0.target) }
        )
    }

    private func renew(_ tables: [TablePlan]) async {
        await rename(Dictionary(tables.map { ($0.schema.id, $0.schema.name) }) { first, _ in first })
        await forgetUncopied(except: tables.map(\.schema.name))
    }

    private func noteStream(_ counts: StreamProgress.Counts, isLast: Bool) async {
        await noteStream(
            changes: counts.changes,
            transactions: counts.transactions,
            time: counts.time,
            isLast: isLast
        )
    }
}

extension TableEvent {
    fileprivate init(_ outcome: TableOutcome) {
        let (copy, tally) = (outcome.copy, outcome.tally)
        self =
            outcome.merge == nil
            ? .copied(rows: copy.rows, bytes: tally.bytes, moment: copy.moment, refusals: tally.refusals)
            : .merged(rows: copy.rows, bytes: tally.bytes, moment: copy.moment, refusals: tally.refusals)
    }
}

extension [SyncedTable] {
    /// By the names that the tables have at the source.
    var issuesByTable: [TableName: [RowIssue]] {
        Dictionary(map { ($0.schema.name, $0.issues) }, uniquingKeysWith: +)
    }
}
