import TandemRows

/// How a table is read: what is asked for, in which pieces.
struct CopyPlan: Sendable {
    /// A piece of a table that is read at once.
    struct Range: Sendable {
        /// The table or partition it belongs to, by OID.
        let relation: UInt32
        /// Its rows, as they are named behind FROM.
        let rows: String
        /// The same rows in the same order whenever it is read in this snapshot.
        let isRepeatable: Bool
    }

    let ranges: [Range]
    let columns: [ColumnReading]
    /// Row-level security applies, and what it shows is what is wanted.
    let isReadThroughPolicies: Bool

    /// How much of a table one range covers.
    static let rangeBytes = 64 << 20
    /// Ranges are not made smaller than this to have work for every reader.
    static let leastRangeBytes = 4 << 20

    /// The statement that sends the rows of `range`.
    func copy(_ range: Range) -> String {
        let list = columns.map(\.expression).joined(separator: ", ")
        return "COPY (SELECT \(list) FROM \(range.rows)) TO STDOUT (FORMAT binary)"
    }
}

/// A column of a table that is to be read.
struct ColumnReading: Sendable {
    /// Quoted.
    let name: String
    /// By OID, of a domain its own.
    let type: UInt32
    let reading: CellReading

    /// How it is asked for.
    var expression: String { reading.expression(name) }
}

/// What the server says of a table, or of a leaf partition, that is to be read.
struct CopyRelation: Sendable {
    let oid: UInt32
    let name: TableName
    let kind: String
    /// Its heap, in pages.
    let pages: Int
    /// With what is kept beside the heap, for large values.
    let bytes: Int
    /// It lies in pages that can be read one range at a time.
    let isHeap: Bool
    /// The current user may read the wanted columns of it directly, and sees every row.
    let isReadable: Bool
    /// Nobody has truncated or rewritten it since the snapshot.
    let isUnchanged: Bool
    /// Its rows lie in the chunks of TimescaleDB, and are read through it.
    let isHypertable: Bool

    /// What stands behind FROM. Tables that inherit from it are tables of their own, unless they are chunks.
    var from: String { (kind == "r" && !isHypertable ? "ONLY " : "") + SQL.name(name) }
}

extension CopyPlan {
    /// Cuts `leaves`, or where they cannot be read themselves the table as a whole, into ranges.
    ///
    /// - Parameters:
    ///   - root: The table that was asked for.
    ///   - leaves: Where its rows lie: itself, or its leaf partitions.
    ///   - filter: A condition that rows must meet, if there is one.
    ///   - pieces: Where given, conditions that cut each of them up, and not ranges of its pages.
    init(
        root: CopyRelation,
        leaves: [CopyRelation],
        columns: [ColumnReading],
        readers: Int,
        hasTIDRangeScan: Bool,
        filter: String? = nil,
        pieces: [String]? = nil
    ) {
        let isReadByLeaf = root.isReadable && leaves.allSatisfy(\.isReadable)
        self.columns = columns
        isReadThroughPolicies = !root.isReadable
        if isReadByLeaf {
            let total = leaves.reduce(0) { $0 + $1.bytes }
            let share = min(Self.rangeBytes, max(Self.leastRangeBytes, total / (2 * readers)))
            ranges = leaves.flatMap { leaf in
                let pages = Self.conditions(of: leaf, rangeBytes: share, hasTIDRangeScan: hasTIDRangeScan)
                return (pieces.map { $0.map(Optional.some) } ?? pages).map { condition in
                    Range(
                        relation: leaf.oid,
                        rows: leaf.from + Self.behind([condition, filter]),
                        isRepeatable: leaf.isHeap && pieces == nil
                    )
                }
            }
        } else {
            // A partition that may not be read itself may still be read through its root.
            ranges = (pieces.map { $0.map(Optional.some) } ?? [nil]).map { condition in
                Range(relation: root.oid, rows: root.from + Self.behind([condition, filter]), isRepeatable: false)
            }
        }
    }

    private static func behind(_ conditions: [String?]) -> String {
        let conditions = conditions.compactMap(\.self)
        return conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    }

    /// The conditions that divide a relation, the last one open-ended for what was added since it was measured.
    private static func conditions(of leaf: CopyRelation, rangeBytes: Int, hasTIDRangeScan: Bool) -> [String?] {
        guard hasTIDRangeScan, leaf.isHeap, leaf.pages > 0 else { return [nil] }
        let bytesPerPage = max(1, leaf.bytes / leaf.pages)
        let pages = max(1, rangeBytes / bytesPerPage)
        let starts = Array(stride(from: 0, to: leaf.pages, by: pages))
        guard starts.count > 1 else { return [nil] }
        return starts.map { start in
            let lower = "ctid >= '(\(start),0)'"
            guard start != starts.last else { return lower }
            return (start == 0 ? "" : lower + " AND ") + "ctid < '(\(start + pages),0)'"
        }
    }
}
