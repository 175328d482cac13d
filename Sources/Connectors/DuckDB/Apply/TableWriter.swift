import TandemCore
import TandemRows

/// Writes changes to the rows of one table, in an open transaction.
///
/// Rows go straight from the source's batches into the statements that need
/// them. Only rows that keep values of those they replace are put together in
/// a temporary table first.
struct TableWriter {
    let table: TargetTable
    let session: Session
    let feed: RowFeed

    private static let patchedTable = "\"temp\".\"main\".\"tandem_patched\""

    var target: String { session.quoted(table.name) }

    /// - Returns: By how many rows the table has grown.
    func write(_ changes: NetChanges) throws -> Int { try keepingAdded(changes) { try replace(changes) } }

    private func replace(_ changes: NetChanges) throws -> Int {
        var growth = 0
        if changes.isEmptied { growth -= try empty(at: changes.emptiedAt) }
        if let bound = changes.removedFrom { growth -= try remove(bound) }
        let patched = changes.patched.filter { $0.rows.rowCount > 0 }
        if !patched.isEmpty { try fill(patched) }
        try mark(changes.deleted)
        growth -= try remove(changes.removed)
        if !patched.isEmpty {
            growth -= try removeReplaced()
            growth += try session.run(
                "INSERT INTO \(target) (\(table.columnList)) SELECT \(valueList) FROM \(Self.patchedTable)",
                [],
                to: "write to \(table.name)"
            )
            try session.run("DROP TABLE \(Self.patchedTable)", to: "clear up")
        }
        return growth + (try insert(changes.written))
    }

    private var valueList: String { table.columns.indices.map { "c\($0)" }.joined(separator: ", ") }

    /// Runs `sql` with `rows` for its table function, and returns how many rows it changed.
    ///
    /// Not all of them need be asked for: a join whose other side turns out to be empty ends before that.
    func run(_ sql: String, with rows: FedRows, to action: String) throws -> Int {
        let schema = TableSchema(name: table.name, columns: rows.columns, identity: [])
        var changed = 0
        let delivery = RowFeed.Delivery(rows: BatchRows(rows.batches, schema: schema), types: rows.types)
        _ = try feed.deliver(delivery) { changed = try session.run(sql, [], to: action) }
        return changed
    }

    private func insert(_ batches: [RowBatch]) throws -> Int {
        let rows = FedRows(batches, of: table)
        guard rows.count > 0 else { return 0 }
        let stored = try run(
            "INSERT INTO \(target) (\(table.columnList)) FROM \(feed.name)()",
            with: rows,
            to: "write to \(table.name)"
        )
        guard stored == rows.count else {
            throw DuckDBError.miscounted(table.name, sent: rows.count, stored: stored)
        }
        return stored
    }

    private func remove(_ batches: [RowBatch]) throws -> Int {
        let rows = FedRows(batches, of: table, columns: table.key)
        guard rows.count > 0 else { return 0 }
        guard !table.identity.isEmpty else { return try removeEqual(rows) }
        let conditions = table.identity.enumerated().map { position, index in
            // An equality that nulls take part in costs more.
            let sign = rows.hasNulls(position) ? "IS NOT DISTINCT FROM" : "="
            return isKey(index, "kept", equal: sign, to: "gone.c\(position)")
        }
        return try run(
            "DELETE FROM \(target) AS kept USING \(feed.name)() AS gone WHERE \(conditions.joined(separator: " AND "))",
            with: rows,
            to: "remove rows of \(table.name)"
        )
    }

    /// The condition that column `index` of `row`, a part of the key, is `value`.
    func isKey(_ index: Int, _ row: String, equal sign: String, to value: String) -> String {
        let column = table.columns[index]
        return "\(column.keyed("\(row).\(SQL.identifier(column.name))")) \(sign) \(column.keyed(value))"
    }

    private func remove(_ bound: RowBound) throws -> Int {
        let condition = bound.condition {
            SQL.identifier(table.columns[$0].name)
        } literal: { value, index in
            SQL.literal(value, as: table.columns[index].type) ?? "NULL"
        }
        return try session.run("DELETE FROM \(target) WHERE \(condition)", [], to: "remove rows of \(table.name)")
    }

    /// Removes for each row one that is the same.
    private func removeEqual(_ rows: FedRows) throws -> Int {
        try withRowNumbers { numbering in
            let places = "SELECT place FROM (\(equalRows("count(*)", numbering))) WHERE ordinal <= count"
            return try run(
                "DELETE FROM \(target) WHERE rowid IN (\(places))",
                with: rows,
                to: "remove rows of \(table.name)"
            )
        }
    }

