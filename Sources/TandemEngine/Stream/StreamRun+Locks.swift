import TandemCore
import TandemRows

/// Tables that somebody else has locked at the destination, for longer than their changes were waited to be written.
/// They leave the stream, and the others go on.
extension StreamRun {
    /// The table that `error` is about, and those in the stream that are locked with it: each would be waited for.
    func tablesLocked(with error: TargetError, _ plan: SyncPlan) async throws -> [(TablePlan, any ExplainedError)] {
        let copies = try await context.destination.tables(of: plan.sync)
        let followed = Set(copies.filter { $0.stream != nil }.map(\.schema.id))
        let tables = plan.tables.filter { $0.target == error.target || followed.contains($0.schema.id) }
        guard tables.contains(where: { $0.target == error.target }) else { throw error.cause }
        let locks = try await context.destination.locks(on: tables, for: .writing)
        return tables.compactMap { table in
            (locks[table.schema.id] ?? (table.target == error.target ? error.cause : nil)).map { (table, $0) }
        }
    }

    /// Takes tables out of the stream. A run that follows copies them once they are free, with growing pauses between
    /// one look and the next.
    ///
    /// - Returns: Those that a run with an end leaves to the next one.
    func leave(_ locked: [(TablePlan, any ExplainedError)], _ backfills: Backfills) async throws -> [FailedTable] {
        guard !context.follows else {
            let recopies = locked.map { Recopy(table: $0, reason: "its copy cannot take its changes: \($1)") }
            try await copyAgain(recopies, backfills)
            return []
        }
        try await release(locked.map(\.0.schema.id))
        return locked.map { table, error in
            let message = "its copy cannot take its changes, and is made anew by the next run: \(error)"
            return FailedTable(table, TableFailure(message: message, remedy: error.remedy))
        }
    }
}

extension Destination {
    /// What keeps copies of `tables` from being written, or put in place, by the tables' numbers.
    func locks(on tables: [TablePlan], for use: TableUse) async throws -> [TableID: any ExplainedError] {
        let locked = try await locked(among: tables.flatMap { [$0.target, $0.retires].compactMap(\.self) }, for: use)
        let errors = tables.compactMap { table in
            (locked[table.target] ?? table.retires.flatMap { locked[$0] }).map { (table.schema.id, $0) }
        }
        return Dictionary(errors) { first, _ in first }
    }
}
