import TandemCore
import TandemRows

/// The ``TableSum`` of a table, taken by DuckDB's own threads.
struct RowSum {
    private let name: TableName
    private let session: Session
    private let schema: TableSchema
    private let metadataColumns: MetadataColumns

    init(of name: TableName, as schema: TableSchema, metadataColumns: MetadataColumns, in session: Session) {
        self.name = name
        self.metadataColumns = metadataColumns
        self.schema = schema
        self.session = session
    }

    /// `nil` where a type has no text that is the same everywhere, rows need more memory than is allowed, or this
    /// version of DuckDB cannot.
    ///
    /// - Parameter present: The columns that the table has; `nil` where it is gone.
    func total(_ present: [WarehouseCatalog.Column]?) throws -> TableSum? {
        var cells: [String] = []
        for column in schema.columns {
            guard let cell = Self.text(of: SQL.identifier(column.name), column.type) else { return nil }
            cells += cells.isEmpty ? [cell] : ["','", cell]
        }
        try WarehouseCatalog.expect(schema, of: name, among: present)
        let row = cells.isEmpty ? "''" : "concat(\(cells.joined(separator: ", ")))"
        let number = "('0x' || left(md5(\(row)), 16))::UBIGINT"
        do {
            let answer = try session.texts(
                "SELECT count(*)::VARCHAR, sum(\(number))::VARCHAR FROM \(session.quoted(name))"
                    + (metadataColumns.isThere.map { " WHERE \($0)" } ?? ""),
                to: "sum up \(name)"
            ).first
            return answer.flatMap { TableSum(rows: $0[0], sum: $0[1]) }
        } catch DuckDBError.outOfMemory, DuckDBError.failed {
            return nil
        }
    }

    /// A cell's text as ``TableSum`` defines it; null of a null, which `concat` passes over.
    private static func text(of column: String, _ type: ColumnType) -> String? {
        switch type {
        case .bool: "\(column)::TINYINT"
        case .int16, .int32, .int64, .uuid: column
        // Without digits before the point none is written there.
        case .decimal(let precision, let scale): precision == scale ? "replace(\(column)::VARCHAR, '.', '0.')" : column
        case .text:
            """
            CASE WHEN strlen(\(column)) <= \(TableSum.inlineLimit) THEN concat(strlen(\(column)), ':', \(column)) \
            ELSE '#' || md5(\(column)) END
            """
        case .json: "md5(\(column)::VARCHAR)"
        case .bytes: "md5(\(column))"
        case .date:
            """
            CASE \(column) WHEN 'infinity'::DATE THEN \(Int32.max) WHEN '-infinity'::DATE THEN \(-Int32.max) \
            ELSE \(column) - DATE '1970-01-01' END
            """
        case .time: "epoch_us(\(column))"
        case .timestamp: moment(column, "TIMESTAMP")
        case .timestampTZ: moment(column, "TIMESTAMPTZ")
        case .float32, .float64, .timeTZ, .interval, .list: nil
        }
    }

    private static func moment(_ column: String, _ type: String) -> String {
        """
        CASE \(column) WHEN 'infinity'::\(type) THEN \(Int64.max) WHEN '-infinity'::\(type) THEN \(-Int64.max) \
        ELSE epoch_us(\(column)) END
        """
    }
}

extension MetadataColumns {
    /// A condition that rows meet which are not marked as deleted; `nil` where none is.
    var isThere: String? { contains(.deletedAt) ? "\(SQL.identifier(Self.deletedAtName)) IS NULL" : nil }
}
