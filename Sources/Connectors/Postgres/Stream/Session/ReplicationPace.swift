/// How long to leave a busy server alone between two looks at what it has sent.
///
/// Its time goes into sending, message by message. Each look disturbs it, and so does a full socket, which some two
/// hundred messages make however short they are: the pause is the one in which about half as many come.
struct ReplicationPace {
    /// Messages since the last look.
    var messages = 0
    /// In microseconds.
    private var pause: UInt32 = 250

    private static let wanted = 60...100
    private static let range: ClosedRange<UInt32> = 100...400

    /// The next pause, by what came in the last.
    mutating func next() -> UInt32 {
        if messages > Self.wanted.upperBound { pause = max(pause * 7 / 8, Self.range.lowerBound) }
        if messages < Self.wanted.lowerBound { pause = min(pause * 9 / 8, Self.range.upperBound) }
        messages = 0
        return pause
    }
}
