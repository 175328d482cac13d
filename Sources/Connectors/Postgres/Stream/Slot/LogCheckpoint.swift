import TandemRows

/// A place in the log of a server, and the timeline it is on: the text of a stream's checkpoint.
struct LogCheckpoint: Hashable, Sendable, CustomStringConvertible {
    var position: LSN
    /// 0 where it is not known, as for a place that only says where to stop.
    var timeline: UInt32
    /// The last transaction that the stream has shown up to `position`. `nil` where that is not known.
    var last: ShownCommit?

    init(_ position: LSN, timeline: UInt32 = 0, last: ShownCommit? = nil) {
        self.position = position
        self.timeline = timeline
        self.last = last
    }

    /// `nil` for what this program has not written.
    init?(_ checkpoint: Checkpoint) {
        let halves = checkpoint.description.split(separator: ",", omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "@", omittingEmptySubsequences: false)
        guard let first = parts.first, let position = LSN(first), parts.count <= 2, halves.count <= 2
        else { return nil }
        self.init(position)
        if parts.count == 2 {
            guard let timeline = UInt32(parts[1]) else { return nil }
            self.timeline = timeline
        }
        if halves.count == 2 {
            guard let last = ShownCommit(halves[1]) else { return nil }
            self.last = last
        }
    }

    /// `16/B374D848`, `16/B374D848@3`, or `16/B374D848@3,16/B374D800@1764492000123456`.
    var description: String {
        let place = timeline == 0 ? position.description : "\(position)@\(timeline)"
        return last.map { "\(place),\($0)" } ?? place
    }
    var checkpoint: Checkpoint { Checkpoint(description) }
}

/// A transaction that a stream has shown. No other history of the same server has it.
struct ShownCommit: Hashable, Sendable, CustomStringConvertible {
    /// Where the log goes on behind its commit.
    var end: LSN
    /// When it was committed, by the source's clock: microseconds since 1970. `nil` for none: the stream began here.
    var time: Int64?

    init(end: LSN, time: Int64? = nil) {
        self.end = end
        self.time = time
    }

    init(_ transaction: TransactionEnd, begun start: TransactionStart?) {
        let seconds = transaction.time ?? start?.time
        self.init(end: transaction.end, time: seconds.map { Int64(($0 * 1_000_000).rounded()) } ?? 0)
    }

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard let first = parts.first, let end = LSN(first), parts.count <= 2 else { return nil }
        self.init(end: end)
        if parts.count == 2 {
            guard let time = Int64(parts[1]) else { return nil }
            self.time = time
        }
    }

    var description: String { time.map { "\(end)@\($0)" } ?? end.description }
}
