import TandemRows

/// A place in the log of a server, and the timeline it is on: the text of a stream's checkpoint.
struct LogCheckpoint: Hashable, Sendable, CustomStringConvertible {
    var position: LSN
    /// 0 where it is not known, as for a place that only says where to stop.
    var timeline: UInt32

    init(_ position: LSN, timeline: UInt32 = 0) {
        self.position = position
        self.timeline = timeline
    }

    /// `nil` for what this program has not written.
    init?(_ checkpoint: Checkpoint) {
        let parts = checkpoint.description.split(separator: "@", omittingEmptySubsequences: false)
        guard let first = parts.first, let position = LSN(first), parts.count <= 2 else { return nil }
        guard parts.count == 2 else {
            self.init(position)
            return
        }
        guard let timeline = UInt32(parts[1]) else { return nil }
        self.init(position, timeline: timeline)
    }

    /// `16/B374D848`, or `16/B374D848@3`.
    var description: String { timeline == 0 ? position.description : "\(position)@\(timeline)" }
    var checkpoint: Checkpoint { Checkpoint(description) }
}
