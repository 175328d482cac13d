import TandemCore
import TandemRows

/// Where a table is on its way into a stream. Each case says who sets it.
///
/// The destination stores one thing of it: whether a copy belongs to the stream
/// (``SyncedTable/stream``), which it does from ``followed(since:)`` on. So a run
/// that is killed leaves tables that are followed, and others that the next one
/// copies.
enum BackfillState {
    /// No copy is asked for. Set by a plan. Stored for a table that the stream keeps up to date already.
    case idle
    /// A copy is asked for. Set by a plan, and once a copy that was given up is gone. Not stored.
    case wanted
    /// The stream was asked to buffer the table's changes. Set as soon as no other table is under way. Not stored.
    case starting
    /// It is being copied; the copy shows what was committed before `since`. Set by the stream's answer. Not stored.
    case copying(since: StreamCheckpoint, isBuffered: Bool)
    /// Its copy, to this target, is not wanted any more and was told to stop. Set by a plan. Not stored.
    case cancelling(TableName)
    /// It is copied and has not joined. Set by the end of the copy. Not stored.
    case loaded(LoadedTable)
    /// What was loaded is being removed. Set where a copy fails, cannot join, or is not wanted any more. Not stored.
    case discarding
    /// The stream keeps it up to date. Set by what put the copy in place with all its changes. Stored.
    case followed(since: RunClock.Instant)
}

/// A copy that was made beside a stream, and waits to join it.
struct LoadedTable: Sendable {
    /// What is known of the changes that were made since the copy was begun.
    enum Changes {
        /// The stream has them.
        case buffered
        /// The stream was asked for them.
        case awaited
        /// They are in the batch that is being applied.
        case arrived
        /// They are to be read once more.
        case missed
        /// There are none: the destination is where it was.
        case none
    }

    var table: TablePlan
    var outcome: TableOutcome
    /// Where the stream was before the copy was begun: what was committed earlier is in it.
    var since: StreamCheckpoint
    /// A place behind all that it shows, where that is known.
    var end: Checkpoint?
    var changes: Changes
    /// Whether it is in place, where it belongs to no stream yet.
    var isPublished = false

    /// As what it is put in place. One that lacks changes does not belong to the stream: a run that is killed before
    /// they are there leaves a table that is copied again.
    var placed: SyncedTable {
        var copy = outcome.copy
        if changes != .none { copy.stream = nil }
        return copy
    }
}
