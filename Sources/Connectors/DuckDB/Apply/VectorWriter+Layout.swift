import TandemRows

extension VectorWriter {
    /// Whether `column` can be written as `type`, as ``write(_:as:rows:to:)`` finds out when it does: for rows that are
    /// to be held until then.
    static func accepts(_ column: Column, as type: ColumnType, rows: Int) -> Bool {
        if let validity = column.validity, validity.count < rows { return false }
        guard case .list(let offsets, let values) = column.storage else {
            return valueCount(of: column.storage, as: type).map { $0 >= rows } ?? false
        }
        guard case .list(let element) = type, offsets.count > rows, offsets.first == 0 else { return false }
        let ends = offsets[...rows]
        return zip(ends, ends.dropFirst()).allSatisfy { $0 <= $1 } && accepts(values, as: element, rows: offsets[rows])
    }

    /// How many values there are; `nil` where they are not laid out as `type` is, or one ends past its bytes.
    private static func valueCount(of storage: Column.Storage, as type: ColumnType) -> Int? {
        switch (storage, type) {
        case (.bool(let values), .bool): values.count
        case (.int16(let values), .int16), (.int16(let values), .decimal(...4, _)): values.count
        case (.int32(let values), .int32), (.int32(let values), .date), (.int32(let values), .decimal(5...9, _)):
            values.count
        case (.int64(let values), .int64), (.int64(let values), .time), (.int64(let values), .timeTZ),
            (.int64(let values), .timestamp), (.int64(let values), .timestampTZ),
            (.int64(let values), .decimal(10...18, _)):
            values.count
        case (.int128(let values), .uuid), (.int128(let values), .decimal(19..., _)): values.count
        case (.float32(let values), .float32): values.count
        case (.float64(let values), .float64): values.count
        case (.interval(let values), .interval): values.count
        case (.bytes(let bytes), .text), (.bytes(let bytes), .json), (.bytes(let bytes), .bytes):
            bytes.views.allSatisfy { Int($0.start) + Int($0.length) <= bytes.storage.count } ? bytes.views.count : nil
        default: nil
        }
    }
}
