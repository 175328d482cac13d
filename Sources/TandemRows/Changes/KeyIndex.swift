/// Finds rows by the hash of their key: a table with open addressing, at most half full.
struct KeyIndex {
    /// A hash in the upper half and a row's number plus one in the lower; zero where nothing is.
    private var entries: [UInt64] = []
    private var count = 0

    /// The row with this hash that `matches` confirms.
    @inline(__always)
    func row(_ hash: UInt32, where matches: (_ row: Int) -> Bool) -> Int? {
        guard count > 0 else { return nil }
        return entries.withUnsafeBufferPointer { entries in
            let mask = entries.count &- 1
            var at = Int(hash) & mask
            while true {
                let entry = entries[at]
                guard entry != 0 else { return nil }
                if entry >> 32 == UInt64(hash) {
                    let row = Int(truncatingIfNeeded: entry & 0xFFFF_FFFF) &- 1
                    if matches(row) { return row }
                }
                at = (at &+ 1) & mask
            }
        }
    }

    /// Notes a row whose key is not there yet.
    mutating func insert(_ row: Int, hash: UInt32) {
        if 2 * (count + 1) > entries.count { grow() }
        count += 1
        Self.place(UInt64(hash) << 32 | UInt64(truncatingIfNeeded: row &+ 1), in: &entries)
    }

    /// Forgets all, at a cost that what was there pays for.
    mutating func removeAll() {
        if entries.count > 8 * max(count, 32) || entries.count > 1 << 17 {
            entries = []
        } else {
            entries.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
        }
        count = 0
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: max(64, entries.count * 2))
        for entry in entries where entry != 0 { Self.place(entry, in: &larger) }
        entries = larger
    }

    @inline(__always)
    private static func place(_ entry: UInt64, in entries: inout [UInt64]) {
        entries.withUnsafeMutableBufferPointer { entries in
            let mask = entries.count &- 1
            var at = Int(entry >> 32) & mask
            while entries[at] != 0 { at = (at &+ 1) & mask }
            entries[at] = entry
        }
    }
}
