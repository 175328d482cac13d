import Synchronization
public import TandemCore
public import TandemRows

/// What a source's own tests provide so that the suite can run against it.
public protocol SourceHarness: Sendable {
    /// A source whose database holds `tables` and nothing else in their schemas.
    func makeSource(holding tables: [SampleTable]) async throws -> any Source
    /// Makes these changes, one after another and in one transaction, to tables that ``makeSource(holding:)`` made.
    func commit(_ changes: [(table: TableName, change: SampleChange)]) async throws
    /// A source whose database holds a table of an `id`, which is its key, and a `value`, in the row 1 a value that
    /// fits its type. `nil` where every value does.
    func makeSource(holdingUnfit table: TableName) async throws -> (any Source)?
    /// Adds a row to that table with a value that does not fit, and has another that is nearest to it.
    func writeUnfit(_ id: Int64, to table: TableName) async throws
    /// Adds a column of whole numbers to a table, and `value` to its rows.
    ///
    /// - Returns: `false` where tables get no columns.
    func addColumn(_ name: String, holding value: Int32, to table: TableName) async throws -> Bool
    /// What reads a table in the source's own language; `nil` where it answers no queries.
    func statement(reading table: TableName) -> String?
}

/// Every promise of ``Source``, but for what its snapshots, its logs and its cursor reader promise.
public struct SourceConformance<Harness: SourceHarness>: Sendable {
    private let harness: Harness
    private let name: TableName
    private let limit: Duration

    /// - Parameters:
    ///   - schema: Where the suite's tables are.
    ///   - limit: How long one check may take.
    public init(_ harness: Harness, schema: String = "public", within limit: Duration = .conformance) {
        self.harness = harness
        self.limit = limit
        name = TableName(schema: schema, table: "conformance")
    }

    /// Runs the suite.
    ///
    /// - Throws: ``ConformanceFailure`` for the first promise that is not kept.
    public func run() async throws {
        let checks: Checks = [
            "catalogListsTables": catalogListsTables,
            "missingTablesAreFindings": missingTablesAreFindings,
            "originStaysTheSame": originStaysTheSame,
            "answersComeInParts": answersComeInParts,
            "setupIsPrintedUnlessItIsToBeApplied": setupIsPrintedUnlessItIsToBeApplied,
        ]
        try await checks.run(within: limit)
    }

    private func catalogListsTables() async throws {
        let sample = SampleTable(name, ids: 0..<10)
        let source = try await harness.makeSource(holding: [sample])
        let found = try await source.table(name)
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

    private func missingTablesAreFindings() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: 0..<10)])
        let found = await source.check(TableUses(read: [name]))
        try expect(
            "nothing is wrong with a table that can be read",
            !found.contains { $0.severity == .error },
            found: "\(found)"
        )
        let missing = TableName(schema: name.schema, table: "is_not_there")
        let findings = await source.check(TableUses(read: [name, missing]))
        try expect("a table that is not there is a finding", findings.contains { $0.severity == .error })
        await source.close()
    }

    private func answersComeInParts() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: 0..<5000)])
        guard let statement = harness.statement(reading: name) else { return await source.close() }
        let whole = try await source.query(statement)
        try expectEqual("an answer has its columns", whole.columns, ["id", "note", "amount"])
        try expectEqual("an answer has a type for each of them", whole.types.count, 3)
        try expectEqual("an answer has every row", whole.rows.count, 5000)
        let parts = Atomic(0)
        try await source.query(statement) { part in
            parts.add(1, ordering: .relaxed)
            return false
        }
        try expectEqual("no more comes than is wanted", parts.load(ordering: .relaxed), 1)
        await source.close()
        let empty = try await harness.makeSource(holding: [SampleTable(name, ids: [])])
        let nothing = try await empty.query(statement)
        try expectEqual("an answer without rows has its columns", nothing.columns, ["id", "note", "amount"])
        try expectEqual("an answer without rows has none", nothing.rows.count, 0)
        await empty.close()
    }

    private func setupIsPrintedUnlessItIsToBeApplied() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: 0..<10)])
        let script = try await source.setup(SetupRequest(schemas: [name.schema]))
        try expect("what is not to be run is printed only", !script.applied)
        try expect("each statement has its reason", script.steps.allSatisfy { !$0.sql.isEmpty && !$0.comment.isEmpty })
        await source.close()
    }

    private func originStaysTheSame() async throws {
        let source = try await harness.makeSource(holding: [SampleTable(name, ids: 0..<10)])
        let origins = [try await source.origin(), try await source.origin()]
        try expectEqual("a database stays the same", origins[0], origins[1])
        let snapshot = try await source.snapshot(readers: 1)
        if let origin = origins[0] {
            try expectEqual("a snapshot tells its database as its source does", snapshot.moment.origin, origin)
        }
        await snapshot.close()
        await source.close()
    }
}

extension Source {
    /// A table that a suite has made.
    func table(_ name: TableName) async throws -> CatalogTable {
        let found = try await catalog().tables.first { $0.schema.name == name }
        guard let found else { throw ConformanceFailure(promise: "the catalog lists every table", found: "no \(name)") }
        return found
    }
}
