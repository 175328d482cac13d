extension ChangeBuffer {
    /// What the changes come to, after which the buffer is empty. Where there is an identity, the keys of all rows
    /// that were touched are removed, unless they are those of patched rows: so rows can be written that are there.
    public mutating func takeNet() -> NetTuples {
        var net = NetTuples(isEmptied: isEmptied, emptiedAt: emptiedAt, changeCount: changeCount)
        if hasIdentity {
            takeKeyed(into: &net)
        } else if keepsDeletions {
            takeTraced(into: &net)
        } else {
            takeCounted(into: &net)
        }
        net.hasPartialKeyChange = hasPartialKeyChange
        removeAll()
        changeCount = 0
        isEmptied = false
        emptiedAt = nil
        return net
    }

    private func takeKeyed(into net: inout NetTuples) {
        var written: [Int] = []
        var patched: [Int] = []
        var origins: [Int] = []
        written.reserveCapacity(states.count)
        for (row, state) in states.enumerated() {
            switch state {
            case .nothing: break
            case .whole: written.append(row)
            case .patched(let origin):
                patched.append(row)
                origins.append(Int(origin))
            }
        }
        net.written = tuples(written, of: rows)
        for part in parts(patched, of: rows) {
            let keys = tuples(origins[part], of: rows, columns: keys.columns)
            net.patched.append(NetTuples.Patch(keys: keys, rows: tuples(patched[part], of: rows)))
        }
        // Where deletions are kept the rows that were there before still are, and make way for new ones.
        guard !isEmptied || keepsDeletions else { return }
        var isOrigin = [Bool](repeating: false, count: states.count)
        for row in origins { isOrigin[row] = true }
        var removed = states.indices.filter { !isOrigin[$0] }
        if keepsDeletions {
            let gone = isEmptied ? [] : states.indices.filter { states[$0].isNothing }
            net.deleted = deletions(gone, of: rows, columns: keys.columns) { times[$0] }
            removed.removeAll { states[$0].isNothing }
        }
        net.removed = tuples(removed, of: rows, columns: keys.columns)
    }

    private func takeCounted(into net: inout NetTuples) {
        guard deleted.count > 0 else {
            net.written = tuples(Array(0..<rows.count), of: rows)
            return
        }
        var index = KeyIndex()
        var counts = [Int](repeating: 0, count: deleted.count)
        for row in 0..<deleted.count {
            let (hash, first) = lookUp(row, of: deleted, in: index)
            if first == nil { index.insert(row, hash: hash) }
            counts[first ?? row] += 1
        }
        let written = (0..<rows.count).filter { row in
            guard let first = lookUp(row, of: rows, in: index).row, counts[first] > 0 else { return true }
            counts[first] -= 1
            return false
        }
        net.written = tuples(written, of: rows)
        guard !isEmptied else { return }
        let removed = counts.indices.flatMap { repeatElement($0, count: counts[$0]) }
        net.removed = tuples(removed, of: deleted)
    }

    /// As ``takeCounted(into:)``, and tells rows that were deleted from those that were updated. A row that was updated
    /// first and then deleted was deleted: it is marked as it was before.
    private func takeTraced(into net: inout NetTuples) {
        var index = KeyIndex()
        var waiting = [[Int]](repeating: [], count: deleted.count)
        for row in 0..<deleted.count {
            let (hash, first) = lookUp(row, of: deleted, in: index)
            if first == nil { index.insert(row, hash: hash) }
            waiting[first ?? row].append(row)
        }
        for first in waiting.indices { waiting[first].reverse() }
        // What each row was before it was updated, and how it went: both rows of `deleted`.
        var origins = [Int?](repeating: nil, count: rows.count)
        for (row, departure) in departures.enumerated() { departure.successor.map { origins[$0] = row } }
        var isCancelled = [Bool](repeating: false, count: deleted.count)
        var fates = departures
        let written = (0..<rows.count).filter { row in
            guard deleted.count > 0, let first = lookUp(row, of: rows, in: index).row,
                let departed = waiting[first].popLast()
            else { return true }
            isCancelled[departed] = true
            if let successor = fates[departed].successor {
                origins[successor] = origins[row]
            } else if let origin = origins[row] {
                fates[origin] = Departure(time: fates[departed].time)
            }
            return false
        }
        net.written = tuples(written, of: rows)
        guard !isEmptied else { return }
        let left = isCancelled.indices.filter { !isCancelled[$0] }
        net.removed = tuples(left.filter { fates[$0].successor != nil }, of: deleted)
        net.deleted = deletions(left.filter { fates[$0].successor == nil }, of: deleted) { fates[$0].time }
    }

    private func deletions(
        _ numbers: [Int],
        of rows: RowCells,
        columns: [Int]? = nil,
        _ time: (Int) -> Double?
    ) -> [NetTuples.Deletion] {
        parts(numbers, of: rows, columns: columns).map { part in
            NetTuples.Deletion(
                rows: tuples(numbers[part], of: rows, columns: columns),
                times: numbers[part].map(time)
            )
        }
    }

    /// The row of `deleted`, of those in `index`, that equals one of `rows`.
    private func lookUp(_ row: Int, of rows: RowCells, in index: KeyIndex) -> (hash: UInt32, row: Int?) {
        rows.withRow(row) { cells in
            let hash = keys.hash(cells, in: bytes.base)
            let known = deleted.withRow(0) { first in
                index.row(hash) { keys.areEqual(first + $0 * columnCount, cells, in: bytes.base) }
            }
            return (hash, known)
        }
    }

    private func tuples(_ numbers: [Int], of rows: RowCells, columns: [Int]? = nil) -> [TupleBuffer] {
        parts(numbers, of: rows, columns: columns).map { tuples(numbers[$0], of: rows, columns: columns) }
    }

    private func tuples(_ numbers: ArraySlice<Int>, of rows: RowCells, columns: [Int]? = nil) -> TupleBuffer {
        TupleBuffer(rows: numbers, columns: columns ?? Array(0..<columnCount), of: rows, in: bytes)
    }

    /// Ranges of `numbers` that each make one batch.
    private func parts(_ numbers: [Int], of rows: RowCells, columns: [Int]? = nil) -> [Range<Int>] {
        let columns = columns ?? Array(0..<columnCount)
        var parts: [Range<Int>] = []
        var start = 0
        var size = 0
        let isSmall = bytes.count < RowBatch.byteLimit
        for (at, row) in numbers.enumerated() {
            if !isSmall { size += rows.byteCount(row, columns: columns) }
            guard at + 1 - start == RowBatch.rowLimit || size >= RowBatch.byteLimit else { continue }
            parts.append(start..<at + 1)
            (start, size) = (at + 1, 0)
        }
        if start < numbers.count { parts.append(start..<numbers.count) }
        return parts
    }

    mutating func removeAll() {
        expectedBytes = min(bytes.count, 64 << 20)
        if isKnownUniquelyReferenced(&bytes) {
            bytes.removeAll(keeping: 4096)
        } else {
            bytes = ByteStorage(capacity: 64)
        }
        rows.removeAll()
        deleted.removeAll()
        states.removeAll(keepingCapacity: states.capacity <= 1 << 16)
        index.removeAll()
        hasPartialKeyChange = false
        times.removeAll(keepingCapacity: true)
        departures.removeAll()
    }
}

extension TupleBuffer {
    /// Some columns of some rows, whose values stay where they are: in `storage`.
    fileprivate init(rows numbers: ArraySlice<Int>, columns: [Int], of rows: RowCells, in storage: ByteStorage) {
        self.init(columnCount: columns.count, rowCount: numbers.count, storage: storage) { cells in
            rows.withRow(0) { source in
                var slot = cells
                var byteCount = 0
                for column in columns {
                    for row in numbers {
                        let cell = source[row * rows.columnCount + column]
                        byteCount += Int(max(cell.length, 0))
                        slot.initialize(to: cell)
                        slot += 1
                    }
                }
                return byteCount
            }
        }
    }
}
