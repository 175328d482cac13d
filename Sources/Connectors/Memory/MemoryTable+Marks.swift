import TandemCore
import TandemRows

/// Columns of Tandem's own, and rows that are marked as deleted.
extension MemoryDatabase.Table {
    private var markIndex: Int? { schema.columns.firstIndex { $0.name == MetadataColumns.deletedAtName } }

    func isMarked(_ place: Place) -> Bool {
        markIndex.map { !batches[place.batch].columns[$0].isNull(place.row) } ?? false
    }

    /// Takes all rows away, or marks those that are not marked where such rows stay.
    mutating func empty(at time: Double) {
        guard let markIndex else { return batches = [] }
        for batch in batches.indices {
            let rows = 0..<batches[batch].rowCount
            let now = Column(repeatingTime: time, rows.count)
            let old = batches[batch].columns[markIndex]
            batches[batch].columns[markIndex] = Column(picking: rows.map { (old.isNull($0) ? now : old, $0) })
        }
    }

    /// - Parameters:
    ///   - time: Where the time stands, in row `row`.
    ///   - now: By which a row without one is marked.
    mutating func mark(_ place: Place, at time: Column, row: Int, now: Double) {
        guard let markIndex else { return }
        let now = Column(repeatingTime: now, 1)
        touch(place, now)
        let old = batches[place.batch].columns[markIndex]
        batches[place.batch].columns[markIndex] = Column(
            picking: (0..<batches[place.batch].rowCount).map { index in
                guard index == place.row else { return (old, index) }
                return time.isNull(row) ? (now, 0) : (time, row)
            }
        )
    }

    /// Notes that a row has been written.
    private mutating func touch(_ place: Place, _ now: Column) {
        guard let index = schema.columns.firstIndex(where: { $0.name == MetadataColumns.syncedAtName }) else { return }
        let old = batches[place.batch].columns[index]
        batches[place.batch].columns[index] = Column(
            picking: (0..<batches[place.batch].rowCount).map { $0 == place.row ? (now, 0) : (old, $0) }
        )
    }

    /// Takes away the rows that are marked.
    mutating func removeMarked() {
        remove(batches.indices.flatMap { batch in (0..<batches[batch].rowCount).map { (batch, $0) } }.filter(isMarked))
    }

    mutating func setMetadataColumns(_ columns: MetadataColumns) {
        let present = MetadataColumns(names: schema.columns.map(\.name))
        for name in columns.subtracting(present).names {
            schema.columns.append(ColumnSchema(name: name, type: .timestampTZ, nativeType: "timestamptz"))
            for index in batches.indices {
                let nulls = Column(nullsOf: .timestampTZ, count: batches[index].rowCount)
                batches[index].columns.append(nulls)
            }
        }
        let gone = present.subtracting(columns)
        if gone.contains(.deletedAt) { removeMarked() }
        for name in gone.names {
            guard let index = schema.columns.firstIndex(where: { $0.name == name }) else { continue }
            schema.columns.remove(at: index)
            for batch in batches.indices { batches[batch].columns.remove(at: index) }
        }
    }

    /// What was loaded, with the columns that it is to have and the rows of `old` that stay although they are gone.
    ///
    /// - Returns: How many of those there are.
    mutating func complete(for copy: SyncedTable, after old: (copy: SyncedTable, table: Self)?, at now: Double) -> Int {
        let loaded = schema
        setMetadataColumns(copy.metadataColumns)
        batches = batches.map { batch in
            RowBatch(
                rowCount: batch.rowCount,
                columns: Array(batch.columns.prefix(loaded.columns.count)),
                byteCount: batch.byteCount
            )
        }.map { widened($0, of: loaded, at: now) }
        guard copy.metadataColumns.contains(.deletedAt), var kept = old else { return 0 }
        for index in kept.table.schema.columns.indices where kept.copy.schema.id == copy.schema.id {
            let name = kept.table.schema.columns[index].name
            let number = kept.copy.schema.columns.first { $0.name == name }?.id
            let now = copy.schema.columns.first { $0.id == number }?.name
            kept.table.schema.columns[index].name = now ?? name
        }
        let key = copy.schema.identity.map { copy.schema.columns[$0] }
        let present = key.isEmpty ? [:] : places(by: key)
        let there = kept.table.places(by: key.isEmpty ? copy.schema.columns : key)
        let gone = there.filter { !key.isEmpty && present[$0.key] != nil }.flatMap(\.value)
        let unmarked = key.isEmpty ? there.values.flatMap(\.self).filter { !kept.table.isMarked($0) } : []
        kept.table.remove(gone + unmarked)
        kept.table.empty(at: copy.moment.time)
        let before = kept.table.schema
        batches += kept.table.batches.map { widened($0, of: before, at: now) }
        return kept.table.batches.reduce(0) { $0 + $1.rowCount }
    }
}

extension Column {
    init(repeatingTime time: Double, _ count: Int) {
        self.init(storage: .int64(Array(repeating: Int64((time * 1_000_000).rounded()), count: count)))
    }
}
