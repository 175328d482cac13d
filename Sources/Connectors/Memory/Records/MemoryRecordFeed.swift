import Synchronization
package import TandemCore
import TandemRows

extension MemoryRecords {
    package func feed(_ request: FeedRequest) async throws -> any HintFeed {
        let start = state.withLock { state in
            request.checkpoint ?? Checkpoint(String(manners.lag == 0 ? state.journal.count : state.time))
        }
        return MemoryRecordFeed(self, request, start)
    }
}

/// Tells what has changed: from the journal, or as one would who asks for all that was changed since a time.
final class MemoryRecordFeed: HintFeed {
    let start: Checkpoint
    private let records: MemoryRecords
    private let tables: Set<TableID>
    private let isBounded: Bool
    private let place: Mutex<(at: Int, isOver: Bool)>

    init(_ records: MemoryRecords, _ request: FeedRequest, _ start: Checkpoint) {
        self.records = records
        self.start = start
        tables = Set(request.shapes.map(\.id))
        isBounded = request.isBounded
        place = Mutex((Int(start.description) ?? 0, false))
    }

    func next() async throws -> HintBatch? {
        let (at, isOver) = place.withLock { $0 }
        if isOver { return nil }
        let (batch, next) = records.state.withLock { state in
            records.manners.lag == 0 ? told(from: at, of: &state) : changed(since: at, in: &state)
        }
        place.withLock { $0 = (next, isBounded) }
        return batch
    }

    private func told(from start: Int, of state: inout MemoryRecords.State) -> (HintBatch, Int) {
        var end = state.journal.count
        if records.manners.tellsPrefixes, end > start, Int.random(in: 0..<10, using: &state.random) < 6 {
            end = Int.random(in: start...end, using: &state.random)
        }
        let entries = state.journal[min(start, end)..<end].filter { records.manners.tellsOwn || !$0.isOwn }
        return (batch(entries, upTo: end), end)
    }

    /// Those that are there still; some of the youngest come later only, so that what was told is told again.
    private func changed(since start: Int, in state: inout MemoryRecords.State) -> (HintBatch, Int) {
        let lag = records.manners.lag
        let from = max(0, start - 3 * lag)
        var entries: [MemoryRecords.Entry] = []
        for entry in state.journal where entry.time >= from {
            guard entry.time <= state.time - Int.random(in: 0...lag, using: &state.random) else { continue }
            guard records.manners.tellsOwn || !entry.isOwn else { continue }
            if state.tables[entry.table]?.records[entry.key] != nil { entries.append(entry) }
        }
        return (batch(entries, upTo: state.time), state.time)
    }

    private func batch(_ entries: [MemoryRecords.Entry], upTo end: Int) -> HintBatch {
        var seen: Set<HintBatch.Hint> = []
        let hints = entries.compactMap { entry -> HintBatch.Hint? in
            let hint = HintBatch.Hint(table: entry.table, key: entry.key)
            return tables.contains(entry.table) && seen.insert(hint).inserted ? hint : nil
        }
        return HintBatch(hints: hints, checkpoint: Checkpoint(String(end)))
    }

    func confirm(_ checkpoint: Checkpoint) {}
    func close() async {}
}
