/// Hexadecimal digits, eight at a time.
enum HexDigits {
    /// The four bytes that eight digits write, the first of both in the lowest place. `nil` where one is no digit.
    @inline(__always)
    static func bytes(_ digits: UInt64) -> UInt32? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highest = ones << 7
        let lower = digits | ones << 5
        // The highest bit of each byte of a sum tells whether it is at least what 0x80 was lessened by.
        func reaches(_ bytes: UInt64, _ least: UInt64) -> UInt64 { bytes &+ ones &* (0x80 - least) }
        let isDecimal = reaches(digits, 0x30) & ~reaches(digits, 0x3A)
        let isLetter = reaches(lower, 0x61) & ~reaches(lower, 0x67)
        guard digits & highest == 0, (isDecimal | isLetter) & highest == highest else { return nil }
        // Letters have bit 6 set, and their low bits count from one.
        let values = (digits & (ones &* 15)) &+ (digits >> 6 & ones) &* 9
        let pairs = (values << 4 | values >> 8) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: fours | fours >> 16)
    }

    /// Puts the bytes that `count` digits write into `target`.
    ///
    /// - Returns: Whether all were digits.
    static func copy(_ digits: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer) -> Bool {
        var at = 0
        while at + 8 <= count {
            let eight = UInt64(littleEndian: digits.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            guard let bytes = bytes(eight) else { return false }
            target.storeBytes(of: bytes.littleEndian, toByteOffset: at / 2, as: UInt32.self)
            at += 8
        }
        while at + 2 <= count {
            let two = UInt16(littleEndian: digits.loadUnaligned(fromByteOffset: at, as: UInt16.self))
            // Six zeros before them.
            guard let bytes = bytes(UInt64(two) << 48 | 0x3030_3030_3030) else { return false }
            target.storeBytes(of: UInt8(truncatingIfNeeded: bytes >> 24), toByteOffset: at / 2, as: UInt8.self)
            at += 2
        }
        return true
    }
}
