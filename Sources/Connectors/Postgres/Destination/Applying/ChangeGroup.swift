import TandemCore
import TandemRows

/// Changes to different tables, none of which changes its shape in between: applied together, so that foreign keys
/// between them hold after each statement.
struct ChangeGroup {
    private var changes: [TargetChanges] = []
    /// Whether the transaction ends with these changes.
    private let isLast: Bool

    private init(isLast: Bool) { self.isLast = isLast }

    /// Applies all of `changes` in their order, in an open transaction.
    ///
    /// - Parameter sieve: Leaves out the rows that are refused; without one nothing is.
    /// - Throws: ``ConstraintViolation`` where there is no sieve; ``TableMismatch``; ``PostgresError``.
    static func run(
        _ changes: [TargetChanges],
        isLast: Bool,
        sieve: inout RejectedRowBisector?,
        stages: inout StageTables,
        encoder: RowEncoder,
        in session: Session
    ) throws {
        var group = ChangeGroup(isLast: isLast)
        for change in changes {
            let isTouched = group.changes.contains { $0.after.target == change.before.target }
            if isTouched || !change.evolution.isEmpty {
                try group.apply(sieve: &sieve, stages: &stages, encoder: encoder, in: session)
                group = ChangeGroup(isLast: isLast)
            }
            let change = sieve?.settle(change) ?? change
            if !change.evolution.isEmpty {
                try stages.forget(change.before.target, in: session)
                try PostgresError.about(change.before.target) { try TableEvolution(session: session).apply(change) }
            }
            if !change.changes.isNothing { group.changes.append(change) }
        }
        try group.apply(sieve: &sieve, stages: &stages, encoder: encoder, in: session)
    }

    private func apply(
        sieve: inout RejectedRowBisector?,
        stages: inout StageTables,
        encoder: RowEncoder,
        in session: Session
    ) throws {
        var merges: [StageMerge] = []
        for change in changes {
            let merge = StageMerge(
                stage: try PostgresError.about(change.after.target) {
                    try stages.stage(for: change.after, in: session)
                },
                changes: change.changes,
                session: session,
                isLast: isLast
            )
            if merge.stage.key.isEmpty { stages.hasCounted = true }
            merges.append(merge)
        }
        let order = try order(of: merges, in: session)
        // One that is emptied may be pointed at by another that is.
        for merge in order.reversed() {
            try merge.explained { try merge.stageRows(encoder, isNumbered: sieve != nil) }
        }
        guard sieve == nil else {
            try sieve?.apply(order, of: changes)
            // Their indexes by number are not wanted another time.
            for merge in merges { try stages.forget(merge.target, in: session) }
            return
        }
        for merge in order.reversed() { try merge.explained { try merge.takeAway() } }
        for merge in order { try merge.explained { try merge.write() } }
    }

    /// The tables that foreign keys point at come first.
    private func order(of merges: [StageMerge], in session: Session) throws -> [StageMerge] {
        guard merges.count > 1 else { return merges }
        let relations = try Relations(merges.map(\.stage.target.target), in: session)
        let number = { (merge: StageMerge) in relations[merge.stage.target.target]?.oid ?? 0 }
        let order = try ForeignKeyOrder(of: merges.map(number), in: session)
        return merges.sorted { order.rank(number($0)) < order.rank(number($1)) }
    }
}

extension NetChanges {
    fileprivate var isNothing: Bool {
        !isEmptied && removedFrom == nil && deleted.isEmpty && removed.isEmpty && written.isEmpty && patched.isEmpty
    }
}
