import TandemCore
import TandemRows

extension MemoryDatabase.Table {
    /// Where a row lies: which batch, which row of it.
    typealias Place = (batch: Int, row: Int)
    typealias Row = [String?]

    /// - Parameters:
    ///   - source: The table as its source has it; what this one has besides is null in new rows.
    ///   - now: When this is.
    /// - Returns: `false` if a row whose values are to be kept is not there.
    mutating func apply(_ changes: NetChanges, of source: TableSchema, at now: Double) -> Bool {
        if changes.isEmptied { empty(at: changes.emptiedAt ?? now) }
        if let bound = changes.removedFrom { removeRows(from: bound, of: source) }
        let identity = source.identity.isEmpty ? Array(source.columns.indices) : source.identity
        let key = identity.map { source.columns[$0] }
        let all = places(by: key)
        var places = all.mapValues { $0.filter { !isMarked($0) } }
        var filled: [RowBatch] = []
        var gone: [Place] = []
        for patched in changes.patched {
            var replaced: [Place] = []
            for row in Self.rows(in: patched.keys, of: key) {
                guard let place = places[row]?.first else { return false }
                replaced.append(place)
            }
            filled.append(fill(patched.rows, of: source, from: replaced))
            gone += replaced
        }
        for deleted in changes.deleted {
            let time = deleted.rows.columns[key.count]
            for (number, row) in Self.rows(in: deleted.rows, of: key).enumerated() {
                if let place = places[row]?.popLast() { mark(place, at: time, row: number, now: now) }
            }
        }
        gone.removeAll { isMarked($0) }
        for row in changes.removed.flatMap({ Self.rows(in: $0, of: key) }) {
            // Of rows without a key one goes at a time.
            if let place = places[row]?.popLast() { gone.append(place) }
            if !source.identity.isEmpty { gone += all[row]?.filter { isMarked($0) } ?? [] }
        }
        remove(gone)
        batches += (changes.written + filled).map { widened($0, of: source, at: now) }
        return true
    }

    private mutating func removeRows(from bound: RowBound, of source: TableSchema) {
        let columns = bound.columns.map { source.columns[$0] }
        let lower = zip(bound.lower, columns).map { $0.text(as: $1.type) ?? "" }
        func isBelow(_ row: Row) -> Bool {
            guard !row.contains(nil) else { return false }
            for (value, place) in zip(row.compactMap(\.self), lower) where value != place {
                guard let number = Int128(value), let other = Int128(place) else { return value < place }
                return number < other
            }
            return false
        }
        remove(places(by: columns).filter { !isBelow($0.key) }.flatMap(\.value))
    }

    static func rows(in batch: RowBatch, of columns: [ColumnSchema]) -> [Row] {
        (0..<batch.rowCount).map { row in columns.indices.map { batch.columns[$0].text(row, as: columns[$0].type) } }
    }

    /// Where the rows lie that have the same values in `columns`.
    func places(by columns: [ColumnSchema]) -> [Row: [Place]] {
        let indexes = columns.compactMap { column in schema.columns.firstIndex { $0.name == column.name } }
        var places: [Row: [Place]] = [:]
        for (number, batch) in batches.enumerated() {
            let part = RowBatch(rowCount: batch.rowCount, columns: indexes.map { batch.columns[$0] }, byteCount: 0)
            for (row, values) in Self.rows(in: part, of: columns).enumerated() {
                places[values, default: []].append((number, row))
            }
        }
        return places
    }

    mutating func remove(_ gone: [Place]) {
        for (batch, places) in Dictionary(grouping: gone, by: \.batch) {
            let gone = Set(places.map(\.row))
            let kept = (0..<batches[batch].rowCount).filter { !gone.contains($0) }
            batches[batch].columns = batches[batch].columns.map { column in Column(picking: kept.map { (column, $0) }) }
            batches[batch].rowCount = kept.count
        }
        batches.removeAll { $0.rowCount == 0 }
    }

    /// Puts the values of the rows at `replaced` where `batch` has none.
    private func fill(_ batch: RowBatch, of source: TableSchema, from replaced: [Place]) -> RowBatch {
        var batch = batch
        for (index, column) in batch.columns.enumerated() {
            guard let absent = column.absent else { continue }
            let here = schema.columns.firstIndex { $0.name == source.columns[index].name } ?? index
            batch.columns[index] = Column(
                picking: replaced.enumerated().map { row, place in
                    absent[row] ? (batches[place.batch].columns[here], place.row) : (column, row)
                }
            )
        }
        return batch
    }

    /// `batch` with nulls for what only this table has.
    func widened(_ batch: RowBatch, of source: TableSchema, at now: Double) -> RowBatch {
        var widened = batch
        widened.columns = schema.columns.map { column in
            let index = source.columns.firstIndex { $0.name == column.name }
            if column.name == MetadataColumns.syncedAtName { return Column(repeatingTime: now, batch.rowCount) }
            return index.map { batch.columns[$0] } ?? Column(nullsOf: column.type, count: batch.rowCount)
        }
        return widened
    }

    mutating func evolve(_ step: TargetChanges.Evolution, of target: TableName) throws {
        switch step {
        case .addColumn(let column, let value):
            schema.columns.append(column)
            for index in batches.indices {
                let count = batches[index].rowCount
                guard let new = Column(Array(repeating: value, count: count), as: column.type) else {
                    throw TableMismatch(target, because: "memory does not understand a value of \(column.name)")
                }
                batches[index].columns.append(new)
            }
        case .renameColumn(let old, let new):
            for index in schema.columns.indices where schema.columns[index].name == old {
                schema.columns[index].name = new
            }
        case .setMetadataColumns(let columns): setMetadataColumns(columns)
        case .keepColumn, .renameTable: break
        }
    }
}
