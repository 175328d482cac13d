package import TandemRows

/// Hints from a source's log: which rows it says have changed.
///
/// Of a table that cannot be followed all records are told once to may have changed, and none later, until the feed is
/// opened again.
package actor LogHintFeed: HintFeed {
    package nonisolated let start: Checkpoint
    private let source: any Source
    private let method: Method
    private var request: FeedRequest
    private var following: LogFollowing
    private let confirmed: ConfirmedPlace

    private let learned: LearnedOwnership

    private init(
        _ request: FeedRequest,
        _ method: Method,
        _ source: any Source,
        _ learned: LearnedOwnership,
        _ following: LogFollowing
    ) {
        (self.request, self.method, self.source) = (request, method, source)
        (self.learned, self.following) = (learned, following)
        start = following.place.hintCheckpoint
        confirmed = ConfirmedPlace(following.stream)
    }

    /// Gets a stream ready and begins to follow it.
    ///
    /// - Parameters:
    ///   - method: ``Method/logBased`` or ``Method/triggerBased``.
    ///   - source: Stays open, and is not closed with the feed.
    package static func open(
        _ request: FeedRequest,
        by method: Method,
        of source: any Source
    ) async throws -> LogHintFeed {
        let learned = LearnedOwnership(request.ownership)
        let following = try await LogFollowing.begin(request, by: method, of: source, learned)
        return LogHintFeed(request, method, source, learned, following)
    }

    package func next() async throws -> HintBatch? {
        if let lost = following.takeLost() {
            return HintBatch(hints: [], lost: lost, checkpoint: following.place.hintCheckpoint)
        }
        guard let batch = try await following.stream.next(isWanted: { true }) else {
            guard following.hasEndedEarly else { return nil }
            try await reopen()
            return try await next()
        }
        return following.hints(of: batch)
    }

    package nonisolated func confirm(_ checkpoint: Checkpoint) { confirmed.confirm(checkpoint) }

    package func close() async { await following.stream.close() }

    /// Goes on behind what made the stream end.
    private func reopen() async throws {
        await following.stream.close()
        request.checkpoint = following.place.hintCheckpoint
        following = try await LogFollowing.begin(request, by: method, of: source, learned)
        confirmed.turn(to: following.stream)
    }
}
