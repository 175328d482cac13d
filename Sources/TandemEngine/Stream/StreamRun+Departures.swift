import TandemCore
import TandemRows

extension StreamRun {
    /// Which of the tables that the stream has kept up to date are to be copied again, because something that their
    /// values depend on was changed and no change tells of it: by number, with what follows "because".
    func departures(of copies: [TableID: SyncedTable], _ plan: SyncPlan) async throws -> [TableID: String] {
        var reasons: [TableID: String] = [:]
        var unclear: [TableID: (files: [FileID], isLikely: Bool)] = [:]
        var emptied: [TableID: [FileID]] = [:]
        var (rewritings, emptyings): ([FileID: UInt64], [FileID: UInt64]) = ([:], [:])
        for table in plan.tables {
            guard let copy = copies[table.schema.id] else { continue }
            switch copy.departure(from: table.source, by: method) {
            case .none: break
            case .changed(let reason): reasons[table.schema.id] = reason
            case .unclear(let files, let moved, let isLikely):
                unclear[table.schema.id] = (files, isLikely)
                emptied[table.schema.id] = moved
                let moment = copy.definition?.moment ?? 0
                for file in files { rewritings[file] = moment }
                for file in moved { emptyings[file] = moment }
            }
        }
        if !emptyings.isEmpty {
            let answers = try await log.areEmptied(emptyings)
            for (table, files) in emptied where files.contains(where: { answers[$0] ?? false }) {
                reasons[table] = TableDefinition.emptied
            }
        }
        guard !rewritings.isEmpty else { return reasons }
        let answers = try await log.areRewritten(rewritings)
        for (table, files) in unclear where files.files.contains(where: { answers[$0] ?? files.isLikely }) {
            reasons[table] = TableDefinition.rewritten
        }
        return reasons
    }
}

extension SyncPlan {
    /// Whether the catalog says something `now` that this plan did not know, and tables may be to be copied again for.
    func departs(by now: SyncPlan) -> Bool {
        let present = Dictionary(now.tables.map { ($0.schema.id, $0.source) }) { first, _ in first }
        return tables.contains { table in
            guard let before = table.source.definition, let now = present[table.schema.id]?.definition else {
                return false
            }
            return before.departure(
                to: now,
                isNoted: table.method == .triggerBased,
                hasParts: table.source.hidesEmptiedParts(from: table.method)
            ) != .none
        }
    }
}
