public import TandemCore
public import TandemRows

/// What the own tests of a destination that follows changes provide so that the suite can run against it.
public protocol ChangeHarness: Sendable {
    /// A destination with nothing in it; or, beside `other`, one more at the same place, as another process has it.
    func makeDestination(beside other: (any Destination)?) async throws -> any Destination

    /// Random values as they can be stored there.
    func fit(_ column: Column, of type: ColumnType) -> Column
}

extension ChangeHarness {
    public func fit(_ column: Column, of type: ColumnType) -> Column { column }
}

/// Every promise of ``Destination`` about changes, kept or not.
public struct ChangeConformance<Harness: ChangeHarness>: Sendable {
    let harness: Harness
    let types: [ColumnType]
    let seed: UInt64
    let sync = "changes"
    let orders = TableName(schema: "shop", table: "orders")
    let items = TableName(schema: "shop", table: "items")

    /// - Parameters:
    ///   - types: The types of columns that random rows have.
    ///   - seed: Brings random changes back; it is part of every failure.
    public init(
        _ harness: Harness,
        types: [ColumnType] = RandomBatches.types,
        seed: UInt64 = .random(in: 0 ... .max)
    ) {
        self.harness = harness
        self.types = types
        self.seed = seed
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        try await rowsComeChangeAndGo()
        try await severalColumnsTellRowsApart()
        try await absentValuesStay()
        try await rowsWithoutAKeyAreCounted()
        try await tablesFollowTheirSource()
        try await evolutionIsPartOfTheTransaction()
        try await addedColumnsHaveTheirValues()
        try await tablesTradeNames()
        try await stateIsStoredWithTheData()
        try await openTransactionsAreInvisible()
        try await loadsGoOnBesideATransaction()
        try await errorsLeaveNothing()
        try await copiesAreMadeAgain()
        try await deletedRowsAreMarked()
        try await rowsWithoutAKeyAreMarked()
        try await marksOutliveNewCopies()
        try await ownColumnsComeAndGo()
        try await forgottenStreamsAreGone()
        try await mergesMoveNoStream()
        try await rowsFromAPlaceOnAreReplaced()
        try await sectionsAreKept()
        try await sectionsAreNotKeptForEver()
        try await randomChanges()
    }
}

// MARK: What the promises are made with

extension ChangeConformance {
    func state(_ checkpoint: Int) -> StreamCheckpoint {
        StreamCheckpoint(id: "stream", checkpoint: Checkpoint("0/\(checkpoint)"), time: Double(checkpoint))
    }

    /// A published copy of `sample`, and what it holds.
    func publish(_ sample: SampleTable, in destination: any Destination) async throws -> ModelTable {
        try await publish(sample.schema, sample.batches(), in: destination)
    }

    func publish(
        _ schema: TableSchema,
        _ batches: [RowBatch],
        metadataColumns: MetadataColumns = [],
        in destination: any Destination
    ) async throws -> ModelTable {
        let rows = try await destination.load(BatchRows(batches, schema: schema), into: schema.name)
        let moment = Moment(checkpoint: Checkpoint("0/1"), origin: "conformance", time: 1, position: Checkpoint("0/1"))
        let copy = SyncedTable(
            target: schema.name,
            schema: schema,
            rows: rows,
            moment: moment,
            stream: "stream",
            metadataColumns: metadataColumns
        )
        try await destination.publish([copy], retiring: [], of: sync)
        return ModelTable(copy, batches)
    }

    func keys(_ ids: some Sequence<Int64>) -> RowBatch {
        let ids = Array(ids)
        return RowBatch(rowCount: ids.count, columns: [Column(storage: .int64(ids))], byteCount: ids.count * 8)
    }

    /// Changes to a sample table. What is under the keys of `written` goes as well, as a source has it.
    func changes(removed: [Int64] = [], written: [SampleTable.Row] = [], isEmptied: Bool = false) -> NetChanges {
        var sample = SampleTable(orders, ids: [])
        sample.rows = written
        var changes = NetChanges()
        changes.isEmptied = isEmptied
        let removed = Set(removed + written.map(\.id)).sorted()
        changes.removed = stride(from: 0, to: removed.count, by: RowBatch.rowLimit).map {
            keys(removed[$0..<min($0 + RowBatch.rowLimit, removed.count)])
        }
        changes.written = sample.batches()
        changes.changeCount = removed.count + written.count
        return changes
    }

    func row(_ id: Int64, _ note: String?, _ amount: Int32 = 0) -> SampleTable.Row {
        SampleTable.Row(id: id, note: note, amount: amount)
    }

    /// Changes to a table that stays as it is.
    func target(_ table: ModelTable, _ changes: NetChanges) -> TargetChanges {
        TargetChanges(before: table.copy, after: table.copy, changes: changes)
    }

    /// Applies to both what is there and what should be.
    func apply(
        _ changes: NetChanges,
        to table: inout ModelTable,
        advancing checkpoint: StreamCheckpoint,
        in destination: any Destination
    ) async throws {
        let target = target(table, changes)
        try await destination.write([target], advancing: checkpoint, of: sync)
        table.apply(target)
    }

    /// - Returns: Whether it was refused, for `target`.
    func isRefused(
        _ changes: [TargetChanges],
        for target: TableName,
        in destination: any Destination
    ) async throws -> Bool {
        do {
            try await destination.write(changes, advancing: state(99), of: sync)
            return false
        } catch let refused as TableMismatch {
            return refused.target == target
        }
    }
}
