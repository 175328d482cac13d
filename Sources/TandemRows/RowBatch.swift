/// Rows of one table, column by column.
public struct RowBatch: Sendable {
    public var rowCount: Int
    /// In the order of the schema that was asked for.
    public var columns: [Column]
    /// Bytes the rows took on their way here, for progress.
    public var byteCount: Int

    public init(rowCount: Int, columns: [Column], byteCount: Int) {
        self.rowCount = rowCount
        self.columns = columns
        self.byteCount = byteCount
    }

    /// The most rows a batch holds: DuckDB's vector size, so that a batch fills one of its vectors.
    public static let rowLimit = 2048
    /// Bytes past which a batch takes no further row, so that wide rows do not make large batches.
    public static let byteLimit = 4 << 20
}
