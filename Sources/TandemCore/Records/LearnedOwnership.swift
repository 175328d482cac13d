import Synchronization

/// What was made for a feed, with what has been made since it was asked for.
final class LearnedOwnership: Sendable {
    private let known: Mutex<[MadeObject]>
    private let note: @Sendable ([MadeObject], [MadeObject]) async throws -> Void

    init(_ ownership: Ownership) {
        known = Mutex(ownership.known)
        note = ownership.note
    }

    var made: [MadeObject] { known.withLock { $0 } }

    var ownership: Ownership {
        Ownership(known: made) { made, gone in
            try await self.note(made, gone)
            self.known.withLock { $0.learn(made, forgetting: gone) }
        }
    }
}
