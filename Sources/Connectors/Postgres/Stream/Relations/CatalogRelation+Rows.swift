import TandemRows

extension CatalogRelation {
    /// From the rows of ``RelationCatalog/relation(_:)``: one for each column, and what is the table's in all of them.
    init(first: [String?], rows: [[String?]]) throws {
        var row = ResultRow(first)
        name = TableName(schema: try row.text(), table: try row.text())
        identity = try row.text().utf8.first.flatMap(StreamRelation.Identity.init)
        root = try row.optionalNumber()
        next = try row.number()
        let next = next
        keys = try (row.optional() ?? "").split(separator: ",").map(Self.key)
        columns = try rows.compactMap { try Self.column($0, before: next) }
    }

    private static func column(_ cells: [String?], before next: UInt64) throws -> Column? {
        var row = ResultRow(cells)
        for _ in 0..<6 { _ = try row.optional() }
        // A table without any column.
        guard let number = try row.optionalNumber(Int.self) else { return nil }
        return Column(
            number: number,
            name: try row.text(),
            type: try row.number(),
            modifier: try row.number(),
            typeName: try row.text(),
            isNotNull: try row.flag(),
            isDropped: try row.flag(),
            writer: RelationCatalog.full(try row.number(), before: next),
            hasDefault: try row.flag(),
            isGenerated: try row.flag(),
            missing: try row.optional(),
            maySelect: try row.flag()
        )
    }

    private static func key(_ text: Substring) throws -> KeyCandidate {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, let count = Int(parts[3]) else { throw UnreadableCell() }
        return KeyCandidate(
            table: 0,
            index: "",
            isPrimary: parts[0] == "t",
            isReplicaIdentity: parts[1] == "t",
            isImmediate: parts[2] == "t",
            columns: parts[4].split(separator: " ").prefix(count).compactMap { Int($0) }
        )
    }
}
