public import TandemCore
public import TandemRows

/// A snapshot whose rows go through a test's hands.
public struct InterceptedSnapshot: Snapshot {
    private let snapshot: any Snapshot
    private let intercept: @Sendable (any TableRows, TableName) -> any TableRows

    public init(
        _ snapshot: any Snapshot,
        rows intercept: @escaping @Sendable (any TableRows, TableName) -> any TableRows
    ) {
        self.snapshot = snapshot
        self.intercept = intercept
    }

    public var moment: Moment { snapshot.moment }
    public var readers: Int { snapshot.readers }
    public var notes: [String] { snapshot.notes }
    public func close() async { await snapshot.close() }
    public func extent(of table: CatalogTable) async throws -> TableExtent? { try await snapshot.extent(of: table) }
    public func awaitDurability() async throws { try await snapshot.awaitDurability() }

    public func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy
    ) async throws -> any TableRows {
        intercept(try await snapshot.rows(of: table, as: schema, unfit: unfit), table.schema.name)
    }

    public func sections(
        of table: CatalogTable,
        as schema: TableSchema,
        continuing earlier: [TableSection]
    ) async throws -> [TableSection] {
        try await snapshot.sections(of: table, as: schema, continuing: earlier)
    }

    public func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in section: TableSection
    ) async throws -> any TableRows {
        intercept(try await snapshot.rows(of: table, as: schema, unfit: unfit, in: section), table.schema.name)
    }
}
