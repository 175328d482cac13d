import TandemCore
import TandemRows

extension StreamRun {
    struct Settled {
        /// Those that the stream keeps up to date already, by number.
        var tables: [TableID: StreamedTable] = [:]
        /// Those that are to be copied first.
        var waiting: [TablePlan] = []
        /// Those among them that the stream has kept up to date until now and that rows came to, or went from, without
        /// its saying so, with the reason.
        var recopies: [Recopy] = []
    }

    /// Which tables the stream keeps up to date already, and which are to be copied first.
    func settle(_ plan: SyncPlan, _ state: StreamCheckpoint) async throws -> Settled {
        var copies = try await context.destination.tables(of: plan.sync)
        let ids = Set(plan.tables.map(\.schema.id))
        var others: [String: Method] = [:]
        for other in Method.allCases where other.isFollowed && other != method {
            if let stream = try await context.destination.stream(of: plan.sync, by: other) { others[stream.id] = other }
        }
        // What is followed no longer misses changes from now on.
        let left = copies.filter { copy in
            guard let stream = copy.stream else { return false }
            return ids.contains(copy.schema.id) ? stream != state.id : others[stream] == nil
        }
        if !left.isEmpty {
            try await context.destination.remember(left.map { $0.leavingStream() }, of: plan.sync)
            copies = try await context.destination.tables(of: plan.sync)
        }
        copies.removeAll { $0.stream != state.id }
        let followed = Dictionary(copies.map { ($0.schema.id, $0) }) { first, _ in first }
        var settled = Settled()
        let methods = Dictionary(
            left.compactMap { copy in copy.stream.flatMap { others[$0] }.map { (copy.schema.id, $0) } }
        ) { first, _ in first }
        var departures = try await departures(of: followed, plan)
        let gone = try await context.destination.departed(among: copies)
        for copy in copies { if let reason = gone[copy.target] { departures[copy.schema.id] = reason } }
        var kept: [(table: TablePlan, copy: SyncedTable)] = []
        for table in plan.tables {
            let copy = followed[table.schema.id]
            let departure = departures[table.schema.id]
            if let copy, departure == nil, table.accepts(copy) {
                kept.append((table, copy))
            } else {
                settled.waiting.append(table)
                let before = methods[table.schema.id].map { "its changes came by \($0.rawValue) until now" }
                if let reason = departure ?? before { settled.recopies.append(Recopy(table: table, reason: reason)) }
            }
        }
        for (table, copy) in try await fitted(kept, of: plan, state) {
            settled.tables[table.schema.id] = StreamedTable(plan: table, copy: copy)
        }
        // The stream goes on without them.
        let lost = settled.waiting.compactMap { followed[$0.schema.id]?.leavingStream() }
        if !lost.isEmpty { try await context.destination.remember(lost, of: plan.sync) }
        return settled
    }

    /// Tables that have the name by now which another one had that is gone, and of which there is a copy: changes of
    /// that one which are still to come would pass for theirs, where a stream knows names only.
    func takingNames(_ plan: SyncPlan, _ state: StreamCheckpoint) async throws -> [Recopy] {
        let copies = try await context.destination.tables(of: plan.sync)
        let ids = Set(plan.tables.map(\.schema.id))
        let gone = Set(copies.filter { !ids.contains($0.schema.id) }.map(\.schema.name))
        return plan.tables.filter { table in
            guard gone.contains(table.schema.name) else { return false }
            return copies.contains {
                $0.schema.id == table.schema.id && $0.stream == state.id && $0.schema.name != table.schema.name
            }
        }.map {
            Recopy(
                table: $0,
                reason: "it has the name now that another table had, and the log tells tables by their names"
            )
        }
    }

    /// The copies with those of Tandem's own columns that are asked for, and with what their tables are by now.
    private func fitted(
        _ tables: [(table: TablePlan, copy: SyncedTable)],
        of plan: SyncPlan,
        _ state: StreamCheckpoint
    ) async throws -> [(table: TablePlan, copy: SyncedTable)] {
        var steps: [TargetChanges] = []
        let fitted = tables.map { table, copy in
            var after = copy
            var evolution: [TargetChanges.Evolution] = []
            if copy.metadataColumns != table.metadataColumns {
                after.metadataColumns = table.metadataColumns
                evolution.append(.setMetadataColumns(table.metadataColumns))
            }
            after.parts = table.source.marks
            if copy.definition != table.source.definition {
                after.definition = table.source.definition
                if let definition = copy.definition { after.definition?.keepArrivals(of: definition) }
            }
            if after != copy {
                steps.append(TargetChanges(before: copy, after: after, evolution: evolution, changes: NetChanges()))
            }
            return (table, after)
        }
        if !steps.isEmpty {
            let reached = try await context.destination.stream(of: plan.sync, by: method) ?? state
            try await context.destination.write(steps, advancing: reached, of: plan.sync)
        }
        return fitted
    }
}

extension SyncedTable {
    func leavingStream() -> SyncedTable {
        var copy = self
        copy.stream = nil
        return copy
    }
}

extension TablePlan {
    /// Whether `copy` holds the columns that are chosen now, as far as it had them to choose from.
    func accepts(_ copy: SyncedTable) -> Bool {
        let copied = Dictionary(copy.schema.columns.map { ($0.id, $0.type) }) { first, _ in first }
        // Newer columns come with the stream. Another type may mean other values, and none of them is in the log; nor
        // are those that a column had while it was left out.
        let isSame = schema.columns.allSatisfy { column in
            copied[column.id].map { $0 == column.type } ?? !copy.leftOut.contains(column.id)
        }
        guard isSame else { return false }
        // What is there and not chosen any more was left out on purpose, or may not be read any more.
        return !leftOut.contains { copied[$0] != nil }
    }
}
