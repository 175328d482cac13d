/// How long to leave a busy server alone between two looks at what it has sent.
///
/// It hands its kernel message by message, and each look disturbs it. What comes over a network travels at once, so
/// that a pause is worth it only as long as there is room for what comes meanwhile.
///
/// Within a machine each message goes through all of TCP by itself, at several times the cost of putting it behind
/// others that cannot travel yet. So little room is left for what is unread (``room``): it is soon full, and most of
/// what the server sends in a long pause waits on its side, to come in large pieces while it is being read.
struct ReplicationPace {
    /// Bytes that are to come in a pause, and be read after it.
    private let wanted: ClosedRange<Int>
    /// In microseconds.
    private let range: ClosedRange<UInt32>
    /// Bytes that a look finds, or that wait after it, where the server has more; `nil` where each look has its pause.
    private let much: Int?
    /// What the kernel is to keep unread, in bytes, if that is to be little. It takes twice as much for itself.
    let room: Int32?
    /// In microseconds.
    private var pause: UInt32 = 250
    /// Bytes of messages since the last pause, and those that the last look found.
    private var (bytes, found) = (0, 0)

    static let overNetwork = ReplicationPace(wanted: 9_000...11_000, range: 100...400, much: nil, room: nil)
    static let withinMachine = ReplicationPace(
        wanted: 200_000...250_000,
        range: 100...8_000,
        much: 8192,
        room: 32 << 10
    )

    /// Bytes in a pause for which nobody is to wait longer than this, in microseconds: some transactions, and single
    /// changes, whose messages follow upon each other.
    private static let (little, promptly): (Int, UInt32) = (20_000, 500)
    private static let (single, atOnce): (Int, UInt32) = (2_000, 100)

    private init(wanted: ClosedRange<Int>, range: ClosedRange<UInt32>, much: Int?, room: Int32?) {
        self.wanted = wanted
        self.range = range
        self.much = much
        self.room = room
    }

    /// Notes a message of `count` bytes.
    mutating func note(_ count: Int) { bytes += count }

    /// Notes what waits as it is looked, in bytes: part of a message, or many.
    mutating func look(finding unread: Int) { found = unread }

    /// The pause before the next look, in microseconds.
    ///
    /// - Parameters:
    ///   - unread: The bytes that wait to be read.
    ///   - isPrompt: Whether somebody waits for them, so that a long pause has to be worth it.
    mutating func next(unread: Int, isPrompt: Bool = false) -> UInt32 {
        // Room that a look has made is filled at once where the server has more; a little may be the rest of a piece.
        if let much, max(found, unread) >= much { return 0 }
        let longest = bytes < Self.single ? Self.atOnce : bytes < Self.little ? Self.promptly : .max
        if bytes > wanted.upperBound { pause = max(pause * 7 / 8, range.lowerBound) }
        if bytes < wanted.lowerBound { pause = min(pause * 9 / 8, range.upperBound) }
        bytes = 0
        return isPrompt ? min(pause, longest) : pause
    }
}
