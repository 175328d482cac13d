import TandemRows

/// What Postgres knows tables by (`pg_class.oid`), and columns (`pg_attribute.attnum`): numbers, inside of this
/// connector.
extension TableID {
    /// 0, which no table has, for what is none.
    var oid: UInt32 { UInt32(description) ?? 0 }
}

extension TableSchema {
    var oid: UInt32 { id.oid }
}

extension ColumnSchema {
    var number: Int { id.number }
}

extension ColumnID {
    /// 0, which no column has, for what is none.
    var number: Int { Int(description) ?? 0 }
}

extension Dictionary where Key == UInt32 {
    var byTable: [TableID: Value] { Dictionary<TableID, Value>(uniqueKeysWithValues: map { (TableID($0), $1) }) }
}

extension Dictionary where Key == ColumnID {
    var byNumber: [Int: Value] { Dictionary<Int, Value>(map { ($0.number, $1) }) { first, _ in first } }
}

extension Dictionary where Key == Int {
    var byColumn: [ColumnID: Value] { Dictionary<ColumnID, Value>(uniqueKeysWithValues: map { (ColumnID($0), $1) }) }
}
