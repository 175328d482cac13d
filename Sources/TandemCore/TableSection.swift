public import TandemRows

/// A stretch of a table's rows that can be read by itself, and as of another moment than the others.
public struct TableSection: Hashable, Sendable, Codable {
    /// Where it lies, as only its source understands. Another text where the table was stored anew since.
    public var place: String
    /// About how much there is of it.
    public var bytes: Int

    public init(place: String, bytes: Int) {
        self.place = place
        self.bytes = bytes
    }
}

extension Snapshot {
    public func sections(
        of table: CatalogTable,
        as schema: TableSchema,
        continuing earlier: [TableSection]
    ) async throws -> [TableSection] { [] }

    public func rows(
        of table: CatalogTable,
        as schema: TableSchema,
        unfit: UnfitPolicy,
        in section: TableSection
    ) async throws -> any TableRows {
        try await rows(of: table, as: schema, unfit: unfit)
    }
}
