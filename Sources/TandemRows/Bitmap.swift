/// Flags, one per row, packed into 64-bit words with the first row in the lowest bit: Arrow's order, and DuckDB's.
public struct Bitmap: Hashable, Sendable {
    /// Bits past `count` are set or clear as it happens; do not read them.
    public private(set) var words: [UInt64]
    public let count: Int

    public init(repeating bit: Bool, count: Int) {
        words = Array(repeating: bit ? .max : 0, count: (count + 63) / 64)
        self.count = count
    }

    @inlinable public subscript(row: Int) -> Bool {
        words[row >> 6] & (1 << UInt64(row & 63)) != 0
    }

    public mutating func clear(_ row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }
    public mutating func set(_ row: Int) { words[row >> 6] |= 1 << UInt64(row & 63) }

    /// A bitmap from `words` that hold at least `count` bits.
    public init(words: [UInt64], count: Int) {
        precondition(words.count * 64 >= count, "a bitmap of \(count) rows needs \((count + 63) / 64) words")
        self.words = words
        self.count = count
    }
}
