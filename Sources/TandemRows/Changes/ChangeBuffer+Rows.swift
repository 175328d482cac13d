/// What becomes of a change whose cells lie in the room behind the last row: first the row, then the row as it was.
extension ChangeBuffer {
    @usableFromInline mutating func insert() throws {
        let row = rows.count
        guard rows.isWhole(row) else { throw UnusableChange.absentValue }
        changeCount += 1
        if hasIdentity {
            put(row, hash: hash(of: row), as: .whole)
        } else {
            rows.count += 1
        }
    }

    @usableFromInline mutating func delete() throws {
        let row = rows.count
        guard !isKeyAbsent(row) else { throw hasIdentity ? UnusableChange.absentKey : .absentValue }
        changeCount += 1
        guard hasIdentity else {
            if keepsDeletions { departures.append(Departure(time: time)) }
            return deleted.append(row, of: rows)
        }
        let hash = hash(of: row)
        if let known = known(like: row, hash: hash) {
            states[known] = .nothing
            if keepsDeletions { times[known] = time }
        } else {
            add(hash: hash, as: .nothing)
        }
    }

    @usableFromInline mutating func update(hasOld: Bool) throws {
        let (new, old) = (rows.count, rows.count + 1)
        guard hasIdentity else { return try updateCounted(new, old: old, hasOld: hasOld) }
        var isWhole = rows.isWhole(new)
        if hasOld {
            guard !isKeyAbsent(old) else { throw UnusableChange.absentKey }
            if !isWhole { isWhole = rows.fill(new, from: old) }
        }
        guard isWhole || !isKeyAbsent(new) else { throw UnusableChange.absentKey }
        if hasOld && !isSameKey(new, old) {
            try move(old, to: new, isWhole: isWhole)
        } else {
            try change(new, isWhole: isWhole)
        }
        changeCount += 1
    }

    /// Takes in a row that keeps its key.
    private mutating func change(_ new: Int, isWhole: Bool) throws {
        let hash = hash(of: new)
        guard let known = known(like: new, hash: hash) else {
            guard isWhole || !isEmptied else { throw UnusableChange.unknownRow }
            return add(hash: hash, as: isWhole ? .whole : .patched(origin: UInt32(new)))
        }
        states[known] = isWhole ? .whole : try completed(new, from: known)
        rows.copy(new, to: known)
    }

    /// Takes in a row that changes its key.
    private mutating func move(_ old: Int, to new: Int, isWhole: Bool) throws {
        let (hash, oldHash) = (hash(of: new), hash(of: old))
        if let source = known(like: old, hash: oldHash) {
            let state = isWhole ? .whole : try completed(new, from: source)
            if case .patched = state { hasPartialKeyChange = true }
            states[source] = .nothing
            if keepsDeletions { times[source] = time }
            return put(new, hash: hash, as: state)
        }
        guard isWhole || !isEmptied else { throw UnusableChange.unknownRow }
        if !isWhole { hasPartialKeyChange = true }
        if let target = known(like: new, hash: hash) {
            rows.copy(new, to: target)
            rows.copy(old, to: new)
            states[target] = isWhole ? .whole : .patched(origin: UInt32(new))
        } else {
            add(hash: hash, as: isWhole ? .whole : .patched(origin: UInt32(old)))
        }
        add(hash: oldHash, as: .nothing)
    }

    /// Fills `new` from the row that stands under the key of `known`, and tells what it is then.
    private mutating func completed(_ new: Int, from known: Int) throws -> RowState {
        let state = states[known]
        if case .nothing = state { throw UnusableChange.unknownRow }
        return rows.fill(new, from: known) ? .whole : state
    }

    /// Puts the row behind the last under its key.
    private mutating func put(_ row: Int, hash: UInt32, as state: RowState) {
        if let known = known(like: row, hash: hash) {
            rows.copy(row, to: known)
            states[known] = state
        } else {
            add(hash: hash, as: state)
        }
    }

    /// Makes the row behind the last one of those that are held.
    private mutating func add(hash: UInt32, as state: RowState) {
        index.insert(rows.count, hash: hash)
        states.append(state)
        if keepsDeletions { times.append(time) }
        rows.count += 1
    }

    private mutating func updateCounted(_ new: Int, old: Int, hasOld: Bool) throws {
        guard hasOld else { throw UnusableChange.absentRow }
        guard rows.isWhole(old) else { throw UnusableChange.absentValue }
        _ = rows.fill(new, from: old)
        deleted.append(old, of: rows)
        if keepsDeletions { departures.append(Departure(time: time, successor: rows.count)) }
        rows.count += 1
        changeCount += 1
    }

    private func hash(of row: Int) -> UInt32 {
        rows.withRow(row) { keys.hash($0, in: bytes.base) }
    }

    private func isKeyAbsent(_ row: Int) -> Bool {
        rows.withRow(row) { keys.isAnyAbsent($0) }
    }

    private func isSameKey(_ one: Int, _ other: Int) -> Bool {
        rows.withRow(one) { one in rows.withRow(other) { keys.areEqual(one, $0, in: bytes.base) } }
    }

    /// The row that is held under the same key.
    @inline(__always)
    private func known(like row: Int, hash: UInt32) -> Int? {
        rows.withRow(row) { cells in
            let first = cells - row * columnCount
            return index.row(hash) { keys.areEqual(first + $0 * columnCount, cells, in: bytes.base) }
        }
    }
}
