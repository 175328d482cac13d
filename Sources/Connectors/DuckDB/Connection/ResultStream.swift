import CDuckDB
import TandemRows

/// What a query answers, chunk by chunk, so that memory does not grow with it.
// Unchecked because DuckDB lets any thread fetch, and whoever shares it lets one at a time.
final class ResultStream: @unchecked Sendable {
    let columnCount: Int
    private let statement: Statement
    private let action: String
    private var result: duckdb_result

    init(_ result: duckdb_result, of statement: Statement, action: String) {
        self.result = result
        self.statement = statement
        self.action = action
        columnCount = Int(duckdb_column_count(&self.result))
    }

    deinit { duckdb_destroy_result(&result) }

    /// The types of the columns, to be handed to ``RowFeed``.
    var columnTypes: [LogicalType] {
        defer { withExtendedLifetime(self) {} }
        return (0..<columnCount).map { LogicalType(duckdb_column_logical_type(&result, idx_t($0))) }
    }

    /// The next rows, or `nil` after the last.
    func next() throws -> ResultChunk? {
        defer { withExtendedLifetime(self) {} }
        while let handle = duckdb_fetch_chunk(result) {
            let chunk = ResultChunk(handle)
            if chunk.rowCount > 0 { return chunk }
        }
        guard let reason = duckdb_result_error(&result), reason.pointee != 0 else { return nil }
        throw statement.session.failure(&result, action)
    }
}

/// Some rows of a result.
// Unchecked because it is only read.
final class ResultChunk: @unchecked Sendable {
    let rowCount: Int
    private let handle: duckdb_data_chunk

    init(_ handle: duckdb_data_chunk) {
        self.handle = handle
        rowCount = Int(duckdb_data_chunk_get_size(handle))
    }

    deinit {
        var handle: duckdb_data_chunk? = handle
        duckdb_destroy_data_chunk(&handle)
    }

    /// Column `index`, whose DuckDB type must be `type.sql`.
    func column(_ index: Int, as type: ColumnType) -> Column { column(index, as: type, rows: 0..<rowCount) }

    func column(_ index: Int, as type: ColumnType, rows: Range<Int>) -> Column {
        defer { withExtendedLifetime(self) {} }
        return VectorReader(duckdb_data_chunk_get_vector(handle, idx_t(index))).column(of: rows, as: type)
    }

    /// Bytes that the strings of column `index` take.
    func byteCount(_ index: Int, as type: ColumnType) -> Int {
        defer { withExtendedLifetime(self) {} }
        return VectorReader(duckdb_data_chunk_get_vector(handle, idx_t(index))).byteCount(rows: rowCount, as: type)
    }
}
