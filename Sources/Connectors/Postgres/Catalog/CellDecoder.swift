/// What the bytes of a cell mean when it arrives in Postgres' binary format.
///
/// Each case is the layout of one `…_send` function of the server.
package indirect enum CellDecoder: Hashable, Sendable {
    case bool
    case int16, int32, int64
    /// Four bytes without a sign, which become an int64.
    case oid
    case float32, float64
    case decimal(precision: Int, scale: Int)
    /// The bytes are the value, in the client's encoding: text, JSON.
    case text
    /// A version byte, 1, and then the JSON text.
    case jsonb
    case bytes
    case date, time, timeTZ, timestamp, timestampTZ, interval, uuid
    case list(CellDecoder)
}
