public import TandemCore
public import TandemRows

/// What a source's own tests provide so that the suite can run against it.
public protocol SourceHarness: Sendable {
    /// A source whose database holds `tables` and nothing else in their schemas.
    func makeSource(holding tables: [SampleTable]) async throws -> any Source
    /// Makes these changes, one after another and in one transaction, to tables that ``makeSource(holding:)`` made.
    func commit(_ changes: [(table: TableName, change: SampleChange)]) async throws
}

/// Every promise of ``Source``, but for what its snapshots, its logs and its cursor reader promise.
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
        try await missingTablesAreFindings()
        try await originStaysTheSame()
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
