/// Where each earlier timeline of a server ended.
struct TimelineHistory: Hashable, Sendable {
    /// By timeline, the place where the next one branched off.
    private(set) var ends: [UInt32: LSN] = [:]

    /// The history of a server that was never promoted.
    init() {}

    /// From the text of a history file: lines of a timeline, the place where it was left, and why.
    init(_ text: String) throws(MalformedReplication) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard let timeline = UInt32(first), words.count >= 2, let end = LSN(words[1]) else {
                throw MalformedReplication(what: "an unreadable history of its timelines")
            }
            ends[timeline] = end
        }
    }

    /// Where the server left `timeline`. `nil` where that is not part of its past.
    func end(of timeline: UInt32) -> LSN? { ends[timeline] }
}
