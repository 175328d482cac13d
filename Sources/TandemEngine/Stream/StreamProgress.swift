import Synchronization
import TandemCore
package import TandemRows

/// How far the following of a stream has come. Any thread may look.
package final class StreamProgress: Sendable {
    package struct Counts: Sendable {
        /// Changes applied, and transactions they were made in.
        package var changes = 0
        package var transactions = 0
        /// Batches committed at the destination.
        package var batches = 0
        /// When the last transaction applied was committed at the source, seconds since 1970.
        package var time: Double?
        /// Whether the source had nothing else to say when it gave what was applied last.
        package var isUpToDate = false
        /// Changes by table.
        package var tables: [TableName: Int] = [:]
    }

    private let state = Mutex(Counts())
    /// Changes by the tables' numbers, since they were taken last.
    private let fresh = Mutex<[TableID: Int]>([:])
    private let behind = Mutex<[TablePlan]>([])

    package var counts: Counts { state.withLock { $0 } }

    /// Notes the tables that are followed from now on, and are behind until the source has nothing else to say.
    func begin(with tables: [TablePlan]) { behind.withLock { $0 = tables } }

    /// Notes one that is followed too, and is behind until then.
    func join(_ table: TablePlan) { behind.withLock { $0.append(table) } }

    /// The tables that have been behind until now.
    func takeUpToDate() -> [TablePlan] {
        guard counts.isUpToDate else { return [] }
        return behind.withLock { behind in
            defer { behind = [] }
            return behind
        }
    }

    /// The changes since they were taken last, by the tables' numbers.
    func takeChanges() -> [TableID: Int] {
        fresh.withLock { fresh in
            defer { fresh = [:] }
            return fresh
        }
    }

    func add(_ batch: ChangeBatch) {
        state.withLock { state in
            state.transactions += batch.transactions
            state.batches += batch.state == nil ? 0 : 1
            state.time = batch.state?.time ?? state.time
            state.isUpToDate = batch.isUpToDate
        }
        addMissed(batch)
    }

    /// Counts the changes of transactions that were counted when others' changes were applied.
    func addMissed(_ batch: ChangeBatch) {
        state.withLock { state in
            for stretch in batch.stretches where stretch.changes.changeCount > 0 {
                state.changes += stretch.changes.changeCount
                state.tables[stretch.schema.name, default: 0] += stretch.changes.changeCount
            }
        }
        fresh.withLock { fresh in
            for stretch in batch.stretches where stretch.changes.changeCount > 0 {
                fresh[stretch.schema.id, default: 0] += stretch.changes.changeCount
            }
        }
    }
}
