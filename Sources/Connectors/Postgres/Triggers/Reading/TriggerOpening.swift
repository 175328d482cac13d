import TandemCore
import TandemRows

/// What it takes to follow what triggers note.
struct TriggerOpening: Sendable {
    let config: PostgresConfig
    let context: ConnectionContext
    let pinned: (@Sendable (inout ServerCapabilities) -> Void)?
    let times: FeedTimes
    let request: StreamRequest
    let start: TriggerCheckpoint

    /// - Throws: ``PostgresError/streamGap(_:reason:)`` where the request is not for a stream of this program.
    init(
        _ request: StreamRequest,
        config: PostgresConfig,
        context: ConnectionContext,
        pinned: (@Sendable (inout ServerCapabilities) -> Void)?,
        times: FeedTimes
    ) throws {
        guard TriggerIdentity(request.start.id) != nil, let start = TriggerCheckpoint(request.start.checkpoint) else {
            throw PostgresError.streamGap(config.target, reason: "its state was not written by this version")
        }
        self.request = request
        self.config = config
        self.context = context
        self.pinned = pinned
        self.times = times
        self.start = start
    }

    /// Connects. Blocks.
    func feed(_ interruption: Interruption) throws -> TriggerFeed {
        let session = try Session(config, in: context, interruption: interruption, pinned: pinned)
        let keeping = TriggerKeeping(
            sync: request.sync,
            relations: request.tables.map(\.schema.id),
            told: request.keep.flatMap(TriggerCheckpoint.init)?.snapshot ?? start.snapshot,
            times: times
        )
        return TriggerFeed(session, request: request, start: start, keeping: keeping, times: times)
    }
}
