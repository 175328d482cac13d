/// Eight bytes of which some are digits and the others are given.
struct PairLayout {
    /// The bytes, the first in the lowest place, with `0` for digits.
    let pattern: UInt64
    /// What may be added to each byte of the difference before it is past its last allowed value.
    let slack: UInt64

    static let date = PairLayout("0000-00-")
    static let clock = PairLayout("00:00:00")

    private init(_ layout: StaticString) {
        var (pattern, slack): (UInt64, UInt64) = (0, 0)
        for index in (0..<8).reversed() {
            let byte = layout.utf8Start[index]
            pattern = pattern << 8 | UInt64(byte)
            slack = slack << 8 | (byte == UInt8(ascii: "0") ? 0x80 - 10 : 0x80 - 1)
        }
        (self.pattern, self.slack) = (pattern, slack)
    }
}

/// Walks over the bytes of one cell.
struct TextCursor {
    private(set) var at: UnsafeRawPointer
    let end: UnsafeRawPointer

    @inline(__always)
    init(_ at: UnsafeRawPointer, length: Int) {
        self.at = at
        end = at + length
    }

    @inline(__always) var isAtEnd: Bool { at == end }
    @inline(__always) var remaining: Int { end - at }
    /// The byte ahead, or 0 at the end.
    @inline(__always) var next: UInt8 { at < end ? at.load(as: UInt8.self) : 0 }

    /// Passes over `byte` if it is the one ahead.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte, at < end else { return false }
        at += 1
        return true
    }

    /// Passes over `word` if it is all that is ahead.
    @inline(__always)
    mutating func takeRest(_ word: StaticString) -> Bool {
        guard remaining == word.utf8CodeUnitCount, take(word) else { return false }
        return true
    }

    /// Passes over `word` if it is what is ahead.
    @inline(__always)
    mutating func take(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard remaining >= length else { return false }
        for index in 0..<length where (at + index).load(as: UInt8.self) != word.utf8Start[index] { return false }
        at += length
        return true
    }

    /// Passes over the byte ahead, of which ``next`` has told that there is one.
    @inline(__always)
    mutating func skip() { at += 1 }

    /// The numbers that the pairs of digits among the eight bytes ahead make: byte `i` of the result has the one of the
    /// digits at `i` and `i + 1`.
    ///
    /// - Returns: `nil` where not every byte is as `layout` has it.
    @inline(__always)
    mutating func pairs(_ layout: PairLayout) -> UInt64? {
        guard remaining >= 8 else { return nil }
        let bytes = UInt64(littleEndian: at.loadUnaligned(as: UInt64.self)) ^ layout.pattern
        // A byte that is one too large reaches its highest bit, and no further.
        guard (bytes &+ layout.slack | bytes) & 0x8080_8080_8080_8080 == 0 else { return nil }
        at += 8
        return bytes &* 10 &+ bytes >> 8
    }

    /// Two digits.
    @inline(__always)
    mutating func pair() -> Int64? {
        guard remaining >= 2 else { return nil }
        let tens = at.load(as: UInt8.self) &- 0x30
        let ones = (at + 1).load(as: UInt8.self) &- 0x30
        guard tens < 10, ones < 10 else { return nil }
        at += 2
        return Int64(tens &* 10 &+ ones)
    }

    /// One to `most` digits, but no more than 18.
    @inline(__always)
    mutating func digits(upTo most: Int) -> Int64? {
        let start = at
        var value: Int64 = 0
        while at < end, at - start < most {
            let digit = at.load(as: UInt8.self) &- 0x30
            guard digit < 10 else { break }
            value = value &* 10 &+ Int64(digit)
            at += 1
        }
        return at == start ? nil : value
    }

    /// `+` and `-` as 1 and -1, and `nil` for anything else.
    @inline(__always)
    mutating func sign() -> Int64? {
        if take(UInt8(ascii: "+")) { return 1 }
        return take(UInt8(ascii: "-")) ? -1 : nil
    }
}
