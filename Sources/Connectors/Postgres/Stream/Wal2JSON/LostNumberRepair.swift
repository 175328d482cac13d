import TandemRows

/// Puts back what wal2json before 2.6 writes as null: NaN and infinities, which the source is asked for by the rows' keys.
///
/// It answers as of now, so of each row only what is NaN or infinite by now is taken. What such a value was replaced
/// by since comes with a change that is still to be read, and with it what stands here as null until then.
struct LostNumberRepair {
    let catalog: RelationCatalog
    let query: RelationCatalog.Query

    /// - Throws: ``NeedsCopy`` for a table without a key that has such values; what asking the source throws.
    func restore(_ net: inout NetTuples, of table: TableSchema) throws {
        let lossy = table.columns.indices.filter { LostNumbers.isLossy(table.columns[$0].nativeType) }
        guard !lossy.isEmpty else { return }
        var source: Source?
        if table.identity.isEmpty, (net.removed + net.deleted.map(\.rows)).contains(where: { !doubtful($0, lossy).isEmpty }) {
            throw NeedsCopy("a row that went may have had NaN or infinity, which this wal2json writes as null")
        }
        for index in net.written.indices {
            try restore(&net.written[index], keys: table.identity, lossy, table, &source)
        }
        for index in net.patched.indices {
            try restore(&net.patched[index].rows, keys: table.identity, lossy, table, &source)
        }
    }

    /// The table as it is called now.
    private struct Source {
        var name: TableName
        /// What columns are called, by number.
        var columns: [Int: String]
    }

    private func find(_ table: TableSchema) throws -> Source? {
        guard let relation = try catalog.relation(table.id) else { return nil }
        let names = relation.columns.filter { !$0.isDropped }.map { ($0.number, SQL.identifier($0.name)) }
        return Source(name: relation.name, columns: Dictionary(names) { first, _ in first })
    }

    /// The rows that have a null in one of these columns.
    private func doubtful(_ rows: TupleBuffer, _ lossy: [Int]) -> [Int] {
        (0..<rows.rowCount).filter { row in
            lossy.contains { column in rows.withCells(of: column) { cells, _ in cells[row] == .null } }
        }
    }

    private func restore(
        _ rows: inout TupleBuffer,
        keys: [Int],
        _ lossy: [Int],
        _ table: TableSchema,
        _ source: inout Source?
    ) throws {
        let texts = rows
        func text(_ row: Int, _ column: Int) -> String? {
            texts.withCells(of: column) { cells, bytes in
                guard cells[row].length >= 0 else { return nil }
                let start = bytes + Int(cells[row].start)
                return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(cells[row].length)), as: UTF8.self)
            }
        }
        let doubtful = doubtful(rows, lossy)
        guard !doubtful.isEmpty else { return }
        if source == nil { source = try find(table) }
        guard let source else { return }
        let asked = lossy.filter { source.columns[table.columns[$0].id] != nil }
        let key = keys.compactMap { source.columns[table.columns[$0].id] }
        guard !asked.isEmpty, key.count == keys.count else { return }
        let values = asked.compactMap { source.columns[table.columns[$0].id] }.map { "t.\($0)::pg_catalog.text" }
        let isLost = values.map { "\($0) IN ('NaN', 'Infinity', '-Infinity')" }.joined(separator: " OR ")
        guard !keys.isEmpty else {
            let sql = "SELECT EXISTS (SELECT FROM \(SQL.name(source.name)) t WHERE \(isLost))"
            guard try query(sql, []).value == "t" else { return }
            throw NeedsCopy("a value may be NaN or infinite, which this wal2json writes as null, and it has no key")
        }
        let known = doubtful.filter { row in keys.allSatisfy { text(row, $0) != nil } }
        let lists = keys.map { column in
            "{" + known.map { Self.quoted(text($0, column) ?? "") }.joined(separator: ",") + "}"
        }
        let places = keys.indices.map { "k\($0)" }
        let arrays = keys.indices.map { "pg_catalog.unnest($\($0 + 1)::pg_catalog.text[])" }.joined(separator: ", ")
        let joined = keys.indices.map { "t.\(key[$0]) = u.k\($0)::\(table.columns[keys[$0]].nativeType)" }
        let sql = """
            SELECT u.i, \(values.joined(separator: ", "))
            FROM ROWS FROM (\(arrays)) WITH ORDINALITY AS u (\(places.joined(separator: ", ")), i)
              JOIN \(SQL.name(source.name)) t ON \(joined.joined(separator: " AND "))
            WHERE (\(isLost)) AND (t.tableoid = \(table.id)::pg_catalog.oid OR EXISTS (
              SELECT FROM pg_catalog.pg_class c WHERE c.oid = \(table.id)::pg_catalog.oid AND c.relkind = 'p'))
            """
        var found: [Int: [Int: String]] = [:]
        for cells in try query(sql, lists).rows {
            guard let place = cells[0].flatMap({ Int($0) }), known.indices.contains(place - 1) else { continue }
            for (column, value) in zip(asked, cells.dropFirst()) {
                guard let value, Self.lost.contains(value) else { continue }
                found[known[place - 1], default: [:]][column] = value
            }
        }
        if !found.isEmpty { rows = Self.rows(texts, with: found) }
    }

    private static let lost: Set<String> = ["NaN", "Infinity", "-Infinity"]

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// `rows` with `values` in the place of nulls, by row and column.
    private static func rows(_ rows: TupleBuffer, with values: [Int: [Int: String]]) -> TupleBuffer {
        var made = TupleBuffer(columnCount: rows.columnCount)
        var tuple: [UInt8] = []
        for row in 0..<rows.rowCount {
            tuple.removeAll(keepingCapacity: true)
            var places: [TupleBuffer.Cell] = []
            for column in 0..<rows.columnCount {
                rows.withCells(of: column) { cells, bytes in
                    let cell = cells[row]
                    let start = UInt32(tuple.count)
                    if cell.length >= 0 {
                        let text = UnsafeRawBufferPointer(start: bytes + Int(cell.start), count: Int(cell.length))
                        tuple.append(contentsOf: text)
                        places.append(TupleBuffer.Cell(start: start, length: cell.length))
                    } else if cell == .null, let value = values[row]?[column] {
                        tuple.append(contentsOf: value.utf8)
                        places.append(TupleBuffer.Cell(start: start, length: Int32(value.utf8.count)))
                    } else {
                        places.append(cell)
                    }
                }
            }
            tuple.withUnsafeBytes { bytes in
                made.append(bytes) { start, cells in
                    for (column, place) in places.enumerated() {
                        let isValue = place.length >= 0
                        cells[column * RowBatch.rowLimit] =
                            isValue ? TupleBuffer.Cell(start: start + place.start, length: place.length) : place
                    }
                }
            }
        }
        return made
    }
}
