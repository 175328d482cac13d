package import TandemCore
package import TandemRows

/// Applies rows that were left out once more, as their source has them now.
///
/// The stream is first brought to the place in the source's log that a
/// snapshot belongs to: what the destination holds is then what the snapshot
/// shows, but for these rows. So the rows as they are in the snapshot come in
/// their order: no change is older than the snapshot and still to come, and
/// none is newer and there already.
struct IssueRetry {
    let context: RunContext
    let method: Method
    /// Whose changes are applied up to where the snapshot is.
    let snapshot: any Snapshot
    let plan: SyncPlan
    let isChosen: (SyncedTable, RowIssue) -> Bool

    /// Tries the chosen rows of all tables in one transaction.
    ///
    /// - Returns: The plans of the tables that rows were tried of.
    func run() async throws -> [TablePlan] {
        guard let reached = try await context.destination.stream(of: plan.sync, by: method) else { return [] }
        let planned = Dictionary(plan.tables.map { ($0.schema.id, $0) }) { first, _ in first }
        var changes: [TargetChanges] = []
        var tried: [TablePlan] = []
        for copy in try await context.destination.tables(of: plan.sync) where copy.stream == reached.id {
            let keys = copy.issues.filter { isChosen(copy, $0) }.compactMap(\.key)
            guard !keys.isEmpty, let table = planned[copy.schema.id],
                let change = try await change(of: keys, in: table, copy)
            else { continue }
            changes.append(change)
            tried.append(table)
        }
        guard !changes.isEmpty else { return [] }
        try await context.destination.write(changes, advancing: reached, of: plan.sync)
        return tried
    }

    /// Makes the rows of `keys` what they are in the snapshot.
    private func change(of keys: [RowKey], in table: TablePlan, _ copy: SyncedTable) async throws -> TargetChanges? {
        let types = copy.schema.identity.map { copy.schema.columns[$0].type }
        guard let all = RowBatch(keys, as: types) else { return nil }
        let schema = schema(of: table, copy)
        let rows = try await snapshot.rows(of: table.source, as: schema, unfit: plan.unfit, under: keys)
        let wanted = Set(keys)
        let identity = schema.identity
        let read = try await RowPull.all(rows, into: [RowBatch]()) { parts, batch in
            let picked = (0..<batch.rowCount).filter { row in
                RowKey(row, of: batch, columns: identity).map(wanted.contains) ?? false
            }
            if !picked.isEmpty { parts.append(batch.picking(picked)) }
        }
        var changes = NetChanges()
        changes.changeCount = keys.count
        changes.written = read.flatMap(\.self)
        changes.removed = [all]
        if copy.metadataColumns.contains(.deletedAt) {
            let there = Set(
                changes.written.flatMap { batch in
                    (0..<batch.rowCount).compactMap { RowKey($0, of: batch, columns: identity) }
                }
            )
            let gone = keys.indices.filter { !there.contains(keys[$0]) }
            changes.removed = [all.picking(keys.indices.filter { there.contains(keys[$0]) })]
            changes.deleted = [DeletedRows(all.picking(gone), times: gone.map { _ in nil })]
        }
        var after = copy
        after.settleIssues(by: &changes)
        after.note(rows.tally.refusals, at: context.clock.time, after: copy.issues)
        return TargetChanges(before: copy, after: after, changes: changes)
    }

    /// The columns of the copy, under the names that they have at the source.
    private func schema(of table: TablePlan, _ copy: SyncedTable) -> TableSchema {
        let names = Dictionary(table.source.schema.columns.map { ($0.id, $0.name) }) { first, _ in first }
        var schema = copy.schema
        schema.name = table.source.schema.name
        for index in schema.columns.indices {
            let column = schema.columns[index]
            schema.columns[index].name = names[column.id] ?? column.name
        }
        return schema
    }
}

/// What came of a row that was tried once more.
package struct RetriedIssue: Sendable {
    /// The table at the source.
    package var table: TableName
    package var target: TableName
    /// As it was, or as it is now where there still is one.
    package var issue: RowIssue
    package var isSettled: Bool
}
