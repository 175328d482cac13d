public import TandemRows

/// How many rows a table has, and the sum of their numbers modulo 2^64, in whatever order they come.
///
/// A database takes it over its own rows, so that these two numbers travel
/// instead of them. Equal rows give the same sum in every database that can
/// take it; different rows another one, but for chance (one in 2^64).
///
/// A row's number is the first eight bytes of an MD5, the first of them
/// highest, over the row's text in UTF-8. That text is the texts of its cells
/// in the order of the schema, with a comma between two. A null has the empty
/// text, and no value has. The text of a value is, by its ``ColumnType``:
///
/// - `bool`: `1` or `0`.
/// - `int16`, `int32`, `int64`: its decimal digits, after `-` where it is below zero.
/// - `decimal`: the same, with a point before the last `scale` digits where the scale is not zero, and a digit before
///   the point at least.
/// - `date`, `time`, `timestamp`, `timestampTZ`: the whole number that ``ColumnType`` says a column holds for it
///   (days or microseconds, infinities included), as an integer's.
/// - `uuid`: 32 digits in lower case, in groups of 8, 4, 4, 4 and 12 with `-` between.
/// - `text`: the number of its bytes in UTF-8, `:`, and the text itself, up to ``inlineLimit`` bytes; `#` and the
///   MD5 of those bytes, as 32 digits in lower case, beyond.
/// - `json`, `bytes`: the MD5 of its bytes, as 32 digits in lower case.
///
/// So a row's text can be read in one way only. Other types have no text that
/// is the same everywhere, and no sum is taken of tables that hold them.
public struct TableSum: Hashable, Sendable {
    public var rows: Int
    public var checksum: UInt64

    public init(rows: Int = 0, checksum: UInt64 = 0) {
        self.rows = rows
        self.checksum = checksum
    }

    /// The longest text that stands in its row's text as it is, in bytes.
    public static let inlineLimit = 128

    /// Whether every column's type has a text, so that a sum can be taken.
    public static func covers(_ schema: TableSchema) -> Bool {
        schema.columns.allSatisfy { column in
            switch column.type {
            case .bool, .int16, .int32, .int64, .decimal, .text, .json, .bytes, .date, .time, .timestamp, .timestampTZ,
                .uuid:
                true
            case .float32, .float64, .timeTZ, .interval, .list: false
            }
        }
    }

    public static func + (a: TableSum, b: TableSum) -> TableSum {
        TableSum(rows: a.rows + b.rows, checksum: a.checksum &+ b.checksum)
    }
}

extension TableSum {
    /// From what a database answered: the count, and the sum of the numbers as integers of any size, or none where
    /// there are no rows. `nil` where that is not what it answered.
    public init?(rows: String?, sum: String?) {
        guard let rows = rows.flatMap({ Int($0) }), let sum = Int128(sum ?? "0") else { return nil }
        self.init(rows: rows, checksum: UInt64(truncatingIfNeeded: sum))
    }
}
