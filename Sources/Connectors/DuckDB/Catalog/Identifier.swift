import TandemRows

/// How DuckDB compares names.
package enum Identifier {
    /// What is the same for two names exactly if DuckDB takes them for one: it ignores the case of A to Z, in the
    /// names of schemas, tables and columns alike.
    package static func fold(_ name: String) -> String {
        String(decoding: name.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    /// The same for a table's whole name.
    static func fold(_ name: TableName) -> String { fold(SQL.identifier(name.schema) + "." + SQL.identifier(name.table)) }
}
