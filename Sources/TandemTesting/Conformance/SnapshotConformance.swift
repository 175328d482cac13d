import TandemCore
import TandemRows

/// Every promise of ``Snapshot`` and ``ResumableSnapshot``, kept or not.
public struct SnapshotConformance<Harness: SourceHarness>: Sendable {
    let harness: Harness
    let name: TableName
    private let seed: UInt64
    private let limit: Duration

    /// - Parameters:
    ///   - schema: Where the suite's table is.
    ///   - limit: How long one check may take.
    public init(
        _ harness: Harness,
        seed: UInt64,
        schema: String = "public",
        within limit: Duration = .conformance
    ) {
        self.harness = harness
        self.seed = seed
        self.limit = limit
        name = TableName(schema: schema, table: "conformance")
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        let checks: Checks = [
            "everyRowComesOnce": { for readers in [1, 2, 5] { try await everyRowComesOnce(readers: readers) } },
            "emptyTableHasNoRows": emptyTableHasNoRows,
            "rowsWithoutAKeyComeAsOftenAsTheyAre": rowsWithoutAKeyComeAsOftenAsTheyAre,
            "momentStandsStill": momentStandsStill,
            "randomMomentsStandStill": randomMomentsStandStill,
            "columnsAreAsAskedFor": columnsAreAsAskedFor,
            "unfitValuesFollowThePolicy": unfitValuesFollowThePolicy,
            "rowsAreFoundByKey": rowsAreFoundByKey,
            "extentIsWhatThereIs": extentIsWhatThereIs,
            "sectionsAreTheWholeTable": sectionsAreTheWholeTable,
            "sumsAreTheSameEverywhere": sumsAreTheSameEverywhere,
            "cancelEndsReading": cancelEndsReading,
        ]
        try await checks.run(within: limit)
    }

