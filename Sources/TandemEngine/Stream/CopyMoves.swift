import TandemCore
import TandemRows

/// Gives copies that are kept up to date the names that their tables' copies are to have by now, all of them in one
/// transaction: tables may have traded names.
struct CopyMoves {
    let destination: any Destination
    let plan: SyncPlan
    /// How far the destination is.
    let state: StreamCheckpoint

    private struct Move {
        var copy: SyncedTable
        var table: TablePlan

        /// Where its copy is while another makes room.
        var temporaryName: TableName {
            TableName(schema: table.target.schema, table: "tandem_moved_\(table.schema.id)")
        }
    }

    /// A copy that cannot have its name, because what is there must stay, keeps the one it has.
    ///
    /// - Returns: The tables whose copies these are, with the reason.
    func run() async throws -> [Recopy] {
        let copies = try await destination.tables(of: plan.sync)
        let (byTarget, byNumber) = (
            Dictionary(copies.map { ($0.target, $0) }) { first, _ in first },
            Dictionary(grouping: copies, by: \.schema.id)
        )
        var moves = plan.tables.compactMap { table in
            let candidates =
                [table.retires.flatMap { byTarget[$0] }].compactMap(\.self) + byNumber[table.schema.id, default: []]
            return candidates.first { isMoved($0, to: table) }.map { Move(copy: $0, table: table) }
        }
        var refused: [Recopy] = []
        while !moves.isEmpty {
            do {
                try await makeRoom(for: moves, among: copies)
                try await perform(moves)
                break
            } catch let error as TableMismatch {
                let index = moves.firstIndex { $0.copy.target == error.target || $0.temporaryName == error.target }
                guard let index else { throw error }
                refused.append(Recopy(table: moves.remove(at: index).table, reason: error.reason))
            } catch let error as TargetError where !error.isTransient || error.cause.isBusy {
                let index = moves.firstIndex {
                    [$0.copy.target, $0.temporaryName, $0.table.target].contains(error.target)
                }
                guard let index else { throw error }
                let reason = "its copy cannot be renamed: \(error.description)"
                refused.append(Recopy(table: moves.remove(at: index).table, reason: reason))
            }
        }
        return refused
    }

    private func isMoved(_ copy: SyncedTable, to table: TablePlan) -> Bool {
        guard copy.target != table.target else { return false }
        return copy.target == table.retires || copy.stream == state.id && copy.schema.id == table.schema.id
    }

    /// Drops copies that lie where others go: of tables that are gone, or go elsewhere without them.
    private func makeRoom(for moves: [Move], among copies: [SyncedTable]) async throws {
        let leaving = Set(moves.map(\.copy.target))
        for move in moves {
            let place = folded(move.table.target)
            guard let obstacle = copies.first(where: { folded($0.target) == place && !leaving.contains($0.target) })
            else { continue }
            do {
                try await destination.publish([], retiring: [obstacle.target], of: plan.sync)
            } catch let error as any ExplainedError where !error.isTransient {
                // Something of the user's depends on it.
                throw TableMismatch(move.copy.target, because: "the copy at \(obstacle.target) cannot be dropped")
            }
        }
    }

    private func perform(_ moves: [Move]) async throws {
        try await destination.withTransaction(of: plan.sync, refusedRows: .leaveOut) { transaction in
            var waiting = moves
            while !waiting.isEmpty {
                let taken = Set(waiting.map { folded($0.copy.target) })
                if let next = waiting.firstIndex(where: { !taken.contains(folded($0.table.target)) }) {
                    let move = waiting.remove(at: next)
                    _ = try await rename(move.copy, to: move.table.target, in: transaction)
                } else {
                    // Each goes where another is.
                    waiting[0].copy = try await rename(waiting[0].copy, to: waiting[0].temporaryName, in: transaction)
                }
            }
            try await transaction.commit([], advancing: state)
        }
    }

    private func rename(
        _ copy: SyncedTable,
        to target: TableName,
        in transaction: any WriteTransaction
    ) async throws -> SyncedTable {
        var after = copy
        // Its name at the source stays the one that the stream may still call it by, until that says another.
        after.target = target
        let step = TargetChanges(
            before: copy,
            after: after,
            evolution: [.renameTable(to: target)],
            changes: NetChanges()
        )
        try await transaction.apply([step])
        return after
    }

    private func folded(_ name: TableName) -> TableName { destination.nameFolding.fold(name) }
}
