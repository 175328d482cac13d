import TandemCore
import TandemRows

/// Applies one stretch of a source's log: from where the destination is, to the end that was asked for.
struct StreamFollowing {
    let log: any ChangeLog
    let destination: any Destination
    let plan: SyncPlan
    let progress: StreamProgress
    /// The copies that are made meanwhile.
    let desk: CopyDesk
    /// The followed tables that the catalog asks for by then.
    let replan: @Sendable () async throws -> SyncPlan
    /// Whether another process waits for a turn.
    let isWanted: @Sendable () -> Bool
    let observe: @Sendable (RunEvent) async -> Void

    /// What ended it.
    struct End {
        /// Tables that must be copied again, by number, and why.
        var recopies: [TableID: String] = [:]
        /// Whether tables or parts of them came, went or have other names now, or one is to join, so that the plan must
        /// be made anew.
        var hasOtherTables = false
        /// Tables, by number, that stayed behind.
        var left: [TableID: LeftTable] = [:]
    }

    /// - Parameters:
    ///   - tables: Those that are followed, by number.
    ///   - end: Where to stop; `nil` for not before this is cancelled.
    func run(_ tables: [TableID: StreamedTable], from start: StreamState, to end: Checkpoint?) async throws -> End {
        let wanted: [StreamRequest.Table] = tables.values.map(\.request)
        let request = StreamRequest(
            sync: plan.sync,
            tables: wanted,
            start: start,
            end: end,
            unfit: plan.unfit,
            decimals: plan.decimals,
            keep: desk.keep,
            isPrompt: !destination.keepsReadersOut,
            made: try await destination.made(of: plan.sync)
        )
        desk.open()
        let stream = try await log.stream(request)
        let applier = StreamApplier(self, tables, start, isEndless: end == nil)
        do {
            let pump = StreamPump(
                stream: stream,
                apply: { try await applier.apply($0) },
                reached: { desk.reach($0, confirm: stream.confirm) },
                watches: end == nil ? watches(stream) : []
            )
            try await pump.run()
            // A stream that ends with tables to be copied again may end within a transaction, which then comes again.
            if applier.isOpen { await destination.rollback() }
            await stream.close()
        } catch is StreamApplier.Stopped {
            await stream.close()
        } catch is StreamPump.Stopped {
            await destination.rollback()
            await stream.close()
            return End(recopies: await applier.finish().recopies, hasOtherTables: true)
        } catch {
            await destination.rollback()
            await stream.close()
            throw error
        }
        return await applier.finish()
    }

    /// What of a table has the plan be made anew when it changes.
    private struct Shape: Equatable {
        var target: TableName
        var parts: [TableID: String]
        /// Names by number.
        var columns: [ColumnID: String]
    }

    private func watches(_ stream: any ChangeStream) -> [StreamPump.Watch] {
        @Sendable func shape(_ plan: SyncPlan) -> [TableID: Shape] {
            let shapes = plan.tables.map { table in
                let columns = Dictionary(table.schema.columns.map { ($0.id, $0.name) }) { first, _ in first }
                return (table.schema.id, Shape(target: table.target, parts: table.source.marks, columns: columns))
            }
            return Dictionary(shapes) { first, _ in first }
        }
        let (plan, replan, desk, isWanted) = (plan, replan, desk, isWanted)
        return [
            StreamPump.Watch(interval: .seconds(30)) {
                let planned = try await replan()
                if plan.departs(by: planned) { return true }
                let (before, now) = (shape(plan), shape(planned))
                // Tables that have come would wait for the one that is being copied, which would lose what is held.
                return desk.isHeld ? before.contains { now[$0.key] != $0.value } : before != now
            },
            StreamPump.Watch(interval: .milliseconds(50)) {
                desk.confirmRest(stream.confirm)
                if isWanted(), desk.isIdle { return true }
                switch desk.nextStep() {
                case nil: return false
                case .stop: return true
                case .hold(let table): if !stream.hold(table.held) { desk.beginWithoutHolding() }
                case .join(let loaded, let place):
                    let table = StreamedTable(plan: loaded.table, copy: loaded.outcome.copy)
                    stream.join(table.request, after: place)
                }
                return false
            },
        ]
    }
}
