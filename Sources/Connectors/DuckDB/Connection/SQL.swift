import TandemCore
import TandemRows

/// Text for statements that cannot take it as a bound value.
enum SQL {
    static func identifier(_ name: String) -> String { "\"" + name.replacing(bytes: "\"", with: "\"\"") + "\"" }
    static func literal(_ text: String) -> String { "'" + text.replacing(bytes: "'", with: "''") + "'" }

    /// DuckDB ignores the case of A to Z in the names of schemas, tables and columns.
    static let folding = NameFolding.caseInsensitive

    /// The same for two names exactly if DuckDB takes them for one.
    static func fold(_ name: TableName) -> TableName { folding.fold(name) }

    /// ``fold(_:)`` as one text, which ``folded(_:_:)`` makes of a name in a table.
    static func foldedText(_ name: TableName) -> String {
        folding.fold(identifier(name.schema) + "." + identifier(name.table))
    }

    /// The condition that the text `a` is the same name as `b`.
    static func areSame(_ a: String, _ b: String) -> String { "\(folded(a)) = \(folded(b))" }

    /// The expression for what ``foldedText(_:)`` makes of a name in two columns.
    static func folded(_ schema: String, _ table: String) -> String {
        func quoted(_ column: String) -> String { "'\"' || replace(\(column), '\"', '\"\"') || '\"'" }
        return folded("\(quoted(schema)) || '.' || \(quoted(table))")
    }

    private static func folded(_ expression: String) -> String {
        "translate(\(expression), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
    }

    /// What a table of ours consists of, in parentheses.
    static func definition(_ schema: TableSchema) -> String {
        let columns = schema.columns.map { identifier($0.name) + " " + $0.type.sql }
        let list = columns.isEmpty ? [identifier(noColumns) + " BOOLEAN"] : columns
        return "(" + (list + [WarehouseCatalog.constraint]).joined(separator: ", ") + ")"
    }

    /// The column of a table that has none at its source: always null, there for its rows to be counted.
    static let noColumns = "_tandem_no_columns"
}

extension ColumnType {
    /// The type as DuckDB writes it.
    var sql: String {
        switch self {
        case .bool: "BOOLEAN"
        case .int16: "SMALLINT"
        case .int32: "INTEGER"
        case .int64: "BIGINT"
        case .float32: "FLOAT"
        case .float64: "DOUBLE"
        case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
        case .text: "VARCHAR"
        case .json: "JSON"
        case .bytes: "BLOB"
        case .date: "DATE"
        case .time: "TIME"
        case .timeTZ: "TIMETZ"
        case .timestamp: "TIMESTAMP"
        case .timestampTZ: "TIMESTAMPTZ"
        case .interval: "INTERVAL"
        case .uuid: "UUID"
        case .list(let element): element.sql + "[]"
        }
    }

    /// The type as DuckDB lists it in its catalog.
    var listedSQL: String {
        switch self {
        case .timeTZ: "TIME WITH TIME ZONE"
        case .timestampTZ: "TIMESTAMP WITH TIME ZONE"
        case .list(let element): element.listedSQL + "[]"
        default: sql
        }
    }
}
