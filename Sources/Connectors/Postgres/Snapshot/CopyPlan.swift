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
    /// Functions and names in it mean what they mean to whoever reads it by hand. Nothing of what is asked for it
    /// depends on where names are looked up.
    let isReadAsByUser: Bool

    /// How much of a table one range covers.
    static let rangeBytes = 64 << 20
    /// Ranges are not made smaller than this to have work for every reader.
    static let leastRangeBytes = 4 << 20

    /// What is to be set for the statement, and undone after it.
    var settings: (before: [String], after: [String]) {
        var (before, after): ([String], [String]) = ([], [])
        if isReadThroughPolicies {
            before.append("SET LOCAL row_security = on")
            after.append("SET LOCAL row_security = off")
        }
        if isReadAsByUser {
            before.append("SET LOCAL search_path TO DEFAULT")
            after.append("SET LOCAL search_path = \(ServerCapabilities.searchPath)")
        }
        return (before, after)
    }

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
    /// Whether each of its values is written with digits of its own after the point.
    let isAnyDecimal: Bool

    /// How it is asked for.
    var expression: String { reading.expression(name) }
}

/// What the server says of a table, or of a leaf partition, that is to be read.
struct CopyRelation: Sendable {
    let oid: UInt32
    let name: TableName
    let kind: String
    /// The number of its storage as the snapshot shows it, which TRUNCATE and rewrites change.
    let storage: UInt32
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

    /// Functions and names in it mean what they mean to whoever reads it by hand.
    var isReadAsByUser: Bool { !isReadable || kind == "v" }

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
    ///   - pieces: Where given, conditions that cut each of them up, and not ranges of its pages. They mean the same
    ///     wherever names are looked up.
    ///   - section: Where given, the only pages that are wanted; `leaves` can be read by pages then.
    init(
        root: CopyRelation,
        leaves: [CopyRelation],
        columns: [ColumnReading],
        readers: Int,
        hasTIDRangeScan: Bool,
        hasRowSecurity: Bool = true,
        filter: String? = nil,
        pieces: [String]? = nil,
        section: HeapSection? = nil
    ) {
        let isReadByLeaf = root.isReadable && leaves.allSatisfy(\.isReadable)
        self.columns = columns
        // What a policy hides from a view is no row of the view.
        isReadThroughPolicies = hasRowSecurity && root.isReadAsByUser
        isReadAsByUser = root.isReadAsByUser && filter == nil
        if isReadByLeaf {
            let parts = section.map { $0.parts(of: leaves) } ?? leaves.map { ($0, 0, nil) }
            let total = parts.reduce(0) { $0 + $1.leaf.bytes(from: $1.start, to: $1.end) }
            let share = min(Self.rangeBytes, max(Self.leastRangeBytes, total / (2 * readers)))
            ranges = parts.flatMap { leaf, start, end in
                let pages =
                    hasTIDRangeScan && leaf.isHeap
                    ? Self.conditions(of: leaf, from: start, to: end, rangeBytes: share) : [nil]
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

    /// The conditions that divide pages of a relation, the last one open-ended for what was added since it was
    /// measured, where no end is given.
    private static func conditions(
        of leaf: CopyRelation,
        from start: Int,
        to end: Int?,
        rangeBytes: Int
    ) -> [String?] {
        let pages = max(1, rangeBytes / leaf.bytesPerPage)
        var starts = Array(stride(from: start, to: end ?? leaf.pages, by: pages))
        if starts.isEmpty { starts = [start] }
        let ends = starts.dropFirst().map(Optional.some) + [end]
        return zip(starts, ends).map { start, end in
            let bounds = [
                start == 0 ? nil : "ctid >= '(\(start),0)'",
                end.map { "ctid < '(\($0),0)'" },
            ].compactMap(\.self)
            return bounds.isEmpty ? nil : bounds.joined(separator: " AND ")
        }
    }
}

extension CopyRelation {
    var bytesPerPage: Int { max(1, bytes / max(1, pages)) }

    /// About how much lies in some of its pages.
    func bytes(from start: Int, to end: Int?) -> Int {
        start == 0 && end == nil ? bytes : max(0, (end ?? pages) - start) * bytesPerPage
    }
}

extension HeapSection {
    /// Which pages of which of `leaves` it is.
    fileprivate func parts(of leaves: [CopyRelation]) -> [(leaf: CopyRelation, start: Int, end: Int?)] {
        let known = Dictionary(leaves.map { ($0.oid, $0) }) { first, _ in first }
        return stretches.compactMap { stretch in known[stretch.relation].map { ($0, stretch.start, stretch.end) } }
    }
}
