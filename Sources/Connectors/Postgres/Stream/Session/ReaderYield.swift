/// When a destination was given changes and when it was done with them, and so how long it is left to its readers.
struct ReaderYield {
    /// When it was given something last.
    private(set) var givenAt = ContinuousClock.now
    /// When it was seen to be done with that.
    private var freeAt: ContinuousClock.Instant?

    mutating func give() { self = Self() }

    /// Notes since when the destination waits, if it does.
    mutating func look(_ isWanted: () -> Bool) {
        if freeAt == nil, isWanted() { freeAt = .now }
    }

    /// Whether it waits, and those who read there have had half as much of its time as it took to write.
    ///
    /// - Parameter limit: How much of its time they get at most.
    mutating func isOver(_ isWanted: () -> Bool, limit: Duration) -> Bool {
        look(isWanted)
        guard let freeAt else { return false }
        return freeAt.duration(to: .now) >= min(givenAt.duration(to: freeAt) / 2, limit)
    }
}
