import TandemCore
import TandemRows

/// Copies tables one after another while a stream goes on, which each of them joins then.
struct BackfillWorker {
    let context: RunContext
    let log: any ChangeLog
    let backfills: Backfills

    private var destination: any Destination { context.destination }
    private var sync: String { context.sync.name }

    /// Ends by being cancelled only.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { for await order in backfills.orders { try await carryOut(order) } }
            for await time in backfills.wakes {
                group.addTask {
                    try await context.clock.backOff(until: time)
                    await backfills.note(.pauseIsOver)
                }
            }
        }
    }

    private func carryOut(_ order: Backfills.Order) async throws {
        do {
            let outcome = try await wantedCopy(order)
            // Without that place what has changed is read once more.
            let end = try? await log.end()
            await backfills.note(.loaded(outcome, end: end))
        } catch {
            await backfills.note(.copyFailed(error))
        }
        try Task.checkCancellation()
    }

    /// Copies a table for as long as somebody waits for it.
    private func wantedCopy(_ order: Backfills.Order) async throws -> TableOutcome {
        try await withThrowingTaskGroup(of: TableOutcome?.self) { group in
            group.addTask { try await copy(order.table, for: order.since) }
            group.addTask {
                for await _ in order.cancelled {}
                return nil
            }
            defer { group.cancelAll() }
            guard let outcome = try await group.next().flatMap(\.self) else { throw CancellationError() }
            return outcome
        }
    }

    private func copy(_ table: TablePlan, for since: StreamCheckpoint) async throws -> TableOutcome {
        // It could not be put in place.
        if let error = try await destination.locks(on: [table], for: .replacing)[table.schema.id] { throw error }
        // The log is kept from `since` on; this comes after it, and the snapshot after this.
        let open = try await log.awaitWriters(of: [table.source], limit: context.patience.copying)
        if let left = open[table.source.schema.id] { throw StreamError.left(left) }
        var loaded = 0
        while true {
            do {
                return try await context.withSnapshot { snapshot in
                    try await TableBackfill(context: context, table: table, snapshot: snapshot).run(since: since)
                }
            } catch let error as any ExplainedError where error.isTransient {
                // The sections that are there are gone on with, as long as each attempt brings more of them.
                let more = try await destination.sectionsLoaded(of: table.target, sync)
                guard more > loaded else { throw error }
                loaded = more
                await context.observe(.retrying(error, pause: .zero, attempt: 1))
            }
        }
    }
}
