import TandemCore
import TandemRows

/// What tables consist of in a snapshot. Where several are asked for it is found out for all at once: the question
/// takes the server longer to plan than to answer.
struct KnownExtents {
    private var asked = 0
    private var known: [UInt32: TableExtent] = [:]
    private var isWhole = false

    /// Tables that are asked for one by one.
    private static let single = 4

    /// Whether the next question is to be for all tables.
    var isForAll: Bool { asked > Self.single && !isWhole }

    /// What is known of the table `id`. Nobody asks for it twice.
    mutating func next(_ id: UInt32) -> TableExtent? {
        asked += 1
        return known.removeValue(forKey: id)
    }

    mutating func add(_ found: [UInt32: TableExtent], isAll: Bool) {
        guard isAll else { return }
        (known, isWhole) = (found, true)
    }

    /// - Parameter id: The only table wanted, `nil` for all.
    static func read(_ id: UInt32?, _ session: Session) throws -> [UInt32: TableExtent] {
        let question = """
            SELECT c.oid, pg_catalog.array_to_string(pg_catalog.array_agg(a.attnum), ' ')
            FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_attribute a
              ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND (c.oid = $1::pg_catalog.oid OR $1 IS NULL AND c.oid >= 16384)
            GROUP BY c.oid
            """
        let columns = try session.query(question, [id.map(String.init)]).rows
        let parts = try Partitions(session).all(of: id)
        let definitions = try Definitions(session).all(only: id.map { [$0] })
        var found: [UInt32: TableExtent] = [:]
        for cells in columns {
            var row = ResultRow(cells)
            let table: UInt32 = try row.number()
            let numbers = try row.text().split(separator: " ").compactMap { Int($0) }
            let marks = (parts[table] ?? []).map { ($0.id, $0.mark) }
            found[table] = TableExtent(
                columns: Set(numbers.map { ColumnID($0) }),
                parts: Dictionary(marks) { first, _ in first },
                definition: definitions[table]
            )
        }
        return found
    }
}
