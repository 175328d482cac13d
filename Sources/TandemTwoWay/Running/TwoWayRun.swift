import Synchronization
package import TandemCore
import TandemRows

/// Brings two sides in step, once or for as long as it runs.
package struct TwoWayRun: Sendable {
    package let sync: String
    package let pairs: [PairRules]
    package let stores: Both<any RecordStore>
    package let links: LinkStore
    package let clock: RunClock
    /// Whether it goes on until it is cancelled, or ends once all is done that was changed before it began.
    package let follows: Bool
    /// Whether all records are looked at, and not only those that the feeds tell of.
    package let audits: Bool
    /// Whether it may make on the tables what their changes are told by.
    package let maySetUp: Bool
    /// Gets what it waits or goes on for, in a sentence.
    package let notify: @Sendable (String) -> Void

    package init(
        of sync: String,
        pairs: [PairRules],
        stores: Both<any RecordStore>,
        links: LinkStore,
        clock: RunClock = .system,
        follows: Bool = false,
        audits: Bool = false,
        maySetUp: Bool = false,
        notify: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.sync = sync
        self.pairs = pairs
        self.stores = stores
        self.links = links
        self.clock = clock
        self.follows = follows
        self.audits = audits
        self.maySetUp = maySetUp
        self.notify = notify
    }

    /// - Returns: What was done. Does not return where it follows.
    /// - Throws: What the links cannot be kept for; where it does not follow, also what a side has failed with again
    ///   and again.
    @discardableResult
    package func run() async throws -> Reconciler.Counts {
        var engine = try await TwoWayEngine(self)
        let inbox = Inbox(limit: 16)
        let feeds = try await engine.openFeeds()
        return try await withThrowingTaskGroup(of: Reconciler.Counts?.self) { group in
            // Only a side that was looked through once is worth listening to.
            let counts: Reconciler.Counts
            do {
                try await engine.lookThrough(feeds)
                for side in Side.allCases {
                    group.addTask {
                        try await pump(feeds[side], side, into: inbox)
                        return nil
                    }
                }
                let work = engine
                group.addTask {
                    var work = work
                    return try await work.work(inbox, feeds)
                }
                counts = try await Self.first(of: &group)
            } catch {
                group.cancelAll()
                await inbox.close()
                for side in Side.allCases { await feeds[side].close() }
                throw error
            }
            group.cancelAll()
            await inbox.close()
            for side in Side.allCases { await feeds[side].close() }
            return counts
        }
    }

    private static func first(
        of group: inout ThrowingTaskGroup<Reconciler.Counts?, any Error>
    ) async throws -> Reconciler.Counts {
        while let counts = try await group.next() {
            if let counts { return counts }
        }
        throw CancellationError()
    }

    private func pump(_ feed: any HintFeed, _ side: Side, into inbox: Inbox) async throws {
        while let batch = try await feed.next() {
            try Task.checkCancellation()
            await inbox.put(.hints(side, batch))
        }
        await inbox.put(.ended(side))
    }

    /// What the feed of one side is asked for.
    func request(_ side: Side, from cursor: Checkpoint?, made: [MadeObject]) -> FeedRequest {
        FeedRequest(
            sync: sync,
            shapes: pairs.map { $0.shapes[side] },
            checkpoint: cursor,
            isBounded: !follows,
            maySetUp: maySetUp,
            ownership: Ownership(known: made) { [links] made, gone in
                try await links.note(made, gone: gone, at: side)
            }
        )
    }
}
