/// Numbers that stand for rows, so that two copies of a table can be compared without sorting or joining them.
///
/// Equal rows have equal numbers wherever they are read, because only types
/// and values count. Different rows have different ones but for chance (one in
/// 2^64); the function is not meant to withstand someone who looks for
/// collisions.
public enum RowHash {
    /// One number per row over `columns`, which are indexes into the batch's columns.
    public static func hashes(of batch: RowBatch, columns: some Sequence<Int>) -> [UInt64] {
        var hashes = [UInt64](repeating: seed, count: batch.rowCount)
        for index in columns { fold(batch.columns[index], into: &hashes) }
        return hashes
    }

    private static let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let null: UInt64 = 0xA5A3_5625_7A1C_6E4B

    /// Mixes `value` into `hash` so that order matters: the high and low halves of a 128-bit product, folded.
    @inline(__always)
    private static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
        let product = (hash ^ value).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return (product.high ^ product.low) &+ hash.bigRotated
    }

    private static func fold(_ column: Column, into hashes: inout [UInt64]) {
        let validity = column.validity
        @inline(__always) func each(_ value: (Int) -> UInt64) {
            for row in hashes.indices {
                let isNull = validity.map { !$0[row] } ?? false
                hashes[row] = mix(hashes[row], isNull ? null : value(row))
            }
        }
        switch column.storage {
        case .bool(let values): each { values[$0] ? 1 : 0 }
        case .int16(let values): each { UInt64(bitPattern: Int64(values[$0])) }
        case .int32(let values): each { UInt64(bitPattern: Int64(values[$0])) }
        case .int64(let values): each { UInt64(bitPattern: values[$0]) }
        case .int128(let values):
            each { mix(UInt64(truncatingIfNeeded: values[$0] >> 64), UInt64(truncatingIfNeeded: values[$0])) }
        case .float32(let values): each { UInt64(values[$0].bitPattern) }
        case .float64(let values): each { values[$0].bitPattern }
        case .interval(let values):
            each {
                let value = values[$0]
                let parts = UInt64(UInt32(bitPattern: value.months)) << 32 | UInt64(UInt32(bitPattern: value.days))
                return mix(parts, UInt64(bitPattern: value.microseconds))
            }
        case .bytes(let views): each { hash(views[$0]) }
        case .list(let offsets, let values):
            var elements = [UInt64](repeating: seed, count: offsets.last ?? 0)
            fold(values, into: &elements)
            each { row in
                let range = offsets[row]..<offsets[row + 1]
                return elements[range].reduce(mix(~seed, UInt64(range.count)), mix)
            }
        }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var result = mix(seed, UInt64(bytes.count))
        var at = 0
        while at + 8 <= bytes.count {
            result = mix(result, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
            at += 8
        }
        guard at < bytes.count else { return result }
        var rest: UInt64 = 0
        while at < bytes.count {
            rest = rest << 8 | UInt64(bytes[at])
            at += 1
        }
        return mix(result, rest)
    }
}

extension UInt64 {
    /// The halves mixed by a rotation, so that a factor of zero does not erase what came before.
    fileprivate var bigRotated: UInt64 { self << 29 | self >> 35 }
}
