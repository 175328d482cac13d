import TandemCore

/// Tables that are loaded and wait to be put in place together: that costs as much for one as for many.
struct PublishGroup {
    private(set) var loaded: [(table: TablePlan, outcome: TableOutcome)] = []
    /// How many tables are each to be put in place by themselves.
    var single = 0
    private var begun: RunClock.Instant
    private let clock: RunClock
    private let patience: Duration

    /// What a run that is killed has loaded in vain, at most, of small tables. One that takes longer is put in place at
    /// once.
    private static let standard = Duration.seconds(1)

    init(_ clock: RunClock) { (self.clock, begun, patience) = (clock, clock.now, Self.standard) }

    /// The group behind `earlier`, which took `duration` to be put in place: the more that takes, the more go together,
    /// so that it is a small part of the whole however many tables there are.
    init(after duration: Duration, _ earlier: PublishGroup) {
        (clock, begun) = (earlier.clock, earlier.clock.now)
        patience = max(Self.standard, duration * 4)
        single = max(0, earlier.single - earlier.loaded.count)
    }

    var isEmpty: Bool { loaded.isEmpty }

    mutating func add(_ table: TablePlan, _ outcome: TableOutcome) {
        if loaded.isEmpty { begun = clock.now - outcome.duration }
        loaded.append((table, outcome))
    }

    /// Whether it is time to put them in place.
    var isDue: Bool { !loaded.isEmpty && (single > 0 || clock.duration(since: begun) >= patience) }
}
