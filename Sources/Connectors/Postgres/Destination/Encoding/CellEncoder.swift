import TandemRows

/// How the cells of a column are written in Postgres' binary format.
///
/// Each case is the layout that one `…_recv` function of the server reads.
indirect enum CellEncoder: Hashable, Sendable {
    case bool
    case int16, int32, int64
    case float32, float64
    case decimal(precision: Int, scale: Int)
    /// A `numeric` given as the text its output function writes.
    case numericText
    /// The bytes are the value: text, `varchar(n)`, `json`, `bytea`.
    case bytes
    /// A version byte, 1, and then the JSON text.
    case jsonb
    case date, time, timeTZ, timestamp, interval, uuid
    /// - Parameter type: The OID of the elements' type, which the server compares with its own.
    case list(CellEncoder, type: UInt32)
}

/// Rows that cannot be written as what their table's columns are.
enum Unwritable: Error, Hashable {
    /// The values lie otherwise in memory than their type says.
    case layout
    /// A text that is no number, where a `numeric` is to be written.
    case number
    /// A value, or an array, above Postgres' limit of 1 GB.
    case tooLarge
}
