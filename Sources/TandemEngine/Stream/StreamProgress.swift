import Synchronization
import TandemCore
package import TandemRows

/// How far the following of a run's streams has come. Any thread may look.
package final class StreamProgress: Sendable {
    /// Of all streams.
    package struct Counts: Sendable {
        /// Changes applied, and transactions they were made in.
        package var changes = 0
        package var transactions = 0
        /// When the last transaction applied was committed at the source, seconds since 1970.
        package var time: Double?
        /// Changes by table.
        package var tables: [TableName: Int] = [:]
    }

    private struct Stream {
        /// Batches committed at the destination.
        var batches = 0
        /// Whether the source had nothing else to say when it gave what was applied last.
        var isUpToDate = false
        /// How many tables it follows.
        var followed = 0
        /// Those that are behind until the source has nothing else to say.
        var behind: [TablePlan] = []
    }

    private struct State {
        var counts = Counts()
        var streams: [Method: Stream] = [:]
        /// Changes by the tables' numbers, since they were taken last.
        var fresh: [TableID: Int] = [:]
    }

    private let state = Mutex(State())

    package var counts: Counts { state.withLock { $0.counts } }
    /// How many tables are followed, by all streams.
    package var followed: Int { state.withLock { $0.streams.values.reduce(0) { $0 + $1.followed } } }

    /// How many batches of the stream that comes by `method` were committed at the destination.
    func batches(by method: Method) -> Int { state.withLock { $0.streams[method]?.batches ?? 0 } }

    /// Notes the tables that are followed by `method` from now on, and are behind until the source has nothing else to
    /// say.
    func begin(with tables: [TablePlan], by method: Method) {
        state.withLock { state in
            state.streams[method, default: Stream()].behind = tables
            state.streams[method, default: Stream()].followed = tables.count
        }
    }

    /// Notes one that is followed too, and is behind until then.
    func join(_ table: TablePlan, by method: Method) {
        state.withLock { state in
            state.streams[method, default: Stream()].behind.append(table)
            state.streams[method, default: Stream()].followed += 1
        }
    }

    /// Notes that none are followed by `method` any more.
    func end(by method: Method) { begin(with: [], by: method) }

    /// The tables that have been behind until now.
    func takeUpToDate() -> [TablePlan] {
        state.withLock { state in
            var tables: [TablePlan] = []
            for method in Method.allCases {
                guard let stream = state.streams[method], stream.isUpToDate else { continue }
                tables += stream.behind
                state.streams[method]?.behind = []
            }
            return tables
        }
    }

    /// The changes since they were taken last, by the tables' numbers.
    func takeChanges() -> [TableID: Int] {
        state.withLock { state in
            defer { state.fresh = [:] }
            return state.fresh
        }
    }

    func add(_ batch: ChangeBatch, by method: Method) {
        state.withLock { state in
            state.counts.transactions += batch.transactions
            state.counts.time = batch.state?.time ?? state.counts.time
            state.streams[method, default: Stream()].batches += batch.state == nil ? 0 : 1
            state.streams[method, default: Stream()].isUpToDate = batch.isUpToDate
        }
        addMissed(batch)
    }

    /// Counts the changes of transactions that were counted when others' changes were applied.
    func addMissed(_ batch: ChangeBatch) {
        state.withLock { state in
            for stretch in batch.stretches where stretch.changes.changeCount > 0 {
                state.counts.changes += stretch.changes.changeCount
                state.counts.tables[stretch.schema.name, default: 0] += stretch.changes.changeCount
                state.fresh[stretch.schema.id, default: 0] += stretch.changes.changeCount
            }
        }
    }
}
