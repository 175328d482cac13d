import TandemCore
import TandemRows

/// Asks the server about places in the order of a cursor.
struct CursorReading {
    let session: Session
    let table: CatalogTable
    let types: TypeMap

    /// The last place that rows have and that is no place in the future. In a transaction.
    func place(by numbers: [Int]) throws -> CursorPlace {
        let columns = try CursorColumn.read(numbers, of: table, types: types, in: session)
        let root = try CopyPlanner(session: session, table: table, schema: table.schema, types: types).root()
        if root.isReadAsByUser {
            // The policies show what is wanted, or the table would not be read.
            let security = session.capabilities.hasRowSecurity ? "SET LOCAL row_security = on; " : ""
            try session.execute(security + "SET LOCAL search_path TO DEFAULT")
        }
        let conditions =
            columns.map { "\($0.name) IS NOT NULL" } + columns.compactMap { $0.isReached(on: session.capabilities) }
        // Ordered within: behind a select list its texts would be what is put in order.
        let row = try session.query(
            """
            SELECT \(columns.map(\.text).joined(separator: ", ")) FROM (
              SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(root.from)
              WHERE \(conditions.joined(separator: " AND "))
              ORDER BY \(columns.map { "\($0.name) DESC" }.joined(separator: ", ")) LIMIT 1
            ) AS last
            """
        ).rows.first
        if root.isReadAsByUser { try session.execute("SET LOCAL search_path = \(ServerCapabilities.searchPath)") }
        guard let row else { return .start }
        return .at(row.compactMap(\.self))
    }

    /// Which rows are to be read after `last`.
    ///
    /// - Parameter wanted: The cursor's columns, with the types that values are to be of.
    func range(by wanted: [ColumnSchema], after last: [String], lookback: Lookback?) throws -> CursorRange {
        let columns = try CursorColumn.read(wanted.map(\.number), of: table, types: types, in: session)
        var lower = last
        if let lookback, let value = last.first, let start = columns.first?.start(of: lookback, before: value),
            let place = try session.query("SELECT \(start)").value
        {
            lower = [place]
        }
        let values = zip(lower, zip(columns, wanted)).compactMap { text, column in
            column.0.native.textDecoder(as: column.1.type)?.value(of: text)
        }
        return CursorRange(
            columns: wanted.map(\.id),
            lower: lower,
            values: values.count == lower.count ? values : []
        )
    }

    /// Conditions that each row of `range` meets exactly one of, each of which an index can serve.
    func conditions(for range: CursorRange) throws -> [String] {
        let lower = range.lower
        let columns = try CursorColumn.read(range.columns.map(\.number), of: table, types: types, in: session)
        let names = columns.prefix(lower.count).map(\.name).joined(separator: ", ")
        let values = lower.map(SQL.literal).joined(separator: ", ")
        let isNotLess = "OPERATOR(pg_catalog.>=)"
        let isAbove = lower.count == 1 ? "\(names) \(isNotLess) \(values)" : "(\(names)) \(isNotLess) (\(values))"
        let nulls = columns.filter { !$0.isNotNull }.map { "\($0.name) IS NULL" }
        guard !nulls.isEmpty else { return [isAbove] }
        let isNull = nulls.joined(separator: " OR ")
        return [isAbove, columns.count == 1 ? isNull : "(\(isNull)) AND (\(isAbove)) IS NOT TRUE"]
    }

    /// ``CursorSnapshot/additions(_:to:)``.
    func additions(_ columns: [ColumnSchema]) throws -> [ColumnID: Value]? {
        let version = session.capabilities.version
        let missing =
            version >= 110_000
            ? "CASE WHEN a.atthasmissing THEN pg_catalog.array_to_string(a.attmissingval, '') END" : "NULL"
        let identity = version >= 100_000 ? "a.attidentity <> ''" : "false"
        let question = """
            SELECT a.attnum, a.atttypid, a.atttypmod, \(missing),
              c.relkind NOT IN ('r', 'p') OR a.atthasdef OR a.attnotnull OR \(identity) OR t.typdefault IS NOT NULL,
              t.typcategory = 'A'
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum = ANY ($2::pg_catalog.int2[]) AND NOT a.attisdropped
            """
        let wanted = Dictionary(columns.map { ($0.number, $0) }) { first, _ in first }
        let list = "{" + columns.map(\.id.description).joined(separator: ",") + "}"
        let rows = try session.query(question, [String(table.schema.oid), list]).rows
        guard rows.count == columns.count else { return nil }
        var values: [ColumnID: Value] = [:]
        for cells in rows {
            var row = ResultRow(cells)
            let number: Int = try row.number()
            let native = types.native(try row.number(), modifier: try row.number())
            let text = try row.optional()
            let mayDiffer = try row.flag()
            let isList = try row.flag()
            guard text == nil ? !mayDiffer : !isList else { return nil }
            guard let text, let column = wanted[number] else { continue }
            guard let value = native.textDecoder(as: column.type)?.value(of: text) else { return nil }
            values[column.id] = value
        }
        return values
    }
}
