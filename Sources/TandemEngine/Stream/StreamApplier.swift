import TandemCore
import TandemRows

/// Turns what the source says of its tables into what the destination does with its own.
final class StreamApplier {
    /// Something needs to be done before more can be applied.
    struct Stopped: Error {}

    private let following: StreamFollowing
    private let isEndless: Bool
    private var tables: [TableID: StreamedTable]
    /// Their numbers, by their copies' names.
    private var ids: [TableName: TableID]
    private var reached: StreamCheckpoint
    /// What is to end it.
    private(set) var end = StreamFollowing.End()
    /// The one of which more is to come.
    private var transaction: (any WriteTransaction)?

    init(
        _ following: StreamFollowing,
        _ tables: [TableID: StreamedTable],
        _ start: StreamCheckpoint,
        isEndless: Bool
    ) {
        self.following = following
        self.isEndless = isEndless
        self.tables = tables
        ids = Dictionary(tables.map { ($1.copy.target, $0) }) { first, _ in first }
        reached = start
    }

    func apply(_ batch: ChangeBatch) async throws {
        for (id, reason) in batch.recopies where end.recopies[id] == nil {
            // One that is not known could not join, and is asked for again by the next plan.
            guard let table = tables[id] else {
                end.hasOtherTables = true
                continue
            }
            end.recopies[id] = Recopy(table: table.plan, reason: reason)
        }
        let before = batch.stretches.map { ($0.schema.id, tables[$0.schema.id]?.copy.issues ?? []) }
        let joining = try await place(batch)
        var changes = joining.map { [take($0)] } ?? []
        for stretch in batch.stretches where end.recopies[stretch.schema.id] == nil {
            do throws(Recopy) {
                if let next = try follow(stretch) { changes.append(next) }
            } catch {
                return try await stop(for: error)
            }
        }
        changes += leaving(batch)
        if !changes.isEmpty || transaction != nil || batch.state.map({ $0 != reached }) ?? false {
            do {
                for (target, found) in try await write(changes, batch.state) {
                    if let id = ids[target] { tables[id]?.copy.issues = found }
                }
            } catch let refused as TableMismatch {
                guard let table = ids[refused.target].flatMap({ tables[$0] }) else { throw refused }
                return try await stop(for: Recopy(table: table.plan, reason: refused.reason))
            }
        }
        if let state = batch.state {
            reached = state
            for (table, word) in batch.holdings where word != .joined {
                await following.backfills.note(.buffering(word, table, at: state))
            }
        }
        if let joining { await noteJoined(joining) }
        await leave(batch.left)
        following.progress.add(batch)
        await following.context.observe(.applied(following.progress))
        for (id, earlier) in before {
            guard let table = tables[id], table.copy.issues != earlier else { continue }
            await following.context.observe(.issues(table.plan, table.copy.issues))
        }
        if end.hasOtherTables, transaction == nil { throw Stopped() }
    }

    /// - Parameter state: Ends the transaction; `nil` where more of it is to come.
    private func write(_ changes: [TargetChanges], _ state: StreamCheckpoint?) async throws -> [TableName: [RowIssue]] {
        let current: any WriteTransaction
        if let transaction {
            current = transaction
        } else {
            current = try await following.context.destination.begin(following.plan.sync, refusedRows: .leaveOut)
        }
        transaction = current
        guard let state else { return try await current.apply(changes) }
        let issues = try await current.commit(changes, advancing: state)
        transaction = nil
        return issues
    }

    /// Leaves what is open.
    func rollback() async {
        await transaction?.rollback()
        transaction = nil
    }

    private func follow(_ stretch: ChangeBatch.TableChanges) throws(Recopy) -> TargetChanges? {
        guard var table = tables[stretch.schema.id] else { return nil }
        let (name, parts) = (table.source.name, table.copy.parts.count)
        let changes = try table.follow(
            stretch,
            folding: following.context.destination.nameFolding,
            unfit: following.plan.unfit,
            at: following.context.clock.time
        )
        // A part that is new may be gone by now: the catalog tells.
        if stretch.schema.name != name || table.copy.parts.count != parts { end.hasOtherTables = true }
        tables[stretch.schema.id] = table
        return changes
    }

    /// The steps by which tables that are to be copied again leave the stream, together with the changes before which
    /// they do: it never brings what it has left out.
    private func leaving(_ batch: ChangeBatch) -> [TargetChanges] {
        batch.recopies.keys.compactMap { id in
            guard let table = tables[id], table.copy.stream != nil else { return nil }
            var after = table.copy.leavingStream()
            // Its target was made for this one.
            after.schema.name = table.plan.schema.name
            tables[id]?.copy = after
            return TargetChanges(before: table.copy, after: after, changes: NetChanges())
        }
    }

    /// Notes tables that stay behind, which a stream without end tells of and tries again.
    private func leave(_ left: [TableID: LeftTable]) async {
        for (id, reason) in left {
            guard let table = tables[id] else { continue }
            guard isEndless else {
                end.left[id] = reason
                continue
            }
            await following.context.observe(.tablePostponed(table.plan, StreamError.left(reason), pause: .seconds(1)))
        }
    }

    /// Leaves the transaction, of which nothing stays; it comes again once the table has been copied.
    private func stop(for recopy: Recopy) async throws {
        await rollback()
        end.recopies[recopy.table.schema.id] = recopy
        throw Stopped()
    }

    // MARK: A table that was copied beside the stream

    /// Puts the copy in place whose changes `batch` brings, if there is one.
    ///
    /// - Throws: What is worth another attempt with the same copy. Any other failure has the table copied once more.
    private func place(_ batch: ChangeBatch) async throws -> LoadedTable? {
        let backfills = following.backfills
        for (table, word) in batch.holdings where word == .joined {
            for case .publish(let loaded) in await backfills.note(.buffering(word, table, at: reached)) {
                return try await backfills.joining {
                    _ = try await backfills.publish(loaded)
                    return loaded
                }
            }
        }
        return nil
    }

    /// The step by which a copy that is in place belongs to the stream.
    private func take(_ loaded: LoadedTable) -> TargetChanges {
        let before = loaded.placed
        var after = before
        after.stream = reached.id
        // What was buffered goes from before its first section to behind its last.
        after.spansSnapshots = false
        tables[after.schema.id] = StreamedTable(plan: loaded.table, copy: after)
        ids[after.target] = after.schema.id
        return TargetChanges(before: before, after: after, changes: NetChanges())
    }

    private func noteJoined(_ loaded: LoadedTable) async {
        await following.backfills.note(.joined)
        let (planned, copy) = (loaded.table, loaded.outcome.copy)
        // What it consists of changed between the plan and the copy: the catalog tells what else has.
        if copy.parts != planned.source.marks || copy.definition != planned.source.definition
            || !copy.leftOut.isSubset(of: planned.leftOut)
        {
            end.hasOtherTables = true
        }
        await following.context.observe(.tableLoaded(planned, loaded.outcome))
        await following.context.observe(.joined(planned, following.progress, followed: tables.count))
    }
}
