import TandemCore
import TandemRows

/// Applies one stretch of a source's log: from where the destination is, to the end that was asked for.
struct StreamFollowing {
    let source: any ChangeSource
    let destination: any ChangeDestination
    let plan: SyncPlan
    let progress: StreamProgress
    /// The copies that are made meanwhile.
    let desk: CopyDesk
    /// The followed tables that the catalog asks for by then.
    let replan: @Sendable () async throws -> SyncPlan
    let observe: @Sendable (RunEvent) async -> Void

    /// What ended it.
    struct End {
        /// Tables that must be copied again, by number, and why.
        var recopies: [UInt32: String] = [:]
        /// Whether tables or parts of them came, went or have other names now, or one is to join, so that the plan must
        /// be made anew.
        var hasOtherTables = false
    }

    /// - Parameters:
    ///   - tables: Those that are followed, by number.
    ///   - end: Where to stop; `nil` for not before this is cancelled.
    func run(_ tables: [UInt32: StreamedTable], from start: StreamState, to end: Checkpoint?) async throws -> End {
        let wanted: [StreamRequest.Table] = tables.values.map(\.request)
        let request = StreamRequest(
            sync: plan.sync,
            tables: wanted,
            start: start,
            end: end,
            unfit: plan.unfit,
            keep: desk.keep
        )
        let stream = try await source.changes(request)
        let applier = StreamApplier(self, tables, start)
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
            return End(recopies: applier.end.recopies, hasOtherTables: true)
        } catch {
            await destination.rollback()
            await stream.close()
            throw error
        }
        return applier.end
    }

    /// What of a table has the plan be made anew when it changes.
    private struct Shape: Equatable {
        var target: TableName
        var parts: [UInt32: String]
    }

    private func watches(_ stream: any ChangeStream) -> [StreamPump.Watch] {
        @Sendable func shape(_ plan: SyncPlan) -> [UInt32: Shape] {
            let shapes = plan.tables.map { ($0.schema.id, Shape(target: $0.target, parts: $0.source.marks)) }
            return Dictionary(shapes) { first, _ in first }
        }
        let (plan, replan, desk) = (plan, replan, desk)
        return [
            StreamPump.Watch(interval: .seconds(30)) { try await shape(replan()) != shape(plan) },
            StreamPump.Watch(interval: .milliseconds(50)) {
                desk.confirmRest(stream.confirm)
                return desk.loaded != nil
            },
        ]
    }
}

/// Turns what the source says of its tables into what the destination does with its own.
private final class StreamApplier {
    /// Something needs to be done before more can be applied.
    struct Stopped: Error {}

    private let following: StreamFollowing
    private var tables: [UInt32: StreamedTable]
    private var reached: StreamState
    var end = StreamFollowing.End()
    /// Whether the destination has a transaction open.
    private(set) var isOpen = false

    init(_ following: StreamFollowing, _ tables: [UInt32: StreamedTable], _ start: StreamState) {
        self.following = following
        self.tables = tables
        reached = start
    }

    func apply(_ batch: ChangeBatch) async throws {
        let destination = following.destination
        end.recopies.merge(batch.recopies) { first, _ in first }
        let before = tables.mapValues(\.copy.issues)
        var changes: [TargetChanges] = []
        for stretch in batch.stretches where end.recopies[stretch.schema.id] == nil {
            do throws(StreamedTable.MustCopy) {
                if let next = try follow(stretch) { changes.append(next) }
            } catch {
                return try await stop(copying: stretch.schema.id, because: error.reason)
            }
        }
        if !changes.isEmpty || isOpen || batch.state.map({ $0 != reached }) ?? false {
            do {
                let issues = try await destination.apply(changes, reaching: batch.state, of: following.plan.sync)
                for id in tables.keys {
                    if let found = tables[id].flatMap({ issues[$0.copy.target] }) { tables[id]?.copy.issues = found }
                }
            } catch let refused as ChangeRefused {
                let table = tables.first { $0.value.copy.target == refused.target }
                guard let table else { throw refused }
                return try await stop(copying: table.key, because: refused.reason)
            }
        }
        isOpen = batch.state == nil
        if let state = batch.state { reached = state }
        following.progress.add(batch)
        await following.observe(.applied(following.progress))
        for (id, table) in tables where table.copy.issues != before[id] {
            await following.observe(.issues(table.plan, table.copy.issues))
        }
        if end.hasOtherTables, !isOpen { throw Stopped() }
    }

    private func follow(_ stretch: ChangeBatch.Stretch) throws(StreamedTable.MustCopy) -> TargetChanges? {
        guard var table = tables[stretch.schema.id] else { return nil }
        let (name, parts) = (table.source.name, table.copy.parts.count)
        let changes = try table.follow(stretch, folding: following.destination.nameFolding)
        // A part that is new may be gone by now: the catalog tells.
        if stretch.schema.name != name || table.copy.parts.count != parts { end.hasOtherTables = true }
        tables[stretch.schema.id] = table
        return changes
    }

    /// Leaves the transaction, of which nothing stays; it comes again once the table has been copied.
    private func stop(copying table: UInt32, because reason: String) async throws {
        await following.destination.rollback()
        end.recopies[table] = reason
        throw Stopped()
    }
}
