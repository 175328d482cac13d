/// Which transactions a snapshot shows: the text of `pg_current_snapshot()`, `xmin:xmax:xip,…`.
struct SnapshotVisibility: Hashable, Sendable {
    /// All below are shown, if they were committed.
    let oldest: UInt64
    /// This one and all above are not.
    let next: UInt64
    /// Those between that were under way, ascending.
    let running: [UInt64]

    /// `nil` for what is no such text.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let oldest = UInt64(parts[0]), let next = UInt64(parts[1]), oldest <= next else {
            return nil
        }
        let running = parts[2].split(separator: ",").map { UInt64($0) }
        guard running.allSatisfy({ $0 != nil }) else { return nil }
        (self.oldest, self.next) = (oldest, next)
        self.running = running.compactMap(\.self).sorted()
    }

    /// Whether it shows what the transaction `xid` did, which has been committed by now.
    ///
    /// - Parameter xid: Without its epoch: the number nearest to this snapshot's is meant.
    func shows(_ xid: UInt32) -> Bool {
        let xid = full(xid)
        guard xid >= oldest else { return true }
        guard xid < next else { return false }
        var range = running[...]
        while let middle = range.indices.dropFirst(range.count / 2).first {
            if range[middle] == xid { return false }
            range = range[middle] < xid ? range[(middle + 1)...] : range[..<middle]
        }
        return true
    }

    /// `xid` with the epoch that brings it nearest to this snapshot.
    func full(_ xid: UInt32) -> UInt64 {
        // The distance as a signed number of 32 bits is the shortest way round.
        let distance = Int64(Int32(bitPattern: xid &- UInt32(truncatingIfNeeded: next)))
        let full = Int64(bitPattern: next) &+ distance
        return full < 0 ? UInt64(xid) : UInt64(full)
    }
}
