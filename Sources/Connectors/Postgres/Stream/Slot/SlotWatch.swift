import TandemCore

/// Sees to it that a slot keeps no more log than it may while it is being read: a slow destination, or a transaction
/// that stays open for hours, lets it grow.
struct SlotWatch {
    let slot: String
    let limit: ByteSize
    /// Whether a slot that keeps more is dropped.
    let drops: Bool
    let interval: Duration
    let notify: @Sendable (String) -> Void
    private var lookedAt = ContinuousClock.now
    /// Whether it has been said that there is too much.
    private var isTold = false

    /// - Parameter isOurs: Whether the destination knows to have made it: another's is not ours to drop.
    init(
        slot: String,
        isOurs: Bool,
        config: PostgresConfig,
        interval: Duration,
        notify: @escaping @Sendable (String) -> Void
    ) {
        self.slot = slot
        limit = config.maxSlotLog ?? .standard
        drops = config.maxSlotLogPolicy == .dropSlot && isOurs
        self.interval = interval
        self.notify = notify
    }

    /// Looks, if it is time to, and says so once where there is too much.
    ///
    /// - Returns: How many bytes the slot keeps, where it is to be dropped for them.
    mutating func look(_ beside: CatalogSession) throws -> UInt64? {
        guard lookedAt.duration(to: .now) >= interval else { return nil }
        lookedAt = .now
        let facts: SlotFacts?
        // What cannot be found out now is asked again later; the stream has nothing to do with it.
        do { facts = try SlotFacts.all(beside.open()).first { $0.name == slot } } catch is PostgresError { return nil }
        guard let kept = facts?.retained, kept > limit.bytes else {
            isTold = false
            return nil
        }
        if drops { return kept }
        if !isTold {
            notify("the slot \"\(slot)\" keeps \(ByteSize(kept)) of log at the server (max_slot_wal: \(limit))")
        }
        isTold = true
        return nil
    }

    /// Drops the slot, which is not being read any more.
    func drop(_ beside: CatalogSession, keeping kept: UInt64) throws -> PostgresError {
        let session = try beside.open()
        let keeping = SlotKeeping(session: session, notify: notify)
        try keeping.awaitRelease(of: slot)
        try keeping.drop(slot)
        return .slotDropped(session.endpoint, slot: slot, kept: ByteSize(kept), limit: limit)
    }
}
