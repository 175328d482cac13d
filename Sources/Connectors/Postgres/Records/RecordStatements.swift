import TandemCore
import TandemRows

/// The statements by which records are read and written.
///
/// Values come as arrays, one for each column, and which of them a row was made of is told by a number that goes
/// through the statement: rows come back in whatever order. All names of ours begin with `_tandem_`, so that a
/// condition of the user's finds but the columns of the table.
struct RecordStatements {
    let table: RecordTable

    init(_ table: RecordTable) { self.table = table }

    private func own(_ column: RecordColumn) -> String { "\(table.name).\(column.name)" }

    /// What is asked of each record: its number among what was given, its version, when it was changed, whether it is
    /// in scope, its key and its fields. Read by ``RecordReader``.
    ///
    /// - Parameter isRead: It was there before: a transaction that is under way has no time yet.
    func answer(numbering number: String = "0::pg_catalog.int8", isRead: Bool = false) -> String {
        let own = "\(table.name).xmin"
        let xmin = isRead || !table.isPartitioned ? own : "'0'::pg_catalog.xid"
        let time = isRead && table.tellsTimes ? "pg_catalog.pg_xact_commit_timestamp(\(own))" : "NULL::timestamptz"
        let scope = table.shape.scope.map { "((\n\($0)\n) IS TRUE)" } ?? "true"
        let columns = (table.key + table.fields).map { $0.reading.expression(self.own($0)) }
        return ([number, xmin, time, scope] + columns).joined(separator: ", ")
    }

    /// Where the columns of the record begin in it.
    static let answerHead = 4

    // MARK: Reading

    /// Those whose `columns` have one of the lists of values that are given.
    func selection(by columns: [RecordColumn]) -> String {
        "SELECT \(answer(isRead: true)) FROM \(table.name) WHERE \(condition(columns))"
    }

    private func condition(_ columns: [RecordColumn]) -> String {
        if columns.count == 1, let column = columns.first {
            return "\(own(column)) = ANY (($1)::\(column.type)[])"
        }
        let own = columns.map(own).joined(separator: ", ")
        let given = columns.enumerated().map { $1.cast("_tandem_u._tandem_k\($0)") }.joined(separator: ", ")
        return "(\(own)) IN (SELECT \(given) FROM \(unnested(columns)))"
    }

    private func unnested(_ columns: [RecordColumn]) -> String {
        let names = columns.indices.map { "_tandem_k\($0)" }.joined(separator: ", ")
        return "\(Self.parameters(columns.count)) AS _tandem_u(\(names))"
    }

    /// The first parameters side by side, each of them an array.
    private static func parameters(_ count: Int) -> String {
        "ROWS FROM (\((1...max(1, count)).map { "pg_catalog.unnest($\($0))" }.joined(separator: ", ")))"
    }

    /// The first records behind a key, in its order.
    func page(isFirst: Bool, limit: Int) -> String {
        let own = table.key.map(own).joined(separator: ", ")
        let place = table.key.enumerated().map { $1.cast("($\($0 + 1))[1]") }.joined(separator: ", ")
        let condition = isFirst ? "" : " WHERE (\(own)) > (\(place))"
        return "SELECT \(answer(isRead: true)) FROM \(table.name)\(condition) ORDER BY \(own) LIMIT \(limit)"
    }

    // MARK: Writing

    /// `_tandem_u`: keys, versions, and the values of `fields`, numbered from one.
    private func expected(_ fields: [RecordColumn] = []) -> String {
        let keys = table.key.indices.map { "_tandem_k\($0)" }
        let values = fields.indices.map { "_tandem_f\($0)" }
        let names = keys + ["_tandem_x"] + values
        return """
            \(Self.parameters(names.count)) WITH ORDINALITY AS _tandem_u(\(names.joined(separator: ", ")), _tandem_o)
            """
    }

    private var isSame: String {
        table.key.enumerated().map { "\(own($1)) = \($1.cast("_tandem_u._tandem_k\($0)"))" }.joined(separator: " AND ")
    }

    private var isExpected: String { "\(isSame) AND \(table.name).xmin = _tandem_u._tandem_x" }

    func update(_ fields: [RecordColumn]) -> String {
        let values = fields.enumerated().map { "\($1.name) = \($1.cast("_tandem_u._tandem_f\($0)"))" }
        return """
            UPDATE \(table.name) SET \(values.joined(separator: ", ")) FROM \(expected(fields)) WHERE \(isExpected) \
            RETURNING \(answer(numbering: "_tandem_u._tandem_o"))
            """
    }

    var deletion: String {
        "DELETE FROM \(table.name) USING \(expected()) WHERE \(isExpected) RETURNING _tandem_u._tandem_o"
    }

    /// The numbers of those that are as they are expected.
    var unchanged: String { "SELECT _tandem_u._tandem_o FROM \(expected()) JOIN \(table.name) ON \(isExpected)" }

    /// The numbers of those that nobody else has in use, which are locked by it.
    func lock(forUpdate: Bool) -> String {
        let strength = forUpdate ? "FOR UPDATE" : "FOR NO KEY UPDATE"
        return "\(unchanged) \(strength) OF \(table.bareName) SKIP LOCKED"
    }

    /// Rows that an insert without `MERGE` makes at once.
    static let insertLimit = 32

    /// Inserts one row for each that is given.
    ///
    /// `INSERT … SELECT … RETURNING` does not say which row was made of what. `MERGE` does, from 17 on; before, each
    /// row is inserted by an INSERT of its own, ``insertLimit`` of them in one statement.
    func insertion(_ fields: [RecordColumn]) -> String {
        let names = fields.map(\.name).joined(separator: ", ")
        let values = fields.enumerated().map { $1.cast("_tandem_u._tandem_f\($0)") }.joined(separator: ", ")
        let given = fields.indices.map { ", _tandem_f\($0)" }.joined()
        // The first one is there for rows of nothing but defaults.
        let source = """
            \(Self.parameters(fields.count + 1)) WITH ORDINALITY AS _tandem_u(_tandem_n\(given), _tandem_o)
            """
        if table.canMerge {
            return """
                MERGE INTO \(table.name) USING \(source) ON false WHEN NOT MATCHED THEN INSERT \
                \(fields.isEmpty ? "DEFAULT VALUES" : "(\(names)) VALUES (\(values))") \
                RETURNING \(answer(numbering: "_tandem_u._tandem_o"))
                """
        }
        let parts = (1...Self.insertLimit).map { number in
            let rows =
                fields.isEmpty
                ? "SELECT FROM _tandem_u WHERE _tandem_o = \(number)"
                : "(\(names)) SELECT \(values) FROM _tandem_u WHERE _tandem_o = \(number)"
            let answer = answer(numbering: "\(number)::pg_catalog.int8")
            return "_tandem_w\(number) AS (INSERT INTO \(table.name) \(rows) RETURNING \(answer))"
        }
        let all = (1...Self.insertLimit).map { "SELECT * FROM _tandem_w\($0)" }.joined(separator: " UNION ALL ")
        return "WITH _tandem_u AS (SELECT * FROM \(source)), \(parts.joined(separator: ", ")) \(all)"
    }
}
