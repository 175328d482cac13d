import TandemCore
import TandemRows

/// Every promise of ``CursorReader`` and ``CursorSnapshot``, kept or not.
public struct CursorConformance<Harness: ChangeLogHarness>: Sendable {
    private let harness: Harness
    private let name: TableName
    private let seed: UInt64
    private let lookback = 7
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
        name = TableName(schema: schema, table: "read")
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        let checks: Checks = [
            "placesAreTheLast": placesAreTheLast,
            "rangesBeginAtThePlace": rangesBeginAtThePlace,
            "rowsWithNullsComeEachTime": rowsWithNullsComeEachTime,
            "addedColumnsAreFilled": addedColumnsAreFilled,
            "openWritersHoldAPlaceBack": openWritersHoldAPlaceBack,
            "randomReadsMissNothing": randomReadsMissNothing,
        ]
        try await checks.run(within: limit)
    }

    /// A table that is read by its amount, and then by its key.
    private struct Reading {
        let source: any Source
        let reader: any CursorReader
        let table: CatalogTable
        var cursor: [ColumnSchema] { [table.schema.columns[2], table.schema.columns[0]] }

        func place() async throws -> CursorPlace? {
            try await reader.places(of: [CursorTable(table, columns: cursor.map(\.id))], patience: .zero)[
                table.schema.id
            ]
        }

        /// The rows after `last`.
        func rows(
            after last: [String],
            lookback: Lookback? = nil
        ) async throws -> (range: CursorRange, rows: [SampleTable.Row]) {
            let snapshot = try await reader.snapshot(readers: 2)
            let range = try await snapshot.range(of: table, by: cursor, after: last, lookback: lookback)
            let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text, in: range)
            let found = SampleTable.rows(in: try await rows.pullAll().flatMap { $0 })
            await snapshot.close()
            return (range, found)
        }
    }

    private func reading(_ sample: SampleTable) async throws -> Reading {
        let source = try await harness.makeSource(holding: [sample])
        guard let reader = source.cursorReader() else {
            throw ConformanceFailure(promise: "the source can be read by a cursor", found: "none")
        }
        let table = try await source.table(name)
        try expect("columns are named that can be cursors", table.cursorColumns.contains("amount"))
        return Reading(source: source, reader: reader, table: table)
    }

    private func placesAreTheLast() async throws {
        let empty = try await reading(SampleTable(name, ids: []))
        try expectEqual("an empty table is at the start", try await empty.place(), .start)
        await empty.source.close()
        let reading = try await reading(SampleTable(name, ids: 0..<100))
        try expectEqual("the place is that of the last row", try await reading.place(), .at(["\(99 * 31)", "99"]))
        await reading.source.close()
    }

    private func rangesBeginAtThePlace() async throws {
        var sample = SampleTable(name, ids: 0..<30)
        for index in sample.rows.indices { sample.rows[index].amount = Int32(index / 3) }
        let reading = try await reading(sample)
        let (range, rows) = try await reading.rows(after: ["5", "16"])
        try expectEqual("ties come once more, and all behind them", rows.map(\.id).sorted(), Array(16..<30))
        try expectEqual("a range says its columns", range.columns, reading.cursor.map(\.id))
        try expectEqual("a range says its place as values", range.values.map { $0.text(as: .int64) }, ["5", "16"])
        let (_, back) = try await reading.rows(after: ["5", "16"], lookback: .number(2))
        try expectEqual("reading begins so far before the place", back.map(\.id).sorted(), Array(9..<30))
        let (_, none) = try await reading.rows(after: ["1000", "0"])
        try expectEqual("nothing lies behind the last place", none.count, 0)
        await reading.source.close()
    }

    /// A row that has no place is read each time, and does not count as the last.
    private func rowsWithNullsComeEachTime() async throws {
        var sample = SampleTable(name, ids: 0..<30)
        for index in stride(from: 0, to: 30, by: 10) { sample.rows[index].amount = nil }
        let reading = try await reading(sample)
        try expectEqual("nulls are no place", try await reading.place(), .at(["\(29 * 31)", "29"]))
        for lookback in [nil, Lookback.number(100)] {
            let (_, rows) = try await reading.rows(after: ["\(28 * 31)", "28"], lookback: lookback)
            let nulls = rows.filter { $0.amount == nil }.map(\.id).sorted()
            try expectEqual("rows with a null in the cursor come each time", nulls, [0, 10, 20])
            let others = rows.compactMap(\.amount).sorted()
            let first = lookback == nil ? 28 : 25
            try expectEqual("and the others from the place on", others, (first..<30).map { Int32($0 * 31) })
        }
        await reading.source.close()
        for index in sample.rows.indices { sample.rows[index].amount = nil }
        let nowhere = try await self.reading(sample)
        try expectEqual("a table of nulls is at the start", try await nowhere.place(), .start)
        await nowhere.source.close()
    }

    private func addedColumnsAreFilled() async throws {
        let reading = try await reading(SampleTable(name, ids: 0..<5))
        guard try await harness.addColumn("added", holding: 7, to: name) else { return await reading.source.close() }
        let table = try await reading.source.table(name)
        guard let added = table.schema.columns.last, added.name == "added", added.type == .int32 else {
            throw ConformanceFailure(promise: "the catalog lists a column that was added", found: "\(table.schema)")
        }
        let snapshot = try await reading.reader.snapshot(readers: 1)
        var text = added
        text.type = .text
        for column in [added, text] {
            guard let values = try await snapshot.additions([column], to: table) else { continue }
            let found = values.mapValues { $0.text(as: column.type) }
            try expectEqual(
                "what rows have in a column that was added is said as it is asked for",
                found,
                [added.id: "7"]
            )
        }
        let none = try await snapshot.additions([], to: table)
        try expectEqual("of no columns nothing is said", none ?? [:], [:])
        let range = try await snapshot.range(of: table, by: reading.cursor, after: ["62", "2"], lookback: nil)
        let rows = try await snapshot.rows(of: table, as: table.schema, unfit: .text, in: range)
        let found = try await rows.pullAll().flatMap { $0 }.flatMap {
            ModelTable.rows(in: $0, of: table.schema.columns)
        }
        try expectEqual("rows come with a column that was added", Set(found.map { $0[3] }), ["7"])
        await snapshot.close()
        await reading.source.close()
    }

    /// A place is only said where what is below it is seen by a snapshot that is taken later.
    private func openWritersHoldAPlaceBack() async throws {
        let reading = try await reading(SampleTable(name, ids: 0..<10))
        let row = SampleTable.Row(id: 1000, note: "late", amount: 5)
        guard let commit = try await harness.openWriter(of: row, to: name) else { return await reading.source.close() }
        try expectEqual("a table that is written to has no place yet", try await reading.place(), nil)
        try await commit()
        try expectEqual("it has one when that is over", try await reading.place(), .at(["279", "9"]))
        await reading.source.close()
    }

    /// Rows come with values of the cursor that grow, and some a little too small.
    private func randomReadsMissNothing() async throws {
        let sample = SampleTable(name, ids: 0..<20)
        var random = SeededGenerator(seed: seed)
        let reading = try await reading(sample)
        var present = Dictionary(sample.rows.map { ($0.id, $0) }) { first, _ in first }
        var (copy, last) = (present, ["\(19 * 31)", "19"])
        var clock = 20 * 31
        for round in 0..<12 {
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                let changes = (0..<Int.random(in: 1..<8, using: &random)).map { _ in
                    clock += Int.random(in: 0..<3, using: &random)
                    let late = Int.random(in: 0..<lookback, using: &random)
                    let id = Int64.random(in: 0..<200, using: &random)
                    return SampleTable.Row(id: id, note: "\(clock)", amount: Int32(clock - late))
                }
                for row in changes { present[row.id] = row }
                try await harness.commit(changes.map { (name, .write($0)) })
            }
            guard case .at(let place)? = try await reading.place() else {
                throw ConformanceFailure(promise: "a table with rows has a place", found: "none, seed \(seed)")
            }
            let (_, rows) = try await reading.rows(after: last, lookback: .number(lookback + 2))
            try expectEqual("each row comes once", Set(rows.map(\.id)).count, rows.count)
            for row in rows { copy[row.id] = row }
            last = place
            try expect("no row is missed", copy == present, found: "others, round \(round), seed \(seed)")
        }
        await reading.source.close()
    }
}
