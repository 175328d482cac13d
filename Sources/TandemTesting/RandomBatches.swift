public import TandemRows

/// Batches of random rows of any schema, the same ones for the same seed.
///
/// Every type gives its extremes often: least and greatest values, infinities,
/// NaN, empty and long strings, lists with nulls. The slots of null rows hold
/// rubbish, as they may. A key of one int64 column counts from zero, so that
/// rows can be told apart.
public struct RandomBatches: Sendable {
    public let schema: TableSchema
    private var values: RandomValues
    private var rowCount: Int64 = 0

    /// - Parameters:
    ///   - nulls: The share of values that are null.
    ///   - longest: The length of the longest strings, in bytes; a few are as long.
    public init(_ schema: TableSchema, seed: UInt64, nulls: Double = 0.1, longest: Int = 100_000) {
        self.schema = schema
        values = RandomValues(seed: seed, nulls: nulls, longest: longest)
    }

    /// One of each type, of decimals one of each width, and lists of some of them.
    public static let types: [ColumnType] = {
        let simple: [ColumnType] = [
            .bool, .int16, .int32, .int64, .float32, .float64, .decimal(precision: 4, scale: 2),
            .decimal(precision: 9, scale: 0), .decimal(precision: 18, scale: 4), .decimal(precision: 38, scale: 38),
            .text,
            .json, .bytes, .date, .time, .timeTZ, .timestamp, .timestampTZ, .interval, .uuid,
        ]
        return simple + simple.map { .list($0) } + [.list(.list(.text)), .list(.list(.list(.int32)))]
    }()

    /// A table with a key `id` and a column of each of `types`, named by its number and type.
    public static func schema(_ name: TableName, of types: [ColumnType] = types) -> TableSchema {
        let columns = types.enumerated().map { index, type in
            ColumnSchema(name: "c\(index) \(type)", type: type, nativeType: "\(type)", id: ColumnID(index + 2))
        }
        let key = ColumnSchema(name: "id", type: .int64, nativeType: "bigint", id: 1)
        return TableSchema(name: name, id: 1, columns: [key] + columns, identity: [0])
    }

    /// The next `rows` rows, in as many batches as they take.
    public mutating func batches(rows: Int) -> [RowBatch] {
        var left = rows
        var batches: [RowBatch] = []
        while left > 0 {
            let count = min(left, Int.random(in: 1...RowBatch.rowLimit, using: &values.generator))
            batches.append(batch(rows: count))
            left -= count
        }
        return batches
    }

    public mutating func batch(rows: Int) -> RowBatch {
        var columns: [Column] = []
        for index in schema.columns.indices { columns.append(column(index, rows: rows)) }
        rowCount += Int64(rows)
        return RowBatch(rowCount: rows, columns: columns, byteCount: rows * columns.count)
    }

    private mutating func column(_ index: Int, rows: Int) -> Column {
        guard schema.identity != [index] || schema.columns[index].type != .int64 else {
            return Column(storage: .int64(Array(rowCount..<rowCount + Int64(rows))))
        }
        return values.column(of: schema.columns[index].type, rows: rows)
    }
}
