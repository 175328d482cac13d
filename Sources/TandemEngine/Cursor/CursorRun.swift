import TandemCore
import TandemRows

/// Brings copies up to date that are read by a cursor: all of them as of one moment, in one transaction.
struct CursorRun {
    let context: RunContext
    let reader: any CursorReader
    /// Of tables only whose copies can be brought up to date.
    let plan: SyncPlan

    private var destination: any Destination { context.destination }

    struct Report {
        var outcomes: [TableOutcome] = []
        var failures: [(table: TablePlan, failure: TableFailure)] = []
        /// Tables that must be copied whole.
        var recopies: [TablePlan] = []
    }

    /// What keeps one table from being brought up to date. Nothing of the transaction is left.
    private struct Trouble: Error {
        var table: TablePlan
        var cause: any Error
    }

    /// - Throws: What stopped the run as a whole; the destination is then as it was before.
    func run() async throws -> Report {
        var report = Report()
        var waiting = plan.tables
        var setbacks = Setbacks(retries: context.retries)
        var attempt = 0
        while true {
            do {
                let tables = try await present(&waiting, &report)
                report.outcomes += try await round(tables)
                guard try await setbacks.wait(context) else { return report }
                waiting = setbacks.takePostponed()
            } catch let trouble as Trouble {
                waiting.removeAll { $0.target == trouble.table.target }
                if setbacks.postpone(trouble.table, after: trouble.cause) { continue }
                await note(trouble, in: &report)
            } catch let error as any ExplainedError where error.interruptsAll {
                attempt += 1
                try await context.wait(after: error, attempt: attempt)
            }
        }
    }

    private func note(_ trouble: Trouble, in report: inout Report) async {
        let reason: String
        var table = trouble.table
        switch trouble.cause {
        case let change as Recopy: reason = change.reason
        case let refused as TableMismatch: reason = refused.reason
        case let unfit as UnfitValues:
            let names = unfit.columns.map { table.schema.columns[$0].name }
            // It does not fit there either.
            for column in unfit.columns { table.schema.columns[column].type = .text }
            reason = "a value does not fit the type of its column \(names.joined(separator: ", "))"
        default:
            let failure = TableFailure(trouble.cause)
            report.failures.append((trouble.table, failure))
            return await context.observe(.tableFailed(trouble.table, failure))
        }
        report.recopies.append(table)
        await context.observe(.copyingAgain(table, reason: reason))
    }

    /// The tables with their copies as the destination has them now, which may be further than it said when an answer
    /// was lost.
    private func present(_ waiting: inout [TablePlan], _ report: inout Report) async throws -> [TablePlan] {
        let copies = try await destination.tables(of: plan.sync)
        let known = Dictionary(copies.map { ($0.target, $0) }) { first, _ in first }
        for index in waiting.indices {
            let table = waiting[index]
            let copy = (table.cursor?.copy?.target).flatMap { known[$0] } ?? known[table.target]
            waiting[index].cursor?.copy = copy?.cursor?.last == nil ? nil : copy
        }
        report.recopies += waiting.filter { $0.cursor?.copy == nil }
        waiting.removeAll { $0.cursor?.copy == nil }
        return waiting
    }

    private func round(_ tables: [TablePlan]) async throws -> [TableOutcome] {
        guard !tables.isEmpty else { return [] }
        let (places, failures) = try await reader.places(of: tables, patience: context.patience.reading)
        if let (table, error) = failures.first { throw Trouble(table: table, cause: error) }
        let snapshot = try await reader.snapshot(readers: context.readers)
        return try await context.using(snapshot) { try await merge(tables, places, snapshot) }
    }

    private func merge(
        _ tables: [TablePlan],
        _ places: [TableID: CursorPlace],
        _ snapshot: any CursorSnapshot
    ) async throws -> [TableOutcome] {
        try await snapshot.awaitDurability()
        var merges: [IncrementalMerge] = []
        for table in tables {
            let place = places[table.source.schema.id]
            let merging = IncrementalMerge(table, at: place, from: snapshot, context)
            // Before anything is written: both sides are read, and a file that is being written cannot be.
            let prepared = try await troubled(table) { try await merging?.findingDeleted() }
            if let prepared { merges.append(prepared) }
        }
        var outcomes: [TableOutcome] = []
        try await destination.withTransaction(of: plan.sync, refusedRows: .fail) { transaction in
            for merge in merges {
                try Task.checkCancellation()
                let progress = TableProgress(estimatedRows: nil)
                await context.observe(.tableStarted(merge.table, progress))
                outcomes.append(try await troubled(merge.table) { try await merge.run(progress, in: transaction) })
            }
            try await transaction.commit([], advancing: nil)
        }
        let known = try await destination.tables(of: plan.sync)
        for index in outcomes.indices {
            let target = outcomes[index].copy.target
            outcomes[index].copy.rows = known.first { $0.target == target }?.rows ?? outcomes[index].copy.rows
            await context.observe(.tableLoaded(merges[index].table, outcomes[index]))
        }
        return outcomes
    }

    /// Calls `body`, and says of its error which table it is about, unless everything waits for the same.
    private func troubled<Value>(_ table: TablePlan, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CancellationError {
            throw error
        } catch let error as any ExplainedError where error.interruptsAll {
            throw error
        } catch {
            throw Trouble(table: table, cause: error)
        }
    }
}
