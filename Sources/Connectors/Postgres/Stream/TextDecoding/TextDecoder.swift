package import TandemRows

/// What the bytes of a cell mean when it arrives as text: as the output function of its type writes it in a session
/// with ``ServerCapabilities/outputSettings``.
///
/// Chosen once per column, by ``NativeType/textDecoder(as:)``. What comes of it equals what ``CellDecoder`` makes of
/// the same value.
package indirect enum TextDecoder: Hashable, Sendable {
    /// `t` and `f`, or `true` and `false`, as JSON has them.
    case bool
    case int16, int32, int64
    case float32, float64
    case decimal(precision: Int, scale: Int)
    /// The bytes are the value: text, JSON, and every type that has no column of its own.
    case text
    /// A boolean that becomes text: `t` or `f`, whichever way it is written.
    case boolText
    /// Hexadecimal digits, with `\x` before them or, as wal2json has them, without.
    case bytes
    /// Bytes that become text: the digits with `\x` before them.
    case bytesText
    case date, time, timeTZ, timestamp, timestampTZ, interval, uuid
    /// - Parameter delimiter: What stands between the elements.
    case list(TextDecoder, delimiter: UInt8)

    /// How the text of a value is read whose binary form `decoder` reads.
    init(_ decoder: CellDecoder, delimiter: UInt8) {
        self =
            switch decoder {
            case .bool: .bool
            case .int16: .int16
            case .int32: .int32
            case .int64, .oid: .int64
            case .float32: .float32
            case .float64: .float64
            case .decimal(let precision, let scale): .decimal(precision: precision, scale: scale)
            case .text, .jsonb: .text
            case .bytes: .bytes
            case .date: .date
            case .time: .time
            case .timeTZ: .timeTZ
            case .timestamp: .timestamp
            case .timestampTZ: .timestampTZ
            case .interval: .interval
            case .uuid: .uuid
            case .list(let element): .list(TextDecoder(element, delimiter: delimiter), delimiter: delimiter)
            }
    }
}

extension NativeType {
    /// How a cell that arrives as text becomes `wanted`: as ``reading(as:)`` has it. `nil` for every other type.
    package func textDecoder(as wanted: ColumnType) -> TextDecoder? {
        guard let reading = reading(as: wanted) else { return nil }
        return switch (wanted, type) {
        case (.text, .bool): .boolText
        case (.text, .bytes): .bytesText
        default: TextDecoder(reading.decoder, delimiter: textList?.delimiter ?? UInt8(ascii: ","))
        }
    }
}
