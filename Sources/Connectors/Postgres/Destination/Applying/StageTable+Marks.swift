import TandemCore

/// Rows that are marked as deleted, and stay.
extension StageTable {
    static let deletedAt = SQL.identifier(MetadataColumns.deletedAtName)
    static let syncedAt = SQL.identifier(MetadataColumns.syncedAtName)

    var keepsDeleted: Bool { metadataColumns.contains(.deletedAt) }
    /// Whether it notes when a row is written.
    var syncs: Bool { metadataColumns.contains(.syncedAt) }

    /// Goes behind a condition, so that it holds for rows `t` only which are not marked.
    var isThere: String { keepsDeleted ? " AND t.\(Self.deletedAt) IS NULL" : "" }

    private func marking(_ time: String) -> String {
        "\(Self.deletedAt) = coalesce(\(time), pg_catalog.now())"
            + (syncs ? ", \(Self.syncedAt) = pg_catalog.now()" : "")
    }

    /// Marks all rows that are not marked.
    ///
    /// - Parameter time: Seconds since 1970; now where that is not known.
    func markingAll(_ time: Double?) -> String {
        let time = time.map { "pg_catalog.to_timestamp(\($0))" } ?? "NULL"
        return "UPDATE ONLY \(quotedTarget) t SET \(marking(time)) WHERE true\(isThere)"
    }

    /// Marks rows that were copied in as deleted, by their keys.
    ///
    /// - Parameter filter: What holds of the staged rows `s` that it is about.
    func markingKeys(where filter: String = "true") -> String {
        """
        UPDATE ONLY \(quotedTarget) t SET \(marking("s.d")) FROM \(name) s
        WHERE s.o = \(Kind.deleted.rawValue) AND \(isKey(of: "t", in: "s"))\(isThere) AND \(filter)
        """
    }

    /// Marks the rows that were copied in as deleted.
    var marking: String {
        guard key.isEmpty else { return markingKeys() }
        let staged = target.types.indices.map { value(column($0), $0) }.joined(separator: ", ")
        let stored = target.types.indices.map { "t.\(targetColumn($0))" }.joined(separator: ", ")
        return """
            WITH gone AS MATERIALIZED (
              SELECT ROW(\(staged))::text AS image, array_agg(s.d ORDER BY s.d) AS times FROM \(name) s
              WHERE s.o = \(Kind.deleted.rawValue) GROUP BY 1
            ), found AS (
              SELECT t.ctid AS place, g.times, pg_catalog.row_number() OVER (PARTITION BY g.image) AS number
              FROM ONLY \(quotedTarget) t JOIN gone g ON ROW(\(stored))::text = g.image WHERE true\(isThere)
            )
            UPDATE ONLY \(quotedTarget) t SET \(marking("f.times[f.number]")) FROM found f
            WHERE t.ctid = f.place AND f.number <= pg_catalog.array_length(f.times, 1)
            """
    }
}

extension MetadataColumns {
    /// A condition that rows meet which are not marked as deleted; `nil` where none is.
    var isThere: String? { contains(.deletedAt) ? "\(StageTable.deletedAt) IS NULL" : nil }
}
