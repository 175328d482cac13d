import TandemCore
import TandemRows
import TandemState

/// Applies one stretch of a source's log: from where the destination is, to the end that was asked for.
struct StreamFollowing {
    let context: RunContext
    let log: any ChangeLog
    let plan: SyncPlan
    let progress: StreamProgress
    /// The copies that are made meanwhile.
    let backfills: Backfills
    /// The followed tables that the catalog asks for by then.
    let replan: @Sendable () async throws -> SyncPlan
    /// What is given up for a while when another process waits for a turn.
    let lock: SyncLock?

    /// What ended it.
    struct End {
        /// Tables that must be copied again, by number.
        var recopies: [TableID: Recopy] = [:]
        /// Whether tables or parts of them came, went or have other names now, or one is to join, so that the plan must
        /// be made anew.
        var hasOtherTables = false
        /// Tables, by number, that stayed behind.
        var left: [TableID: LeftTable] = [:]
    }

    /// - Parameters:
    ///   - tables: Those that are followed, by number.
    ///   - end: Where to stop; `nil` for not before this is cancelled.
    func run(_ tables: [TableID: StreamedTable], from start: StreamCheckpoint, to end: Checkpoint?) async throws -> End
    {
        let wanted: [StreamRequest.Table] = tables.values.map(\.request)
        let needed = backfills.needed
        let request = StreamRequest(
            sync: plan.sync,
            tables: wanted,
            start: start,
            end: end,
            unfit: plan.unfit,
            decimals: plan.decimals,
            keep: needed,
            isPrompt: !context.destination.keepsReadersOut,
            made: try await context.destination.made(of: plan.sync)
        )
        let stream = try await log.stream(request)
        let stopped = await backfills.begin(stream, keeping: needed, isEndless: end == nil)
        let applier = StreamApplier(self, tables, start, isEndless: end == nil)
        do {
            let pump = StreamPump(stream: stream, clock: context.clock, watches: end == nil ? watches(stopped) : []) {
                batch in
                try await applier.apply(batch)
                if let state = batch.state { await backfills.note(.reached(state)) }
            }
            try await pump.run()
            // A stream that ends with tables to be copied again may end within a transaction, which then comes again.
            await applier.rollback()
            await close(stream)
        } catch is StreamApplier.Stopped {
            await close(stream)
        } catch is StreamPump.Stopped {
            await applier.rollback()
            await close(stream)
            return End(recopies: applier.end.recopies, hasOtherTables: true)
        } catch {
            await applier.rollback()
            await close(stream)
            throw error
        }
        return applier.end
    }

    private func close(_ stream: any ChangeStream) async {
        await stream.close()
        await backfills.end()
    }

    /// What of a table has the plan be made anew when it changes.
    private struct Shape: Equatable {
        var target: TableName
        var parts: [TableID: String]
        /// Names by number.
        var columns: [ColumnID: String]
    }

    private func shapes(_ plan: SyncPlan) -> [TableID: Shape] {
        let shapes = plan.tables.map { table in
            let columns = Dictionary(table.schema.columns.map { ($0.id, $0.name) }) { first, _ in first }
            return (table.schema.id, Shape(target: table.target, parts: table.source.marks, columns: columns))
        }
        return Dictionary(shapes) { first, _ in first }
    }

    /// - Parameter stopped: Ends once the stream is to end for the sake of a copy.
    private func watches(_ stopped: AsyncStream<Never>) -> [@Sendable () async throws -> Void] {
        let (plan, replan, backfills, clock) = (plan, replan, backfills, context.clock)
        let before = shapes(plan)
        var watches: [@Sendable () async throws -> Void] = [
            {
                for await _ in stopped {}
                try Task.checkCancellation()
            },
            {
                while true {
                    try await clock.pause(.betweenLooksAtTheCatalog)
                    let planned = try await replan()
                    if plan.departs(by: planned) { return }
                    let now = shapes(planned)
                    // Tables that have come would wait for the one that is being copied, which would lose what is
                    // buffered.
                    if backfills.isBuffering ? before.contains(where: { now[$0.key] != $0.value }) : before != now {
                        return
                    }
                }
            },
        ]
        if let lock {
            watches.append {
                while !lock.isWanted || !backfills.isIdle { try await clock.pause(.betweenLooksAtTheLock) }
            }
        }
        return watches
    }
}
