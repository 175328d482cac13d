import TandemCore

/// Tables that others keep locked, so that what has changed in them cannot be read. All others go on meanwhile.
struct LockedTables {
    /// Since when each has been waited for.
    private var since: [UInt32: ContinuousClock.Instant] = [:]
    private var triedAt = ContinuousClock.now
    private var told: Set<UInt32> = []

    /// After as much time somebody should know.
    private static let patience = Duration.seconds(5)
    /// Between two attempts.
    private static let pause = Duration.seconds(1)

    /// Those that are not to be tried yet.
    var resting: Set<UInt32> { triedAt.duration(to: .now) < Self.pause ? Set(since.keys) : [] }
    /// Whether there are some, which have been waited for long enough.
    var isOverdue: Bool { since.values.contains { $0.duration(to: .now) >= Self.patience } }

    /// Whether something is to be said of one.
    var isUntold: Bool {
        since.contains { !told.contains($0.key) && $0.value.duration(to: .now) >= Self.patience }
    }

    /// Notes that these were found locked, and no others.
    mutating func note(_ tables: Set<UInt32>) {
        if resting.isEmpty { triedAt = .now }
        since = Dictionary(tables.map { ($0, since[$0] ?? .now) }) { first, _ in first }
        told.formIntersection(tables)
    }

    /// What is to be said of those that are overdue, once, or again at the end of a stream.
    mutating func news(isLast: Bool) -> [UInt32: LeftTable] {
        let overdue = since.keys.filter { table in
            isLast || since[table].map { $0.duration(to: .now) >= Self.patience } ?? false
        }
        let new = overdue.filter { isLast || !told.contains($0) }
        told.formUnion(new)
        let left = LeftTable(
            reason: "It is locked by somebody else: what has changed in it can be read only when that lock has gone.",
            remedy: Remedy(
                "Let that transaction end; pg_locks shows it. What has changed comes then, and nothing is lost."
            )
        )
        return Dictionary(new.map { ($0, left) }) { first, _ in first }
    }
}
