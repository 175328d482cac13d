import TandemCore
import TandemRows

/// One connection's share of a ``TableSum``: takes range after range until there are no more.
struct RangeSums {
    private let copy: SnapshotTableReader

    init(of copy: SnapshotTableReader) { self.copy = copy }

    /// The rows have no text that is the same everywhere, or not all of them may be seen at once.
    struct NoText: Error {}

    /// - Throws: ``PostgresError``; ``NoText``; `CancellationError`.
    func total(_ interruption: Interruption) throws -> TableSum {
        let session: Session
        do { session = try copy.pool.borrow(interruption) } catch is SessionPool.Exhausted { throw NoText() }
        defer { copy.pool.giveBack(session) }
        do { return try total(over: session) } catch {
            // Its transaction has failed.
            session.close()
            throw error
        }
    }

    private func total(over session: Session) throws -> TableSum {
        let plan = try copy.plan(through: session)
        guard !plan.isReadThroughPolicies,
            let number = RowNumber(of: plan.columns, on: session.capabilities)?.expression
        else { throw NoText() }
        var total = TableSum()
        while let range = copy.nextRange(of: plan) {
            let answer = try session.query("SELECT count(*), sum(\(number)) FROM \(range.rows)").rows.first
            guard let answer, answer.count == 2, let sum = TableSum(rows: answer[0], sum: answer[1]) else {
                throw PostgresError.malformed(session.endpoint, what: "the sum of \(copy.schema.name)")
            }
            total = total + sum
            guard try CopyPlanner.isUnchanged(range.relation, on: session) else {
                throw CopyPlanner.rewritten(copy.schema.name, session.endpoint)
            }
        }
        return total
    }
}
