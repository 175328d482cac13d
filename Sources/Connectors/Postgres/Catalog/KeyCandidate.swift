/// A unique index that may tell a table's rows apart.
struct KeyCandidate: Sendable {
    var table: UInt32
    var index: String
    var isPrimary: Bool
    var isReplicaIdentity: Bool
    /// Whether it holds at every moment, and not only at the end of a transaction.
    var isImmediate: Bool
    /// Column numbers, in the index's order.
    var columns: [Int]
    /// Whether a row that comes anew finds the one it replaces at any destination: keys that are equal here are written
    /// alike, or in ways that a destination knows to be one.
    var isExact = true
}

extension KeyCandidate {
    /// From a row of ``CatalogQueries/keys``.
    init(_ cells: [String?]) throws {
        var row = ResultRow(cells)
        table = try row.number()
        index = try row.text()
        isPrimary = try row.flag()
        isReplicaIdentity = try row.flag()
        isImmediate = try row.flag()
        let count = try row.number(Int.self)
        // Columns that the index only carries along come after those that make it unique.
        columns = try row.text().split(separator: " ").prefix(count).compactMap { Int($0) }
        isExact = try row.flag()
    }

    /// The best of `candidates` for telling rows apart: the primary key, else the replica identity, else the one with
    /// the fewest columns, and of those the oldest.
    ///
    /// - Parameter usable: The numbers of columns that can be read and hold no null.
    static func best(of candidates: [Self], usable: Set<Int>) -> Self? {
        let usable = candidates.filter { key in
            (key.isPrimary || key.isImmediate) && key.columns.allSatisfy { usable.contains($0) }
        }
        return usable.first(where: \.isPrimary) ?? usable.first(where: \.isReplicaIdentity)
            ?? usable.min { $0.columns.count < $1.columns.count }
    }
}
