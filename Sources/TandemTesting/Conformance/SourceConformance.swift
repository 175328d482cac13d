public import TandemCore
public import TandemRows

/// What a source's own tests provide so that the suite can run against it.
public protocol SourceHarness: Sendable {
    /// A source whose database holds `tables` and nothing else in their schemas.
    func makeSource(holding tables: [SampleTable]) async throws -> any Source
    /// Commits these rows to a table that ``makeSource(holding:)`` made.
    func insert(_ rows: [SampleTable.Row], into table: TableName) async throws
}

/// Every promise of ``Source`` and ``Snapshot``, kept or not.
public struct SourceConformance<Harness: SourceHarness>: Sendable {
    private let harness: Harness
    private let name: TableName

    /// - Parameter schema: Where the suite's tables are.
    public init(_ harness: Harness, schema: String = "public") {
        self.harness = harness
        name = TableName(schema: schema, table: "conformance")
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        try await catalogListsTables()
        for readers in [1, 2, 5] { try await everyRowComesOnce(readers: readers) }
        try await emptyTableHasNoRows()
        try await momentStandsStill()
        try await columnsAreAsAskedFor()
        try await sumsAreTheSameEverywhere()
        try await cancelEndsReading()
    }

    private func table(in source: any Source) async throws -> CatalogTable {
        let found = try await source.catalog().tables.first { $0.schema.name == name }
        guard let found else { throw ConformanceFailure(promise: "the catalog lists every table", found: "no \(name)") }
        return found
    }

    private func catalogListsTables() async throws {
        let sample = SampleTable(name, ids: 0..<10)
        let source = try await harness.makeSource(holding: [sample])
        let found = try await table(in: source)
        try expectEqual(
            "the catalog gives columns in order",
            found.schema.columns.map(\.name),
            ["id", "note", "amount"]
        )
        try expectEqual("the catalog gives types", found.schema.columns.map(\.type), [.int64, .text, .int32])
        try expectEqual("the catalog gives the key", found.schema.identity, [0])
        guard case .usable? = found.methods[.fullTable] else {
            throw ConformanceFailure(promise: "a plain table can be read whole", found: "\(found.methods)")
        }
        await source.close()
    }

    private func everyRowComesOnce(readers: Int) async throws {
        let sample = SampleTable(name, ids: 0..<20_000)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await table(in: source)
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
        let table = try await table(in: source)
        let snapshot = try await source.snapshot(readers: 2)
        let batches = try await snapshot.rows(of: table, as: table.schema, unfit: .text).pullAll()
        try expect("an empty table gives no batch", batches.allSatisfy(\.isEmpty))
        await snapshot.close()
        await source.close()
    }

    private func momentStandsStill() async throws {
        let sample = SampleTable(name, ids: 0..<100)
        let source = try await harness.makeSource(holding: [sample])
        let table = try await table(in: source)
        let snapshot = try await source.snapshot(readers: 2)
        try await harness.insert([.init(id: 1_000_000, note: "later", amount: 0)], into: name)
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
        let table = try await table(in: source)
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
        let table = try await table(in: source)
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
        let table = try await table(in: source)
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
}
