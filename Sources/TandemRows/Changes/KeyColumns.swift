/// Tells rows apart by the bytes of their cells in some columns.
///
/// Null equals null, and neither empty nor ``TupleBuffer/Cell/absent``.
struct KeyColumns {
    let columns: [Int]

    /// A number that rows with equal keys share; others differ but for chance, so that any of its bits will do.
    func hash(_ row: UnsafePointer<TupleBuffer.Cell>, in base: UnsafeRawPointer) -> UInt32 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for column in columns { hash = Self.fold(row[column], in: base, into: hash) }
        return UInt32(truncatingIfNeeded: hash >> 32)
    }

    func areEqual(
        _ one: UnsafePointer<TupleBuffer.Cell>,
        _ other: UnsafePointer<TupleBuffer.Cell>,
        in base: UnsafeRawPointer
    ) -> Bool {
        for column in columns where !Self.isEqual(one[column], other[column], in: base) { return false }
        return true
    }

    func isAnyAbsent(_ row: UnsafePointer<TupleBuffer.Cell>) -> Bool {
        for column in columns where row[column].length == TupleBuffer.Cell.absent.length { return true }
        return false
    }

    @inline(__always)
    private static func isEqual(_ one: TupleBuffer.Cell, _ other: TupleBuffer.Cell, in base: UnsafeRawPointer) -> Bool {
        guard one.length == other.length else { return false }
        guard one.length > 0 && one.start != other.start else { return true }
        let (left, right) = (base + Int(one.start), base + Int(other.start))
        let count = Int(one.length)
        guard count >= 8 else {
            for at in 0..<count where byte(left, at) != byte(right, at) { return false }
            return true
        }
        var at = 0
        while at + 8 < count {
            guard word(left, at) == word(right, at) else { return false }
            at += 8
        }
        return word(left, count - 8) == word(right, count - 8)
    }

    /// Eight bytes at a time, the last ones overlapping those before, as wyhash does it.
    @inline(__always)
    private static func fold(_ cell: TupleBuffer.Cell, in base: UnsafeRawPointer, into hash: UInt64) -> UInt64 {
        let length = UInt64(truncatingIfNeeded: cell.length)
        guard cell.length > 0 else { return mix(hash ^ length, 0xA5A3_5625_7A1C_6E4B) }
        let bytes = base + Int(cell.start)
        let count = Int(cell.length)
        guard count >= 8 else {
            let rest: UInt64
            if count >= 4 {
                let (first, last) = (half(bytes, 0), half(bytes, count - 4))
                rest = first << 32 | last
            } else {
                rest = byte(bytes, 0) << 16 | byte(bytes, count >> 1) << 8 | byte(bytes, count - 1)
            }
            return mix(hash ^ rest, length ^ 0xD6E8_FEB8_6659_FD93)
        }
        var hash = hash
        var at = 0
        while at + 8 < count {
            hash = mix(hash ^ word(bytes, at), 0xD6E8_FEB8_6659_FD93)
            at += 8
        }
        return mix(hash ^ word(bytes, count - 8), length ^ 0xD6E8_FEB8_6659_FD93)
    }

    /// The halves of a 128-bit product, folded.
    @inline(__always)
    private static func mix(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return (product.high ^ product.low) &+ (one << 29 | one >> 35)
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawPointer, _ at: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    }

    @inline(__always)
    private static func half(_ bytes: UnsafeRawPointer, _ at: Int) -> UInt64 {
        UInt64(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    }

    @inline(__always)
    private static func byte(_ bytes: UnsafeRawPointer, _ at: Int) -> UInt64 {
        UInt64(bytes.load(fromByteOffset: at, as: UInt8.self))
    }
}
