import TandemCore
import TandemRows

// MARK: Random changes

extension ChangeConformance {
    /// Random changes of every kind to rows of every type, and after each step what the plainest code makes of them.
    func randomChanges() async throws {
        var random = SeededGenerator(seed: seed)
        var history = RandomChanges(harness: harness, types: types, name: orders, seed: seed)
        var destination = try await harness.makeDestination(beside: nil)
        var committed = try await publish(history.schema, history.insert(400), in: destination)
        var table = committed
        var reached: StreamCheckpoint?
        var transaction: (any WriteTransaction)?
        for step in 0..<14 {
            let isCommitted = Int.random(in: 0..<3, using: &random) > 0
            let changes = history.changes(of: 1 << Int.random(in: 0...8, using: &random))
            let target = target(table, changes)
            let current: any WriteTransaction
            if let transaction {
                current = transaction
            } else {
                current = try await destination.begin(sync, refusedRows: .leaveOut)
            }
            transaction = isCommitted ? nil : current
            table.apply(target)
            if isCommitted {
                try await current.commit([target], advancing: state(step))
                committed = table
                reached = state(step)
                history.commit()
            } else {
                try await current.apply([target])
            }
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                // Without a word the next that begins takes its place.
                if Bool.random(using: &random) { await transaction?.rollback() }
                transaction = nil
                (table, history) = (committed, history.rolledBack())
            case 1:
                await destination.close()
                destination = try await harness.makeDestination(beside: destination)
                transaction = nil
                (table, history) = (committed, history.rolledBack())
            default: break
            }
            let found = try await destination.stream(of: sync)
            try expect(
                "state goes with the data",
                found == reached,
                found: "\(String(describing: found)), seed \(seed)"
            )
            let promise = "random changes leave what they leave one by one"
            try await committed.expectEqual(promise, in: destination, of: sync, ", step \(step), seed \(seed)")
        }
        await destination.close()
    }
}

/// Makes random changes to a table, and knows which rows there are.
private struct RandomChanges<Harness: ChangeHarness> {
    let harness: Harness
    private var batches: RandomBatches
    private var random: SeededGenerator
    private var live: [Int64] = []
    private var committed: [Int64] = []
    private var next: Int64 = 0

    init(harness: Harness, types: [ColumnType], name: TableName, seed: UInt64) {
        self.harness = harness
        batches = RandomBatches(RandomBatches.schema(name, of: types), seed: seed, longest: 5000)
        random = SeededGenerator(seed: seed ^ 1)
    }

    var schema: TableSchema { batches.schema }

    mutating func commit() { committed = live }

    func rolledBack() -> Self {
        var before = self
        before.live = committed
        return before
    }

    /// Rows that are there from the start.
    mutating func insert(_ count: Int) -> [RowBatch] {
        live = newKeys(count)
        committed = live
        return [rows(under: live)]
    }

    private mutating func newKeys(_ count: Int) -> [Int64] {
        defer { next += Int64(count) }
        return (0..<count).map { next + Int64($0) }
    }

    private mutating func rows(under keys: [Int64]) -> RowBatch {
        var batch = batches.batch(rows: keys.count)
        for index in batch.columns.indices.dropFirst() {
            batch.columns[index] = harness.fit(batch.columns[index], of: schema.columns[index].type)
        }
        batch.columns[0] = Column(storage: .int64(keys))
        return batch
    }

    private func keys(_ ids: [Int64]) -> RowBatch {
        RowBatch(rowCount: ids.count, columns: [Column(storage: .int64(ids))], byteCount: ids.count * 8)
    }

    private mutating func take(_ most: Int) -> [Int64] {
        live.shuffle(using: &random)
        let count = Int.random(in: 0...min(most, live.count), using: &random)
        defer { live.removeFirst(count) }
        return Array(live.prefix(count))
    }

    /// Up to `count` of each kind.
    mutating func changes(of count: Int) -> NetChanges {
        var changes = NetChanges()
        changes.isEmptied = Int.random(in: 0..<20, using: &random) == 0
        if changes.isEmptied { live = [] }
        let (deleted, updated, moved) = (take(count), take(count), take(count))
        let patched = take(count), patchedToo = take(count)
        let inserted = newKeys(Int.random(in: 0...count, using: &random))
        let movedTo = newKeys(moved.count)
        var written = updated + movedTo + inserted
        // A row that was deleted may come again.
        if let again = deleted.first { written.append(again) }
        let removed = (deleted + moved + written + [-5]).shuffled(using: &random)
        for part in parts(removed) { changes.removed.append(keys(part)) }
        for part in parts(written) { changes.written.append(rows(under: part)) }
        // Half of the patched rows take each other's keys, the others stay.
        let targets = [patched.reversed(), patchedToo]
        for (keys, targets) in zip([patched, patchedToo], targets) where !keys.isEmpty {
            changes.patched.append(PartialUpdates(keys: self.keys(keys), rows: withAbsences(rows(under: targets))))
        }
        changes.changeCount = removed.count + written.count + patched.count + patchedToo.count
        live += written + patched + patchedToo
        return changes
    }

    private mutating func parts(_ ids: [Int64]) -> [[Int64]] {
        guard !ids.isEmpty else { return [] }
        let cut = Int.random(in: 0..<ids.count, using: &random)
        return [Array(ids[..<cut]), Array(ids[cut...])].filter { !$0.isEmpty }
    }

    /// Some columns lose some values, and what lies there then is rubbish.
    private mutating func withAbsences(_ batch: RowBatch) -> RowBatch {
        var batch = batch
        for index in batch.columns.indices.dropFirst() where Int.random(in: 0..<3, using: &random) == 0 {
            var absent = Bitmap(repeating: false, count: batch.rowCount)
            for row in 0..<batch.rowCount where Bool.random(using: &random) { absent.set(row) }
            batch.columns[index].absent = absent
            guard case .bytes(var views) = batch.columns[index].storage else { continue }
            for row in 0..<batch.rowCount where absent[row] { views.views[row] = .init(start: .max, length: .max) }
            batch.columns[index].storage = .bytes(views)
        }
        return batch
    }
}
