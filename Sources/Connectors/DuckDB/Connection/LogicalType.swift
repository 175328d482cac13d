import CDuckDB
import TandemRows

/// A DuckDB type.
// Unchecked because it never changes.
final class LogicalType: @unchecked Sendable {
    let handle: duckdb_logical_type?

    init(_ handle: duckdb_logical_type?) { self.handle = handle }

    deinit {
        var handle = handle
        duckdb_destroy_logical_type(&handle)
    }

    /// Whether values of `type` are laid out as this one wants them.
    func holds(_ type: ColumnType) -> Bool {
        defer { withExtendedLifetime(self) {} }
        let number = duckdb_get_type_id(handle)
        switch type {
        case .decimal(let precision, let scale):
            return number == DUCKDB_TYPE_DECIMAL && duckdb_decimal_width(handle) == precision
                && duckdb_decimal_scale(handle) == scale
        case .list(let element):
            return number == DUCKDB_TYPE_LIST && LogicalType(duckdb_list_type_child_type(handle)).holds(element)
        case .bool: return number == DUCKDB_TYPE_BOOLEAN
        case .int16: return number == DUCKDB_TYPE_SMALLINT
        case .int32: return number == DUCKDB_TYPE_INTEGER
        case .int64: return number == DUCKDB_TYPE_BIGINT
        case .float32: return number == DUCKDB_TYPE_FLOAT
        case .float64: return number == DUCKDB_TYPE_DOUBLE
        case .text, .json: return number == DUCKDB_TYPE_VARCHAR
        case .bytes: return number == DUCKDB_TYPE_BLOB
        case .date: return number == DUCKDB_TYPE_DATE
        case .time: return number == DUCKDB_TYPE_TIME
        case .timeTZ: return number == DUCKDB_TYPE_TIME_TZ
        case .timestamp: return number == DUCKDB_TYPE_TIMESTAMP
        case .timestampTZ: return number == DUCKDB_TYPE_TIMESTAMP_TZ
        case .interval: return number == DUCKDB_TYPE_INTERVAL
        case .uuid: return number == DUCKDB_TYPE_UUID
        }
    }
}