    /// Calls `body`, whose statements say which row they mean by its number.
    func withRowNumbers<Value>(_ body: (RowNumbering) throws -> Value) throws -> Value {
        let numbering = try RowNumbering(of: table.name, in: session)
        return try numbering.reaching(in: session) { try body(numbering) }
    }

    /// The rows that are the same as those that are fed, each with its `place`, its `ordinal` among those that are
    /// alike and the `count` of what was fed of its kind.
    ///
    /// - Parameter count: An aggregate over what was fed.
    func equalRows(_ count: String, _ numbering: RowNumbering) -> String {
        func list(_ text: (Int) -> String) -> String { table.columns.indices.map(text).joined(separator: ", ") }
        let sent = list { "\(Self.distinctly("c\($0)", table.columns[$0].type)) AS c\($0)" }
        let isSame = table.columns.map { column in
            Self.distinctly("kept.\(SQL.identifier(numbering.column(column.name)))", column.type)
        }.enumerated().map { "\($1) IS NOT DISTINCT FROM gone.c\($0)" }.joined(separator: " AND ")
        return """
            SELECT kept.rowid AS place, gone.count AS count,
                row_number() OVER (PARTITION BY gone.number ORDER BY kept.rowid) AS ordinal
            FROM \(target) AS kept JOIN (
                SELECT *, row_number() OVER () AS number FROM (
                    SELECT \(list { "c\($0)" }), \(count) AS count
                    FROM (SELECT \(sent), * EXCLUDE (\(list { "c\($0)" })) FROM \(feed.name)())
                    GROUP BY \(list { "c\($0)" })
                )
            ) AS gone ON \(isSame)\(isThere("kept"))
            """
    }

    /// `value` so that what DuckDB takes for equal but is not the same differs.
    private static func distinctly(_ value: String, _ type: ColumnType) -> String {
        type.isLoose ? "\(value)::VARCHAR" : value
    }
}

extension ColumnType {
    /// Whether values are equal to DuckDB that are not the same: zero and minus zero, a month and thirty days.
    fileprivate var isLoose: Bool {
        switch self {
        case .float32, .float64, .interval: true
        case .list(let element): element.isLoose
        default: false
        }
    }
}

extension ColumnSchema {
    /// `value` of a key so that texts are the same which its source takes for equal: a number may end in zeros there,
    /// and a text of fixed length in blanks.
    func keyed(_ value: String) -> String {
        guard type == .text else { return value }
        switch nativeType {
        case "numeric":
            return "CASE WHEN contains(\(value), '.') THEN rtrim(rtrim(\(value), '0'), '.') ELSE \(value) END"
        case "bpchar": return "rtrim(\(value), ' ')"
        default: return value
        }
    }
}

// MARK: Rows that keep values

extension TableWriter {
    /// Puts `patched` together with what their rows keep.
    private func fill(_ patched: [PartialUpdates]) throws {
        let layout = try PatchedColumns(patched, of: table)
        let keys = table.identity.indices.map { "sent.c\($0) AS k\($0)" }
        let values = table.columns.enumerated().map { index, column in
            layout.value(index, from: "sent", old: "kept.\(SQL.identifier(column.name))") + " AS c\(index)"
        }
        let isReplaced = table.identity.enumerated().map { position, index in
            isKey(index, "kept", equal: "=", to: "sent.c\(position)")
        }
        let rows = FedRows(patched, of: table, layout)
        let found = try run(
            """
            CREATE TEMP TABLE \(Self.patchedTable) AS SELECT \((keys + values).joined(separator: ", "))
            FROM \(feed.name)() AS sent
            JOIN \(target) AS kept ON \(isReplaced.joined(separator: " AND "))\(isThere("kept"))
            """,
            with: rows,
            to: "read rows of \(table.name)"
        )
        guard found == rows.count else {
            throw TableMismatch(table.name, because: "a row that was changed is missing in the warehouse")
        }
    }

    private func removeReplaced() throws -> Int {
        let conditions = table.identity.enumerated().map { position, index in
            isKey(index, "kept", equal: "=", to: "gone.k\(position)")
        }
        return try session.run(
            "DELETE FROM \(target) AS kept USING \(Self.patchedTable) AS gone "
                + "WHERE \(conditions.joined(separator: " AND "))\(isThere("kept"))",
            [],
            to: "remove rows of \(table.name)"
        )
    }
}
