import TandemRows

/// What the catalog says of a table now, which may be later than what the stream tells of.
struct CatalogRelation: Sendable {
    struct Column: Sendable {
        var number: Int
        var name: String
        var type: UInt32
        var modifier: Int32
        /// As `format_type` writes it.
        var typeName: String
        var isNotNull: Bool
        var isDropped: Bool
        /// The transaction that wrote its line of the catalog last: made, changed or dropped it.
        var writer: UInt64 = 0
        /// Whether new rows get something else than null in it where nothing is said.
        var hasDefault: Bool
        var isGenerated: Bool
        /// What rows hold that were there before it was added, as text.
        var missing: String?
        var maySelect: Bool
    }

    var name: TableName
    /// How the server tells the rows that are updated or deleted apart.
    var identity: StreamRelation.Identity?
    /// Every one there ever was, in the order of their numbers.
    var columns: [Column] = []
    var keys: [KeyCandidate] = []
    /// The table it is a partition of, at whatever depth.
    var root: UInt32?
    /// Transactions from this one on may be under way.
    var next: UInt64 = 0

    /// The columns that come with updates and deletes. `nil` where all do, or none.
    var replicatedKey: [Int]? {
        switch identity {
        case .key: keys.first { $0.isPrimary && $0.isImmediate }?.columns
        case .index: keys.first(where: \.isReplicaIdentity)?.columns
        case .full, .nothing, nil: nil
        }
    }

    /// The number of a transaction of about now with its epoch, which the stream leaves out.
    func full(_ xid: UInt32) -> UInt64 {
        let ahead = Int32(truncatingIfNeeded: Int64(xid) - Int64(truncatingIfNeeded: next))
        return UInt64(max(0, Int64(clamping: next) + Int64(ahead)))
    }

    func column(_ number: Int) -> Column? {
        let column = columns.first { $0.number == number }
        return column?.isDropped == true ? nil : column
    }

    /// Whether each row has values of its own in `numbers`, none of them null.
    func isKey(_ numbers: Set<Int>) -> Bool {
        keys.contains { $0.isImmediate && Set($0.columns) == numbers }
            && numbers.allSatisfy { column($0)?.isNotNull == true }
    }
}