    private func everyRowComesOnce(readers: Int) async throws {
        let sample = SampleTable(name, ids: 0..<20_000)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: readers)
        try expect(
            "a snapshot has at least one reader and no more than asked for",
            (1...readers).contains(snapshot.readers)
        )
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        let batches = try await rows.pullAll().flatMap { $0 }
        try expect(
            "no batch is empty or too large",
            batches.allSatisfy { (1...RowBatch.rowLimit).contains($0.rowCount) }
        )
        let found = SampleTable.rows(in: batches).sorted { $0.id < $1.id }
        try expect("every row comes from exactly one reader", found == sample.rows, found: "\(found.count) rows")
        try expectEqual("the tally counts the rows", rows.tally.rows, sample.rows.count)
        await snapshot.close()
        await source.close()
    }

    private func emptyTableHasNoRows() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: [])])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 2)
        let batches = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll()
        try expect("an empty table gives no batch", batches.allSatisfy(\.isEmpty))
        await snapshot.close()
        await source.close()
    }

    private func rowsWithoutAKeyComeAsOftenAsTheyAre() async throws {
        let sample = SampleTable(name, ids: (0..<300).map { $0 / 3 }, isKeyed: false)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        try expectEqual("a table without a key has none", table.schema.identity, [])
        let snapshot = try await source.snapshot(readers: 2)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        let found = SampleTable.rows(in: try await rows.pullAll().flatMap { $0 })
        let isWhole = found.sorted { $0.id < $1.id } == sample.rows
        try expect(
            "equal rows come as often as they are",
            isWhole,
            found: "\(found.count) rows of \(sample.rows.count)"
        )
        await snapshot.close()
        await source.close()
    }

    private func momentStandsStill() async throws {
        let sample = SampleTable(name, ids: 0..<100)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 2)
        try await harness.commit([(name, .write(.init(id: 1_000_000, note: "later", amount: 0)))])
        let batches = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll().flatMap { $0 }
        try expectEqual("what is committed after a snapshot is not in it", batches.reduce(0) { $0 + $1.rowCount }, 100)
        let later = try await source.snapshot(readers: 1)
        try expect("a later snapshot has another checkpoint", later.moment.checkpoint != snapshot.moment.checkpoint)
        await later.close()
        await snapshot.close()
        await source.close()
    }

    private func columnsAreAsAskedFor() async throws {
        let sample = SampleTable(name, ids: 1...3)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        var schema = table.schema
        schema.columns = [schema.columns[2], schema.columns[0]]
        schema.columns[1].type = .text
        schema.identity = [1]
        let snapshot = try await source.snapshot(readers: 1)
        let batches = try await snapshot.rows(of: table, as: schema, unfit: .text).pullAll().flatMap { $0 }
        let found = batches.flatMap { batch in
            (0..<batch.rowCount).map { row in
                [batch.columns[0].text(row, as: .int32), batch.columns[1].text(row, as: .text)]
            }
        }
        let wanted = sample.rows.map { [$0.amount.map { "\($0)" }, "\($0.id)"] }
        try expect("columns come in the order and as the types asked for", Set(found) == Set(wanted), found: "\(found)")
        await snapshot.close()
        await source.close()
    }

    /// Of two rows one does not fit.
    private func unfitValuesFollowThePolicy() async throws {
        guard let source = try await harness.makeSource(holdingUnfit: name) else { return }
        try await harness.writeUnfit(2, to: name)
        let table = try await source.table(name)
        var snapshot = try await source.snapshot(readers: 1)
        do {
            _ = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll()
            throw ConformanceFailure(promise: "a value that does not fit is said", found: "nothing")
        } catch let error as UnfitValues { try expectEqual("the columns that do not fit are said", error.columns, [1]) }
        await snapshot.close()
        snapshot = try await source.snapshot(readers: 1)
        var texts = table.schema
        texts.columns[1].type = .text
        let wanted: [(UnfitPolicy, TableSchema, rows: Int, clamped: [Int: Int], refused: Int)] = [
            (.text, texts, 2, [:], 0), (.clamp, table.schema, 2, [1: 1], 0), (.issue, table.schema, 1, [:], 1),
        ]
        for (policy, schema, count, clamped, refused) in wanted {
            let rows = try await snapshot.rows(of: table, as: schema, unfit: policy)
            let found = try await rows.pullAll().flatMap { $0 }.reduce(0) { $0 + $1.rowCount }
            try expectEqual("what does not fit follows the policy \(policy)", found, count)
            try expectEqual("what was put in its place is counted (\(policy))", rows.tally.clamped, clamped)
            try expectEqual("what was left out is counted (\(policy))", rows.tally.refused, refused)
            try expectEqual("rows that were left out are named (\(policy))", rows.tally.refusals.count, refused)
            try expectEqual("all rows that were read are counted (\(policy))", rows.tally.rows, 2)
        }
        await snapshot.close()
        await source.close()
    }

    private func sumsAreTheSameEverywhere() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: (0..<1000).reversed())])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 2)
        if let sum = try await snapshot.sum(of: table, as: table.schema) {
            try expectEqual("equal rows have the same sum at every source", sum, SampleTable.sumOfThousand)
            let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
            let batches = try await rows.pullAll().flatMap { $0 }
            try expectEqual("rows can be read after a sum", batches.reduce(0) { $0 + $1.rowCount }, 1000)
        }
        await snapshot.close()
        await source.close()
    }

    private func cancelEndsReading() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: 0..<20_000)])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 1)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text)
        rows.cancel()
        do {
            _ = try await rows.pullAll()
            throw ConformanceFailure(promise: "a reader throws CancellationError once cancelled", found: "it went on")
        } catch is CancellationError {}
        await snapshot.close()
        await source.close()
    }

    /// Snapshots that are open side by side, each with the rows of its moment, while others are written. A table that
    /// is emptied meanwhile may fail to be read.
    private func randomMomentsStandStill() async throws {
        let sample = SampleTable(name, ids: 0..<20)
        var history = SampleHistory([sample], seed: seed, empties: false)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        var snapshots: [(snapshot: any Snapshot, rows: [Int64: SampleTable.Row])] = []
        for _ in 0..<4 {
            for _ in 0..<history.number(1..<6) { try await harness.commit(history.transaction()) }
            snapshots.append((try await source.snapshot(readers: 2), history.tables[name] ?? [:]))
        }
        try await harness.commit(history.transaction())
        for (snapshot, rows) in snapshots {
            try await snapshot.awaitDurability()
            let found = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll().flatMap { $0 }
            try expect("a moment stands still", [Int64: SampleTable.Row](found) == rows, found: "others, seed \(seed)")
            let times = snapshots.map(\.snapshot.moment.time)
            try expectEqual("moments are in the order of their times", times, times.sorted())
        }
        try expectEqual("snapshots are of one database", Set(snapshots.map(\.snapshot.moment.origin)).count, 1)
        for (snapshot, _) in snapshots { await snapshot.close() }
        await source.close()
    }

    private func rowsAreFoundByKey() async throws {
        let sample = SampleTable(name, ids: 0..<5000)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 2)
        let wanted = [0, 17, 4999]
        let keys = SampleTable(name, ids: wanted + [9_999_999]).batches().flatMap { batch in
            (0..<batch.rowCount).compactMap { RowKey($0, of: batch, columns: [0]) }
        }
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text, under: keys)
        let found = [Int64: SampleTable.Row](try await rows.pullAll().flatMap { $0 })
        for id in wanted {
            try expectEqual("rows are found by their keys", found[Int64(id)], sample.rows[id])
        }
        await snapshot.close()
        await source.close()
    }

    private func extentIsWhatThereIs() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: 0..<10)])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 1)
        if let extent = try await snapshot.extent(of: table) {
            let columns = Set(table.schema.columns.map(\.id))
            try expectEqual("a table consists of its columns", extent.columns, columns)
            try expectEqual("a table consists of its parts", Set(extent.parts.keys), Set(table.parts.map(\.id)))
        }
        await snapshot.close()
        await source.close()
    }
}
