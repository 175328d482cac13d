/// How long to leave a busy server alone between two looks at what it has sent.
///
/// Its time goes into sending, message by message. Each look disturbs it, and so does a client that leaves too much
/// unread, which on Linux is some sixteen thousand bytes: the pause is the one in which about two thirds of that come.
struct ReplicationPace {
    /// Whether messages are so short, and so many, that the room for them runs out before they come to many bytes.
    private(set) var areShort = false
    private var messages = 0
    private var bytes = 0
    /// In microseconds.
    private var pause: UInt32 = 250

    private static let wanted = 9_000...11_000
    private static let range: ClosedRange<UInt32> = 100...400
    /// Those of a transaction of one row come to some seventy bytes each.
    private static let short = 100

    /// Notes a message of `count` bytes.
    mutating func note(_ count: Int) {
        messages += 1
        bytes += count
    }

    /// The next pause, by what came since the last.
    mutating func next() -> UInt32 {
        if bytes > Self.wanted.upperBound { pause = max(pause * 7 / 8, Self.range.lowerBound) }
        if bytes < Self.wanted.lowerBound { pause = min(pause * 9 / 8, Self.range.upperBound) }
        areShort = messages > Self.wanted.lowerBound / Self.short / 2 && bytes < messages * Self.short
        (messages, bytes) = (0, 0)
        return pause
    }
}
