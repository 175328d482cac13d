import TandemCore
import TandemRows

/// Every promise of ``Snapshot`` and ``ResumableSnapshot``, kept or not.
public struct SnapshotConformance<Harness: SourceHarness>: Sendable {
    private let harness: Harness
    private let name: TableName
    private let seed: UInt64

    /// - Parameter schema: Where the suite's table is.
    public init(_ harness: Harness, seed: UInt64, schema: String = "public") {
        self.harness = harness
        self.seed = seed
        name = TableName(schema: schema, table: "conformance")
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        for readers in [1, 2, 5] { try await everyRowComesOnce(readers: readers) }
        try await emptyTableHasNoRows()
        try await momentStandsStill()
        try await randomMomentsStandStill()
        try await columnsAreAsAskedFor()
        try await rowsAreFoundByKey()
        try await extentIsWhatThereIs()
        try await sectionsAreTheWholeTable()
        try await sumsAreTheSameEverywhere()
        try await cancelEndsReading()
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
        let wanted = sample.rows.map { ["\($0.amount)", "\($0.id)"] as [String?] }
        try expect("columns come in the order and as the types asked for", Set(found) == Set(wanted), found: "\(found)")
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

    private func sectionsAreTheWholeTable() async throws {
        let sample = SampleTable(name, ids: 0..<20_000)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await source.table(name)
        let snapshot = try await source.snapshot(readers: 2)
        guard let resumable = snapshot.resumable else {
            await snapshot.close()
            return await source.close()
        }
        let sections = try await resumable.sections(of: table, as: table.schema, continuing: [])
        var found: [SampleTable.Row] = []
        for section in sections {
            let rows = try await resumable.rows(of: table, as: table.schema, unfit: .text, in: section)
            found += SampleTable.rows(in: try await rows.pullAll().flatMap { $0 })
        }
        if !sections.isEmpty {
            let isWhole = found.sorted { $0.id < $1.id } == sample.rows
            try expect("every row lies in one section", isWhole, found: "\(found.count) rows")
        }
        await snapshot.close()
        try await harness.commit([(name, .write(sample.rows[7])), (name, .delete(8))])
        let later = try await source.snapshot(readers: 2)
        let again = try await later.resumable?.sections(of: table, as: table.schema, continuing: sections)
        try expectEqual("changes leave sections as they are", again ?? [], sections)
        await later.close()
        await source.close()
    }
}
